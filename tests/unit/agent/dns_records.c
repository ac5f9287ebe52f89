/* DNS replies as octets: records, aliases, times to live, and what is wrong with them. */
#include "agent/dns/records.h"

#include <criterion/criterion.h>

/* A message under construction. */
struct made {
    uint8_t octets[2048];
    size_t size;
};

static void put(struct made *made, const void *octets, size_t size)
{
    memcpy(made->octets + made->size, octets, size);
    made->size += size;
}

static void put16(struct made *made, unsigned value)
{
    dm_put16(made->octets + made->size, (uint16_t)value);
    made->size += 2;
}

static void put32(struct made *made, uint32_t value)
{
    dm_put32(made->octets + made->size, value);
    made->size += 4;
}

static void put_name(struct made *made, const char *name)
{
    while (*name) {
        size_t size = strcspn(name, ".");
        uint8_t length = (uint8_t)size;
        put(made, &length, 1);
        put(made, name, size);
        name += size + (name[size] == '.');
    }
    put(made, "", 1);
}

/* A reply to a question of this type for a.example, with so many answers and authorities. */
static struct made reply_of(unsigned code, enum dns_type type, unsigned answers,
                            unsigned authorities)
{
    struct made made = {.size = 0};
    put16(&made, 1);
    put16(&made, 0x8180 | code);
    put16(&made, 1);
    put16(&made, answers);
    put16(&made, authorities);
    put16(&made, 0);
    put_name(&made, "a.example");
    put16(&made, type);
    put16(&made, 1);
    return made;
}

/* What stands in front of the data; returns where their length is to be put. */
static size_t begin(struct made *made, const char *owner, enum dns_type type, uint32_t ttl)
{
    put_name(made, owner);
    put16(made, type);
    put16(made, 1);
    put32(made, ttl);
    put16(made, 0);
    return made->size;
}

static void end(struct made *made, size_t data)
{
    dm_put16(made->octets + data - 2, (uint16_t)(made->size - data));
}

static void put_address(struct made *made, const char *owner, uint32_t ttl, uint8_t last)
{
    size_t data = begin(made, owner, DNS_A, ttl);
    put(made, (uint8_t[]){192, 0, 2, last}, 4);
    end(made, data);
}

static void put_alias(struct made *made, const char *owner, uint32_t ttl, const char *of)
{
    size_t data = begin(made, owner, DNS_CNAME, ttl);
    put_name(made, of);
    end(made, data);
}

static void put_srv(struct made *made, unsigned priority, unsigned weight, unsigned port,
                    const char *target)
{
    size_t data = begin(made, "a.example", DNS_SRV, 60);
    put16(made, priority);
    put16(made, weight);
    put16(made, port);
    put_name(made, target);
    end(made, data);
}

static void put_text(struct made *made, const char *text)
{
    uint8_t length = (uint8_t)strlen(text);
    put(made, &length, 1);
    put(made, text, length);
}

static void put_soa(struct made *made, uint32_t ttl, uint32_t minimum)
{
    size_t data = begin(made, "example", DNS_SOA, ttl);
    put_name(made, "ns.example");
    put_name(made, "root.example");
    for (int i = 0; i < 4; i++)
        put32(made, 1);
    put32(made, minimum);
    end(made, data);
}

static struct dns_reply reply;

static bool read_for(const struct made *made, enum dns_type type)
{
    return dns_reply_read(&reply, dm_bytes_of(made->octets, made->size), "a.example", type);
}

/* --- what there is --- */

Test(dns_records, DNS_10_addresses_are_read_with_the_least_time_to_live)
{
    struct made made = reply_of(0, DNS_A, 2, 0);
    put_address(&made, "a.example", 300, 1);
    put_address(&made, "A.Example", 20, 2);
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.outcome, DNS_FOUND);
    cr_assert_eq(reply.count, 2);
    cr_assert_eq(reply.ttl, 20);
    cr_assert_arr_eq(&reply.records[1].address, ((uint8_t[]){192, 0, 2, 2}), 4);
}

Test(dns_records, DNS_09_an_srv_record_has_priority_weight_port_and_target)
{
    struct made made = reply_of(0, DNS_SRV, 1, 0);
    put_srv(&made, 10, 20, 4444, "S1.Example");
    cr_assert(read_for(&made, DNS_SRV));
    cr_assert_eq(reply.records[0].order, 10);
    cr_assert_eq(reply.records[0].rank, 20);
    cr_assert_eq(reply.records[0].port, 4444);
    cr_assert_str_eq(reply.records[0].name, "s1.example");
}

Test(dns_records, DNS_08_the_target_that_says_there_is_none_is_the_root)
{
    struct made made = reply_of(0, DNS_SRV, 1, 0);
    put_srv(&made, 0, 0, 0, "");
    cr_assert(read_for(&made, DNS_SRV));
    cr_assert_str_eq(reply.records[0].name, "");
}

static struct made naptr_of(const char *flags, const char *service, const char *regexp)
{
    struct made made = reply_of(0, DNS_NAPTR, 1, 0);
    size_t data = begin(&made, "a.example", DNS_NAPTR, 60);
    put16(&made, 50);
    put16(&made, 51);
    put_text(&made, flags);
    put_text(&made, service);
    put_text(&made, regexp);
    put_name(&made, "_diameter._tcp.example");
    end(&made, data);
    return made;
}

Test(dns_records, DNS_03_a_naptr_record_is_read_in_lower_case)
{
    struct made made = naptr_of("S", "AAA+ap6:Diameter.TCP", "");
    cr_assert(read_for(&made, DNS_NAPTR));
    cr_assert_eq(reply.records[0].order, 50);
    cr_assert_eq(reply.records[0].rank, 51);
    cr_assert_str_eq(reply.records[0].flags, "s");
    cr_assert_str_eq(reply.records[0].service, "aaa+ap6:diameter.tcp");
    cr_assert_not(reply.records[0].has_regexp);
    cr_assert_str_eq(reply.records[0].name, "_diameter._tcp.example");
}

Test(dns_records, DNS_06_a_regular_expression_is_seen)
{
    struct made made = naptr_of("u", "aaa", "!^.*$!aaa://h.example!");
    cr_assert(read_for(&made, DNS_NAPTR));
    cr_assert(reply.records[0].has_regexp);
}

Test(dns_records, flags_that_are_too_long_are_none_that_is_known)
{
    struct made made = naptr_of("sssssssssss", "aaa", "");
    cr_assert(read_for(&made, DNS_NAPTR));
    cr_assert_str_eq(reply.records[0].flags, "?");
}

/* --- aliases --- */

Test(dns_records, an_alias_is_followed_wherever_it_stands_and_its_time_counts)
{
    struct made made = reply_of(0, DNS_A, 3, 0);
    put_address(&made, "c.example", 300, 1);
    put_alias(&made, "a.example", 5, "b.example");
    put_alias(&made, "b.example", 300, "c.example");
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.count, 1);
    cr_assert_eq(reply.ttl, 5);
}

Test(dns_records, records_of_another_name_are_not_ours)
{
    struct made made = reply_of(0, DNS_A, 2, 0);
    put_address(&made, "evil.example", 300, 1);
    put_address(&made, "a.example", 300, 2);
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.count, 1);
    cr_assert_eq(((uint8_t *)&reply.records[0].address)[3], 2);
}

Test(dns_records, aliases_in_a_ring_are_no_reply)
{
    struct made made = reply_of(0, DNS_A, 2, 0);
    put_alias(&made, "a.example", 60, "b.example");
    put_alias(&made, "b.example", 60, "a.example");
    cr_assert_not(read_for(&made, DNS_A));
    cr_assert_eq(reply.outcome, DNS_FAILED);
}

/* --- nothing --- */

Test(dns_records, DNS_14_what_is_not_there_is_not_there_for_as_long_as_the_zone_says)
{
    for (unsigned code = 0; code <= 3; code += 3) {
        struct made made = reply_of(code, DNS_A, 0, 1);
        put_soa(&made, 600, 30);
        cr_assert(read_for(&made, DNS_A));
        cr_assert_eq(reply.outcome, DNS_NOTHING);
        cr_assert_eq(reply.ttl, 30);
    }
}

Test(dns_records, a_server_that_failed_said_nothing)
{
    struct made made = reply_of(2, DNS_A, 0, 0);
    cr_assert_not(read_for(&made, DNS_A));
    cr_assert_eq(reply.outcome, DNS_FAILED);
}

/* --- what is wrong --- */

Test(dns_records, a_reply_that_is_cut_anywhere_is_none)
{
    struct made made = naptr_of("s", "aaa:diameter.tcp", "");
    for (size_t size = 0; size < made.size; size++) {
        bool is_good =
            dns_reply_read(&reply, dm_bytes_of(made.octets, size), "a.example", DNS_NAPTR);
        cr_assert_not(is_good, "of %zu octets", size);
    }
}

Test(dns_records, names_that_point_at_each_other_end)
{
    struct made made = reply_of(0, DNS_A, 1, 0);
    put16(&made, 0xc000 | (unsigned)made.size);
    put16(&made, DNS_A);
    put16(&made, 1);
    put32(&made, 60);
    put16(&made, 4);
    put32(&made, 0);
    cr_assert_not(read_for(&made, DNS_A));
}

Test(dns_records, a_compressed_name_is_read_and_what_stands_behind_it)
{
    struct made made = reply_of(0, DNS_A, 2, 0);
    for (uint8_t i = 1; i <= 2; i++) {
        put16(&made, 0xc00c);
        put16(&made, DNS_A);
        put16(&made, 1);
        put32(&made, 60);
        put16(&made, 4);
        put(&made, (uint8_t[]){192, 0, 2, i}, 4);
    }
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.count, 2);
}

Test(dns_records, a_name_with_a_dot_or_a_space_in_a_label_is_no_host)
{
    struct made made = reply_of(0, DNS_SRV, 1, 0);
    put_srv(&made, 0, 0, 3868, "s 1.example");
    cr_assert_not(read_for(&made, DNS_SRV));
}

Test(dns_records, data_that_end_elsewhere_than_their_length_says_are_wrong)
{
    struct made made = reply_of(0, DNS_A, 1, 0);
    size_t data = begin(&made, "a.example", DNS_A, 60);
    put(&made, "12345", 5);
    end(&made, data);
    cr_assert_not(read_for(&made, DNS_A));
}

Test(dns_records, no_more_records_are_taken_than_there_is_room_for)
{
    struct made made = reply_of(0, DNS_A, DNS_RECORDS_MAX + 5, 0);
    for (unsigned i = 0; i < DNS_RECORDS_MAX + 5; i++)
        put_address(&made, "a.example", 60, (uint8_t)i);
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.count, DNS_RECORDS_MAX);
}

Test(dns_records, a_time_to_live_beyond_68_years_is_none)
{
    struct made made = reply_of(0, DNS_A, 1, 0);
    put_address(&made, "a.example", UINT32_C(0x80000000), 1);
    cr_assert(read_for(&made, DNS_A));
    cr_assert_eq(reply.ttl, 0);
}

Test(dns_records, DNS_11_below_a_domain_is_below_it_by_whole_labels)
{
    cr_assert(dns_is_within("a.example", "A.Example"));
    cr_assert(dns_is_within("s.a.example", "a.example"));
    cr_assert_not(dns_is_within("xa.example", "a.example"));
    cr_assert_not(dns_is_within("example", "a.example"));
    cr_assert_not(dns_is_within("a.example", ""));
}
