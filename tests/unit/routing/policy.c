/* policy.c — values as text, globs, the application of a request, answers that are rejected. */
#include <criterion/criterion.h>

#include "routing/policy.h"
#include "routing/policy_text.h"

static bool glob(const char *pattern, const char *value)
{
    return rt_glob_match(dm_text(pattern), dm_text(value));
}

Test(policy, a_star_is_any_octets_and_a_question_mark_is_one)
{
    cr_assert(glob("", ""));
    cr_assert(glob("*", ""));
    cr_assert(glob("a*c", "abbbc"));
    cr_assert(glob("a*c*e", "abcdcde"));
    cr_assert(glob("**a", "bba"));
    cr_assert(glob("?", "x"));
    cr_assert_not(glob("?", ""));
    cr_assert_not(glob("a*c", "abcd"));
    cr_assert_not(glob("a", "ab"));
    cr_assert_not(glob("ab", "a"));
}

static const char *text_of(enum dm_type type, const void *value, size_t size)
{
    static uint8_t room[129];
    struct rt_path path = {.depth = 1, .type = type, .is_unknown = true};
    struct dm_avp avp = {.data = dm_bytes_of(value, size)};
    dm_bytes text = rt_value_text(&path, &avp, room, 128);
    memmove(room, text.at, text.size);
    room[text.size] = '\0';
    return (const char *)room;
}

Test(policy, values_of_every_type_are_text)
{
    cr_assert_str_eq(text_of(DM_TYPE_UTF8, "abc", 3), "abc");
    cr_assert_str_eq(text_of(DM_TYPE_IDENTITY, "Ab.C", 4), "ab.c");
    cr_assert_str_eq(text_of(DM_TYPE_OCTETS, "\xab\x01", 2), "0xab01");
    cr_assert_str_eq(text_of(DM_TYPE_INTEGER32, "\xff\xff\xff\xfe", 4), "-2");
    cr_assert_str_eq(text_of(DM_TYPE_ENUMERATED, "\0\0\0\3", 4), "3");
    cr_assert_str_eq(text_of(DM_TYPE_UNSIGNED64, "\xff\xff\xff\xff\xff\xff\xff\xff", 8),
                     "18446744073709551615");
    cr_assert_str_eq(text_of(DM_TYPE_INTEGER64, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), "-1");
    cr_assert_str_eq(text_of(DM_TYPE_FLOAT32, "\x3f\xc0\0\0", 4), "1.5");
    cr_assert_str_eq(text_of(DM_TYPE_FLOAT64, "\x3f\xf8\0\0\0\0\0\0", 8), "1.5");
    cr_assert_str_eq(text_of(DM_TYPE_UNSIGNED32, "\1\2", 2), "0x0102");
}

Test(policy, what_does_not_fit_as_hex_is_cut)
{
    uint8_t value[200] = {0};
    cr_assert_eq(strlen(text_of(DM_TYPE_OCTETS, value, sizeof value)), 128);
}

/* --- HDR-19 --- */

static enum dm_result check(uint32_t vendor_specific, uint32_t code, dm_bytes value)
{
    uint8_t octets[128];
    const struct dm_header header = {.version = 1, .command = 300, .application = 6};
    struct dm_writer writer;
    struct dm_fault fault;
    dm_writer_init(&writer, octets, sizeof octets);
    dm_write_header(&writer, &header);
    size_t mark = vendor_specific ? dm_write_group(&writer, 0, vendor_specific, 0) : 0;
    dm_write_avp(&writer, 0, code, 0, value);
    if (vendor_specific)
        dm_write_group_end(&writer, mark);
    return rt_application_check(dm_bytes_of(octets, dm_writer_finish(&writer)), &fault);
}

Test(policy, HDR_19_applications_in_AVPs_are_that_of_the_header)
{
    dm_bytes six = dm_bytes_of("\0\0\0\6", 4), seven = dm_bytes_of("\0\0\0\7", 4);
    cr_assert_eq(check(0, DM_AVP_AUTH_APPLICATION_ID, six), DM_OK);
    cr_assert_eq(check(0, DM_AVP_AUTH_APPLICATION_ID, seven), DM_INVALID_AVP_VALUE);
    cr_assert_eq(check(0, DM_AVP_ACCT_APPLICATION_ID, seven), DM_INVALID_AVP_VALUE);
    cr_assert_eq(check(260, DM_AVP_AUTH_APPLICATION_ID, six), DM_OK);
    cr_assert_eq(check(260, DM_AVP_ACCT_APPLICATION_ID, seven), DM_INVALID_AVP_VALUE);
    cr_assert_eq(check(260, DM_AVP_VENDOR_ID, seven), DM_OK);
    cr_assert_eq(check(0, DM_AVP_AUTH_APPLICATION_ID, dm_bytes_of("\6", 1)), DM_INVALID_AVP_LENGTH);
}

/* --- answers --- */

static size_t write_answer(uint8_t *octets, bool has_result)
{
    const struct dm_header header = {.version = 1, .command = 285, .application = 6};
    struct dm_writer writer;
    dm_writer_init(&writer, octets, 256);
    dm_write_header(&writer, &header);
    dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, "a;1;1");
    if (has_result)
        dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, 2001);
    dm_write_text(&writer, 0, DM_AVP_ERROR_REPORTING_HOST, 0, "x");
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, "alice");
    return dm_writer_finish(&writer);
}

static size_t expected(uint8_t *octets)
{
    const struct dm_header header = {.version = 1, .command = 285, .application = 6};
    struct dm_writer writer;
    dm_writer_init(&writer, octets, 256);
    dm_write_header(&writer, &header);
    dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, "a;1;1");
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, 5003);
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, "alice");
    dm_write_text(&writer, 0, DM_AVP_ERROR_REPORTING_HOST, 0, "m.agent.example");
    return dm_writer_finish(&writer);
}

Test(policy, PXY_05_ERR_06_the_result_is_changed_in_its_place_and_we_report_it)
{
    uint8_t answer[256], wanted[256], made[256];
    struct rt_rejection rejection = {.result = 5003};
    size_t size = write_answer(answer, true);
    size_t wanted_size = expected(wanted);
    size_t made_size = rt_answer_reject(made, sizeof made, dm_bytes_of(answer, size),
                                        dm_text("m.agent.example"), &rejection);
    cr_assert(dm_bytes_equal(dm_bytes_of(made, made_size), dm_bytes_of(wanted, wanted_size)));
}

Test(policy, an_answer_without_a_result_gets_one)
{
    uint8_t answer[256], made[256];
    struct rt_rejection rejection = {.result = 5004, .vendor = 10415};
    struct dm_avp avp;
    uint32_t code;
    size_t size = write_answer(answer, false);
    size = rt_answer_reject(made, sizeof made, dm_bytes_of(answer, size), dm_text("m"), &rejection);
    cr_assert(dm_avp_find(dm_bytes_of(made, size), 0, DM_AVP_EXPERIMENTAL_RESULT, &avp));
    cr_assert(dm_avp_find_in(avp.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp));
    cr_assert(dm_avp_get32(&avp, &code));
    cr_assert_eq(code, 5004);
}

Test(policy, a_rejected_answer_that_does_not_fit_is_nothing)
{
    uint8_t answer[256], made[64];
    struct rt_rejection rejection = {.result = 5003};
    size_t size = write_answer(answer, true);
    cr_assert_eq(
        rt_answer_reject(made, sizeof made, dm_bytes_of(answer, size), dm_text("m"), &rejection),
        0);
}
