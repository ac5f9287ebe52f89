/* store_slots.c — which node has it: CRC16, MOVED, ASK, CLUSTER SLOTS. */
#include "agent/store/slots.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>

#include "agent/net/tcp.h"

static const union conf_socket asked = {
    .v4 = {.sin_family = AF_INET, .sin_port = 0x3930, .sin_addr = {0x0100007f}}};

static const char *text_of(const union conf_socket *address)
{
    static char text[64];
    tcp_address_text(address, text, sizeof text);
    return text;
}

Test(store_slots, slots_are_those_of_redis)
{
    /* As `CLUSTER KEYSLOT` of Redis 7.0.15 says. */
    cr_assert_eq(slots_of(dm_text("123456789")), 0x31c3);
    cr_assert_eq(slots_of(dm_text("foo")), 12182);
    cr_assert_eq(slots_of(dm_text("bar")), 5061);
    cr_assert_eq(slots_of(dm_text("")), 0);
}

Test(store_slots, moved_names_slot_and_node)
{
    struct slots_redirect redirect;
    cr_assert(slots_redirect_read(dm_text("MOVED 3999 127.0.0.1:6381"), &asked, &redirect));
    cr_assert(!redirect.is_ask);
    cr_assert_eq(redirect.slot, 3999);
    cr_assert_str_eq(text_of(&redirect.address), "127.0.0.1:6381");
}

Test(store_slots, ask_is_for_this_once)
{
    struct slots_redirect redirect;
    cr_assert(slots_redirect_read(dm_text("ASK 16383 ::1:6381"), &asked, &redirect));
    cr_assert(redirect.is_ask);
    cr_assert_eq(redirect.slot, 16383);
    cr_assert_str_eq(text_of(&redirect.address), "[::1]:6381");
}

Test(store_slots, an_empty_host_is_the_one_that_was_asked)
{
    struct slots_redirect redirect;
    cr_assert(slots_redirect_read(dm_text("MOVED 1 :7000"), &asked, &redirect));
    cr_assert_str_eq(text_of(&redirect.address), "127.0.0.1:7000");
}

#define EIGHT     "xxxxxxxx"
#define LONG_HOST "MOVED 1 " EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT ":1"

Test(store_slots, other_errors_and_nonsense_name_no_node)
{
    struct slots_redirect redirect;
    static const char *const bad[] = {
        "",
        "ERR unknown command",
        "MOVED",
        "MOVED ",
        "MOVED x 127.0.0.1:1",
        "MOVED 1",
        "MOVED 1 ",
        "MOVED 1 127.0.0.1",
        "MOVED 1 127.0.0.1:",
        "MOVED 1 127.0.0.1:0",
        "MOVED 1 127.0.0.1:65536",
        "MOVED 1 127.0.0.1:1x",
        "MOVED 16384 127.0.0.1:1",
        "MOVED 99999999 127.0.0.1:1",
        "MOVED 1 redis.example:6379",
        "ASK1 127.0.0.1:1",
        "CLUSTERDOWN Hash slot not served",
        LONG_HOST,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!slots_redirect_read(dm_text(bad[i]), &asked, &redirect), "%s", bad[i]);
}

/* --- CLUSTER SLOTS --- */

static char taken[200];

static void take(void *context, uint16_t from, uint16_t to, const union conf_socket *master)
{
    (void)context;
    size_t size = strlen(taken);
    snprintf(taken + size, sizeof taken - size, "%u-%u %s;", from, to, text_of(master));
}

static bool reads(const char *octets)
{
    redisReader *reader = resp_reader_new();
    cr_assert(resp_feed(reader, octets, strlen(octets)));
    redisReply *reply = resp_next(reader);
    cr_assert_not_null(reply);
    bool is_good = slots_read(reply, &asked, take, NULL);
    freeReplyObject(reply);
    redisReaderFree(reader);
    return is_good;
}

#define NODE(host, size, port) "*4\r\n$" size "\r\n" host "\r\n:" port "\r\n$2\r\nid\r\n*0\r\n"

Test(store_slots, each_range_has_its_master_whatever_replicas_follow)
{
    cr_assert(reads("*2\r\n"
                    "*4\r\n:0\r\n:5460\r\n" NODE("127.0.0.1", "9", "7000")
                        NODE("127.0.0.1", "9", "7003") "*3\r\n:5461\r\n:16383\r\n"
                                                       "*2\r\n$-1\r\n:7001\r\n"));
    cr_assert_str_eq(taken, "0-5460 127.0.0.1:7000;5461-16383 127.0.0.1:7001;");
}

Test(store_slots, a_cluster_without_slots_is_one_too)
{
    cr_assert(reads("*0\r\n"));
    cr_assert_str_eq(taken, "");
}

Test(store_slots, what_is_no_map_is_refused)
{
    cr_assert(!reads("+OK\r\n"));
    cr_assert(!reads("-ERR This instance has cluster support disabled\r\n"));
    cr_assert(!reads("*1\r\n:1\r\n"));
    cr_assert(!reads("*1\r\n*0\r\n"));
    cr_assert(!reads("*1\r\n*3\r\n:0\r\n:16384\r\n" NODE("127.0.0.1", "9", "7000")));
    cr_assert(!reads("*1\r\n*3\r\n:-1\r\n:2\r\n" NODE("127.0.0.1", "9", "7000")));
    cr_assert(!reads("*1\r\n*3\r\n:7\r\n:2\r\n" NODE("127.0.0.1", "9", "7000")));
    cr_assert(!reads("*1\r\n*3\r\n:0\r\n:2\r\n" NODE("127.0.0.1", "9", "70000")));
    cr_assert(!reads("*1\r\n*3\r\n:0\r\n:2\r\n" NODE("a.example", "9", "7000")));
    cr_assert(!reads("*1\r\n*3\r\n:0\r\n:2\r\n*1\r\n$9\r\n127.0.0.1\r\n"));
    cr_assert(!reads("*1\r\n*2\r\n:0\r\n:2\r\n"));
}
