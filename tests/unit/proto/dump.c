/* dump.c — a message can be read; its secrets cannot. */
#include "proto/dump.h"

#include "proto/avp.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct dm_writer writer;
static uint8_t room[4096];

static void begin(uint32_t application, uint32_t command, uint8_t flags)
{
    struct dm_header header = {1, flags, 0, command, application, 0x1, 0x5f000001};
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
}

static const char *dumped(dm_bytes message)
{
    static char text[16384];
    size_t length = dm_dump(text, sizeof text, message);
    cr_assert_eq(length, strlen(text));
    return text;
}

static const char *dumped_writer(void)
{
    return dumped(dm_bytes_of(room, dm_writer_finish(&writer)));
}

static void expect_line(const char *line)
{
    const char *text = dumped_writer();
    cr_assert(strstr(text, line), "no line \"%s\" in:\n%s", line, text);
}

Test(dump, a_request_is_shown_with_its_name_flags_and_AVPs)
{
    begin(6, 285, 0xd0);
    dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, "c1.edge.example;1;1");
    dm_write32(&writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, 6);
    dm_write_text(&writer, 0, DM_AVP_SIP_AOR, DM_AVP_MANDATORY, "sip:alice@core.example");
    cr_assert_str_eq(dumped_writer(), "LIR sip 285 flags R P T, length 92, hop-by-hop 0x00000001, "
                                      "end-to-end 0x5f000001\n"
                                      "  Session-Id (263) M = \"c1.edge.example;1;1\"\n"
                                      "  Auth-Application-Id (258) M = 6 sip\n"
                                      "  SIP-AOR (122) M = \"sip:alice@core.example\"\n");
}

Test(dump, an_answer_has_the_answer_s_name_and_its_result_a_name)
{
    begin(6, 285, 0x60);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, DM_UNABLE_TO_DELIVER);
    expect_line("LIA sip 285 flags P E,");
    expect_line("  Result-Code (268) M = 3002 DIAMETER_UNABLE_TO_DELIVER\n");
}

Test(dump, an_experimental_result_is_named_by_its_vendor)
{
    begin(16777216, 302, 0x40);
    size_t mark = dm_write_group(&writer, 0, DM_AVP_EXPERIMENTAL_RESULT, DM_AVP_MANDATORY);
    dm_write32(&writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, 10415);
    dm_write32(&writer, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, DM_AVP_MANDATORY, 5003);
    dm_write_group_end(&writer, mark);
    expect_line("  Experimental-Result (297) M\n"
                "    Vendor-Id (266) M = 10415\n"
                "    Experimental-Result-Code (298) M = 5003 "
                "DIAMETER_ERROR_IDENTITY_NOT_REGISTERED\n");
}

Test(dump, commands_and_AVPs_without_a_name_are_shown_by_number)
{
    begin(7777, 8388620, 0x80);
    dm_write_avp(&writer, 0, 99999, 0, dm_bytes_of("\x00\xff\x10", 3));
    dm_write_avp(&writer, 9, 1, DM_AVP_MANDATORY, dm_text("text"));
    expect_line("request 7777 8388620 flags R,");
    expect_line("  AVP (99999) = 0x00ff10\n");
    expect_line("  AVP (9/1) V M = 0x74657874\n");
}

Test(dump, AVP_09_names_of_a_vendor_are_that_vendor_s)
{
    begin(16777216, 300, 0xc0);
    dm_write32(&writer, 0, 626, 0, 1);
    dm_write_text(&writer, 10415, 601, DM_AVP_MANDATORY, "sip:alice@core.example");
    expect_line("  OC-Report-Type (626) = 1\n");
    expect_line("  Public-Identity (10415/601) V M = \"sip:alice@core.example\"\n");
}

Test(dump, SEC_13_secrets_are_masked_wherever_they_stand)
{
    static const uint32_t secret[][2] = {{0, 103},     {0, 121},     {10415, 609},
                                         {10415, 610}, {10415, 625}, {10415, 626}};
    begin(16777216, 303, 0x40);
    size_t failed = dm_write_group(&writer, 0, DM_AVP_FAILED_AVP, DM_AVP_MANDATORY);
    size_t item = dm_write_group(&writer, 10415, 612, DM_AVP_MANDATORY);
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        dm_write_text(&writer, secret[i][0], secret[i][1], 0, "planted");
    dm_write_group_end(&writer, item);
    dm_write_group_end(&writer, failed);
    const char *text = dumped_writer();
    cr_assert_not(strstr(text, "planted"));
    cr_assert_not(strstr(text, "706c616e746564"));
    cr_assert(strstr(text, "      Digest-HA1 (121) = ***\n"));
    cr_assert(strstr(text, "      Integrity-Key (10415/626) V = ***\n"));
}

Test(dump, SEC_13_a_secret_in_a_malformed_AVP_is_not_shown)
{
    begin(6, 286, 0x40);
    dm_write_text(&writer, 0, 121, DM_AVP_MANDATORY, "planted");
    size_t size = dm_writer_finish(&writer);
    room[DM_HEADER_SIZE + 7] = 200;
    cr_assert_str_eq(strchr(dumped(dm_bytes_of(room, size)), '\n') + 1,
                     "  malformed: 16 octets from 0x00000079400000c8\n");
}

Test(dump, AVP_26_text_is_escaped)
{
    begin(6, 285, 0xc0);
    dm_write_avp(&writer, 0, DM_AVP_SIP_AOR, 0, dm_bytes_of("a\n\0%s\"\\\xc3\xa9\x7f", 10));
    expect_line("  SIP-AOR (122) = \"a\\x0a\\x00%s\\\"\\\\\\xc3\\xa9\\x7f\"\n");
}

Test(dump, values_are_shown_by_their_type)
{
    begin(0, 257, 0x80);
    dm_write_address(&writer, 257, 0, dm_bytes_of("\xc0\x00\x02\x01", 4));
    dm_write_address(&writer, 257, 0, dm_bytes_of("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16));
    dm_write32(&writer, 0, 55, 0, 0xffffffff);
    dm_write_avp(&writer, 0, 287, 0, dm_bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
    dm_write32(&writer, 0, 273, 0, 0xffffffff);
    dm_write_text(&writer, 0, 25, 0, "readable");
    dm_write_avp(&writer, 0, 25, 0, dm_bytes_of("\1\2", 2));
    expect_line("  Host-IP-Address (257) = 192.0.2.1\n"
                "  Host-IP-Address (257) = 2001:db8::1\n"
                "  Event-Timestamp (55) = 2036-02-07T06:28:15Z\n"
                "  Accounting-Sub-Session-Id (287) = 18446744073709551615\n"
                "  Disconnect-Cause (273) = -1\n"
                "  Class (25) = \"readable\"\n"
                "  Class (25) = 0x0102\n");
}

Test(dump, values_of_a_wrong_size_are_shown_as_hex)
{
    begin(0, 257, 0x80);
    dm_write_avp(&writer, 0, 257, 0, dm_bytes_of("\0\3\1", 3));
    dm_write_avp(&writer, 0, 258, 0, dm_bytes_of("\1\2\3\4\5", 5));
    dm_write_avp(&writer, 0, 55, 0, dm_text(""));
    expect_line("  Host-IP-Address (257) = 0x000301\n"
                "  Auth-Application-Id (258) = 0x0102030405\n"
                "  Event-Timestamp (55) = 0x\n");
}

Test(dump, groups_are_shown_16_deep_and_no_deeper)
{
    size_t marks[40];
    begin(6, 285, 0x40);
    for (int i = 0; i < 40; i++)
        marks[i] = dm_write_group(&writer, 0, DM_AVP_FAILED_AVP, 0);
    dm_write_text(&writer, 0, 121, 0, "planted");
    for (int i = 40; i-- > 0;)
        dm_write_group_end(&writer, marks[i]);
    const char *text = dumped_writer();
    size_t groups = 0;
    for (const char *at = text; (at = strstr(at, "Failed-AVP")); at++)
        groups++;
    cr_assert_eq(groups, 16);
    cr_assert(strstr(text, "nested too deep\n"));
    cr_assert_not(strstr(text, "706c616e746564"));
}

Test(dump, octets_that_are_no_Diameter_are_shown_as_hex)
{
    cr_assert_str_eq(dumped(dm_text("GET /")), "0x474554202f");
    cr_assert_str_eq(dumped(dm_text("")), "0x");
}

Test(dump, text_that_does_not_fit_is_cut_and_ended)
{
    static char whole[1024];
    begin(6, 285, 0xc0);
    dm_write_text(&writer, 0, DM_AVP_SIP_AOR, DM_AVP_MANDATORY, "sip:\x01lice@core.example");
    dm_bytes message = dm_bytes_of(room, dm_writer_finish(&writer));
    size_t length = dm_dump(whole, sizeof whole, message);
    for (size_t size = 0; size <= length + 1; size++) {
        char text[512];
        memset(text, '?', sizeof text);
        cr_assert_eq(dm_dump(text, size, message), length);
        size_t kept = size == 0 ? 0 : size - 1;
        cr_assert_eq(memcmp(text, whole, kept), 0);
        if (size)
            cr_assert_eq(text[kept], '\0');
        cr_assert_eq(text[size], '?');
    }
}

Test(dump, escaping_alone_works_as_snprintf)
{
    char text[8];
    cr_assert_eq(dm_escape(text, sizeof text, dm_text("a\"b")), 4);
    cr_assert_str_eq(text, "a\\\"b");
    cr_assert_eq(dm_escape(text, sizeof text, dm_text("\x01\x02\x03")), 12);
    cr_assert_str_eq(text, "\\x01\\x0");
    cr_assert_eq(dm_escape(NULL, 0, dm_text("\n")), 4);
}
