/* destination.c — another Destination-Host or -Realm, and the rest of the octets as it was. */
#include "agent/destination.h"

#include <criterion/criterion.h>

#include "proto/avp.h"

static stats_counter used;
static struct memory memory;

static void set_up(void)
{
    memory_init(&memory, &used, UINT64_C(1) << 30);
}

TestSuite(destination, .init = set_up);

enum { USER = DM_AVP_USER_NAME, HOST = DM_AVP_DESTINATION_HOST, REALM = DM_AVP_DESTINATION_REALM };

/* A request of text AVPs: pairs of code and text, ended by 0. */
static dm_bytes make(const uint32_t *codes, const char *const *texts)
{
    static uint8_t octets[2048];
    struct dm_header header = {.version = DM_VERSION, .flags = DM_FLAG_REQUEST, .command = 285};
    struct dm_writer writer;
    dm_writer_init(&writer, octets, sizeof octets);
    dm_write_header(&writer, &header);
    for (; *codes; codes++, texts++)
        dm_write_text(&writer, 0, *codes, DM_AVP_MANDATORY, *texts);
    return dm_bytes_of(octets, dm_writer_finish(&writer));
}

/* The AVPs of an image are these, in this order. */
static void claim(struct image *image, const uint32_t *codes, const char *const *texts)
{
    cr_assert_not_null(image);
    cr_assert_eq(dm_get24(image->octets + 1), image->size);
    struct dm_avps walk = dm_avps_of(image_bytes(image));
    struct dm_avp avp = {0};
    for (; *codes; codes++, texts++) {
        cr_assert(dm_avps_next(&walk, &avp));
        cr_assert_eq(avp.code, *codes);
        cr_assert(dm_bytes_equal(avp.data, dm_text(*texts)), "%s", *texts);
    }
    cr_assert(!dm_avps_next(&walk, &avp));
    cr_assert_eq(walk.error, DM_OK);
    memory_image_free(&memory, image);
}

Test(destination, RDR_07_a_host_takes_the_place_of_the_one_there)
{
    dm_bytes message = make((const uint32_t[]){REALM, HOST, USER, 0},
                            (const char *const[]){"core.example", "d1", "alice"});
    claim(destination_with_host(&memory, message, dm_text("s1.core.example")),
          (const uint32_t[]){REALM, HOST, USER, 0},
          (const char *const[]){"core.example", "s1.core.example", "alice"});
}

Test(destination, RDR_07_a_host_is_appended_where_there_is_none)
{
    dm_bytes message =
        make((const uint32_t[]){REALM, USER, 0}, (const char *const[]){"core.example", "alice"});
    claim(destination_with_host(&memory, message, dm_text("s1")),
          (const uint32_t[]){REALM, USER, HOST, 0},
          (const char *const[]){"core.example", "alice", "s1"});
}

Test(destination, RDR_18_another_realm_goes_without_a_host)
{
    dm_bytes message = make((const uint32_t[]){HOST, USER, REALM, 0},
                            (const char *const[]){"s1.core.example", "alice", "core.example"});
    claim(destination_with_realm(&memory, message, dm_text("far.example")),
          (const uint32_t[]){USER, REALM, 0}, (const char *const[]){"alice", "far.example"});
}

Test(destination, RDR_18_the_order_of_realm_and_host_does_not_matter)
{
    dm_bytes message = make((const uint32_t[]){REALM, HOST, USER, 0},
                            (const char *const[]){"core.example", "s1", "alice"});
    claim(destination_with_realm(&memory, message, dm_text("a.b.c.d.example")),
          (const uint32_t[]){REALM, USER, 0}, (const char *const[]){"a.b.c.d.example", "alice"});
}

Test(destination, without_a_realm_there_is_none_to_change)
{
    dm_bytes message = make((const uint32_t[]){HOST, 0}, (const char *const[]){"s1"});
    cr_assert_null(destination_with_realm(&memory, message, dm_text("far.example")));
    cr_assert_eq(stats_read(&used), 0);
}
