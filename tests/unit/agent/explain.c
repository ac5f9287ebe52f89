/* explain.c — `antipode explain`, as its user sees it. */
#include "agent/command_explain.h"

#include "heard.h"

#define ALICE "SIP-AOR=sip:alice@example.net"
#define LIR   "explain", FULL, "--realm", "example.net", "--application", "sip", "--command", "LIR"

/* A file with this text; the caller frees its name. */
static char *file_of(const char *text)
{
    char *name = strdup("/tmp/antipode-explain-XXXXXX");
    int file = mkstemp(name);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    return name;
}

static struct heard *hear_hex(const char *text)
{
    char *name = file_of(text);
    struct heard *heard = HEAR(command_explain, "explain", FULL, "--hex", name);
    unlink(name);
    free(name);
    return heard;
}

/* --- by options --- */

Test(explain, each_step_and_the_verdict_are_told)
{
    struct heard *it = HEAR(command_explain, LIR, "--from", "ps1.sip.example.net", "--avp", ALICE);
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "request: command 285 (LIR), application 6 (sip), 156 octets");
    expect_line(it->out, "from: ps1.sip.example.net, let in by *.sip.example.net");
    expect_line(it->out, "realm: example.net");
    expect_line(it->out, "  route sip-home: realm example.net exact, application sip named");
    expect_line(it->out, "  user: public alice@example.net, slot 10292");
    expect_line(it->out, "  member hss1.example.net: available");
    expect_line(it->out, "verdict: forwarded to hss1.example.net, route sip-home (relay), "
                         "pool hss-east");
    free(it);
}

Test(explain, peers_that_are_down_or_full_are_passed_over)
{
    struct heard *it = HEAR(command_explain, LIR, "--avp", ALICE, "--down", "HSS1.example.net",
                            "--pending", "hss2.example.net=1000");
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "from: nobody in particular");
    expect_line(it->out, "  member hss1.example.net: not available");
    expect_line(it->out, "  member hss2.example.net: busy");
    expect_line(it->out, "verdict: forwarded to hss3.example.net, route sip-home (relay), "
                         "pool hss-east");
    free(it);
}

#define LIR_OF(user)                                                                               \
    "explain", FULL, "--realm", "example.net", "--application", "sip", "--command", "LIR",         \
        "--avp", "SIP-AOR=sip:" user "@example.net"

Test(explain, the_row_of_a_user_and_his_group_are_told)
{
    struct heard *it = HEAR(command_explain, LIR_OF("bob"), "--down", "hss1.example.net");
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "  subscribers home-users: exact, pool hss-north, group a");
    expect_line(it->out, "  group a of pool hss-north: as it is known");
    expect_line(it->out, "  member hss1.example.net: not available");
    expect_line(it->out, "  forward to hss3.example.net: hss-north");
    expect_line(it->out, "verdict: forwarded to hss3.example.net, route sip-home (relay), "
                         "pool hss-north");
    free(it);
}

Test(explain, a_user_in_no_row_is_answered_as_his_server_would)
{
    struct heard *it = HEAR(command_explain, LIR_OF("carol"));
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "  subscribers home-users: the user is in no row");
    expect_line(it->out, "  answer 5032: the user is unknown");
    expect_line(it->out, "verdict: answered 5032 DIAMETER_ERROR_USER_UNKNOWN, route sip-home "
                         "(relay)");
    free(it);
}

#define LOCATE(user)                                                                               \
    "explain", FULL, "--realm", "locator.example.net", "--application", "sip", "--command", "LIR", \
        "--avp", "SIP-AOR=sip:" user "@example.net"

Test(explain, a_redirect_agent_says_whom_it_names)
{
    struct heard *it = HEAR(command_explain, LOCATE("bob"));
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "  redirect: to who serves the user");
    expect_line(it->out, "  redirect host aaa://hss1.example.net:3869;transport=tcp");
    expect_line(it->out, "verdict: answered 3006 DIAMETER_REDIRECT_INDICATION, route locator "
                         "(redirect), pool hss-north");
    free(it);
}

Test(explain, who_has_no_connect_is_named_by_no_redirect)
{
    struct heard *it = HEAR(command_explain, LOCATE("chat7"));
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "  answer 3002: nobody of them has a `connect` to be named by");
    expect_line(it->out, "verdict: answered 3002 DIAMETER_UNABLE_TO_DELIVER, route locator "
                         "(redirect)");
    free(it);
}

Test(explain, SEC_10_a_request_that_its_peer_may_not_send_is_explained)
{
    struct heard *it = HEAR(command_explain, LIR_OF("alice"), "--from", "hss2.example.net");
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "  answer 5003: the peer may not use the application");
    expect_line(it->out, "verdict: answered 5003 DIAMETER_AUTHORIZATION_REJECTED");
    free(it);
}

Test(explain, a_rejected_request_is_explained_and_ends_with_0)
{
    struct heard *it = HEAR(command_explain, "explain", FULL, "--realm", "far.example",
                            "--application", "16777216", "--command", "300");
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "verdict: answered 3003 DIAMETER_REALM_NOT_SERVED, route rest (reject)");
    free(it);
}

Test(explain, a_destination_host_is_told_with_the_pattern_that_lets_it_in)
{
    struct heard *it = HEAR(command_explain, LIR, "--host", "ps9.sip.example.net");
    expect_line(it->out, "host: ps9.sip.example.net, let in by *.sip.example.net");
    expect_line(it->out, "verdict: forwarded to ps9.sip.example.net, its Destination-Host");
    free(it);
}

Test(explain, AVP_18_what_is_malformed_is_answered_as_on_the_data_path)
{
    struct heard *it =
        HEAR(command_explain, LIR, "--host", "a.example", "--avp", "Destination-Host=b.example");
    cr_assert_eq(it->status, 0);
    expect_line(it->out, "verdict: answered 5009 DIAMETER_AVP_OCCURS_TOO_MANY_TIMES");
    free(it);
}

Test(explain, a_user_in_a_group_is_found)
{
    struct heard *it =
        HEAR(command_explain, "explain", FULL, "--realm", "far.example", "--application", "sh",
             "--command", "UDR", "--avp", "User-Identity/Public-Identity=sip:bob@example.net");
    cr_assert_eq(it->status, 0, "%s", it->err);
    free(it);
}

Test(explain, a_wrong_command_line_ends_with_2_and_names_what_is_wrong)
{
    static const struct {
        const char *arguments[12];
        const char *wanted;
    } cases[] = {
        {{"explain"}, "exactly one FILE"},
        {{"explain", FULL}, "a REQUEST is wanted"},
        {{"explain", FULL, "--realm", "a"}, "--realm, --application and --command are wanted"},
        {{"explain", FULL, "--hex", "a", "--pcap", "b"}, "one of options, --hex and --pcap"},
        {{"explain", FULL, "--hex", "a", "--realm", "b"}, "one of options, --hex and --pcap"},
        {{"explain", FULL, "--hex", "a", "--hex", "b"}, "given twice: --hex"},
        {{"explain", FULL, "--fly"}, "unknown option --fly"},
        {{"explain", FULL, "--hex"}, "a value is wanted for --hex"},
        {{LIR, "--avp", "x"}, "--avp wants NAME=VALUE, not x"},
        {{LIR, "--avp", "Foo=1"}, "`Foo` is no AVP known by name"},
        {{LIR, "--avp", "Auth-Session-State=x"}, "Auth-Session-State wants a whole number"},
        {{LIR, "--down", "a b"}, "a b: no row of `peers` lets it in"},
        {{LIR, "--from", "dra1.example.net"}, "no row of `peers` lets it in"},
        {{LIR, "--pending", "hss1.example.net"}, "--pending wants PEER=N"},
        {{"explain", FULL, "--realm", "a", "--application", "sap", "--command", "LIR"},
         "no application of requests: sap"},
        {{"explain", FULL, "--realm", "a", "--application", "sip", "--command", "XYZ"},
         "no command of the application: XYZ"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard *it = hear(command_explain, cases[i].arguments);
        cr_assert_eq(it->status, 2, "%s", cases[i].wanted);
        cr_assert_not_null(strstr(it->err, cases[i].wanted), "%s: %s", cases[i].wanted, it->err);
        cr_assert_str_empty(it->out);
        free(it);
    }
}

Test(explain, a_bad_configuration_ends_with_1_and_its_mistakes)
{
    struct heard *it = HEAR(command_explain, "explain", TEST_DATA "/conf/ten-mistakes.yaml",
                            "--realm", "a", "--application", "sip", "--command", "LIR");
    cr_assert_eq(it->status, 1);
    cr_assert_not_null(strstr(it->err, "ten-mistakes.yaml:"));
    free(it);
}

Test(explain, help_is_given)
{
    struct heard *it = HEAR(command_explain, "explain", "--help");
    cr_assert_eq(it->status, 0);
    cr_assert(strncmp(it->out, "usage: antipode explain FILE", 28) == 0);
    free(it);
}

/* --- by hex --- */

/* An LIR of ps1.sip.example.net for example.net, without a Session-Id. */
#define HEX_LIR                                                                                    \
    "# a comment\n01 00 00 50 c0:00:01:1d 00 00 00 06 00 00 00 01 00 00 00 02\n"                   \
    "00000108 4000001b 7073312e7369702e6578616d706c652e6e6574 00\n"                                \
    "0000011b 40000013 6578616d706c652e6e6574 00\n"                                                \
    "00000115 4000000c 00000001\n"

Test(explain, a_message_as_hex_is_explained_and_comes_from_its_origin_host)
{
    struct heard *it = hear_hex(HEX_LIR);
    cr_assert_eq(it->status, 0, "%s", it->err);
    expect_line(it->out,
                "from: ps1.sip.example.net, let in by *.sip.example.net (its Origin-Host)");
    cr_assert_not_null(strstr(it->out, "\nverdict: forwarded to hss"));
    free(it);
}

Test(explain, what_is_no_request_as_hex_ends_with_1)
{
    static const char *const cases[][2] = {
        {"0x", "pairs of hexadecimal digits are wanted"},
        {"012", "pairs of hexadecimal digits are wanted"},
        {"", "the message ends early"},
        {"01000014 c000011d 00000006 00000001", "the message ends early"},
        {"48545450 2f312e31", "no Diameter"},
        {"01000014 4000011d 00000006 00000001 00000001", "an answer"},
        {"01000014 80000118 00000000 00000001 00000001", "between two neighbours"},
        {"01000014 c000011d 00000006 00000001 00000001 01", "more than one message"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard *it = hear_hex(cases[i][0]);
        cr_assert_eq(it->status, 1, "%s", cases[i][1]);
        cr_assert_not_null(strstr(it->err, cases[i][1]), "%s: %s", cases[i][1], it->err);
        free(it);
    }
}

Test(explain, HDR_05_a_bad_length_or_version_is_answered_before_anything_is_read)
{
    struct heard *it = hear_hex("01000015 c000011d 00000006 00000001 00000001 00");
    cr_assert_eq(it->status, 0, "%s", it->err);
    expect_line(it->out, "verdict: answered 5015 DIAMETER_INVALID_MESSAGE_LENGTH, and the "
                         "connection is closed");
    free(it);
    it = hear_hex("02000014 c000011d 00000006 00000001 00000001");
    expect_line(it->out, "verdict: answered 5011 DIAMETER_UNSUPPORTED_VERSION, and the connection "
                         "is closed");
    free(it);
}

Test(explain, a_file_that_is_no_capture_ends_with_1)
{
    struct heard *it = HEAR(command_explain, "explain", FULL, "--pcap", FULL);
    cr_assert_eq(it->status, 1);
    cr_assert(strncmp(it->err, FULL ": ", strlen(FULL) + 2) == 0, "%s", it->err);
    free(it);
    it = HEAR(command_explain, "explain", FULL, "--pcap", "/nowhere");
    cr_assert_eq(it->status, 1);
    cr_assert_str_eq(it->err, "/nowhere: No such file or directory\n");
    free(it);
}
