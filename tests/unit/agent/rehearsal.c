/* rehearsal.c — the made-up world, requests from words, and `antipode test`. */
#include "agent/rehearsal.h"

#include "agent/command_test.h"
#include "agent/rehearsal_request.h"
#include "heard.h"

#define EXPECT   TEST_DATA "/rehearsal/expect.yaml"
#define MISTAKES TEST_DATA "/rehearsal/mistakes.yaml"

/* --- who is there --- */

static const char head[] = "version: 1\nidentity: m.example\nrealm: example\n"
                           "listen: [{ transport: tcp, address: 127.0.0.1 }]\n";

struct fixture {
    struct conf *conf;
    struct rehearsal rehearsal;
};

static struct fixture set_up(const char *rest)
{
    char text[4096];
    struct fixture it;
    int size = snprintf(text, sizeof text, "%s%s", head, rest);
    it.conf = conf_load_octets("F", text, (size_t)size, stderr);
    cr_assert_not_null(it.conf);
    rehearsal_init(&it.rehearsal, it.conf);
    return it;
}

static void tear_down(struct fixture *it)
{
    rehearsal_fini(&it->rehearsal);
    conf_free(it->conf);
}

static bool is_let_in(struct fixture *it, const char *identity)
{
    rt_peer peer;
    return rehearsal_find(&it->rehearsal, dm_text(identity), &peer);
}

static struct rehearsal_outcome route(struct fixture *it, struct rehearsal_request request)
{
    size_t size;
    size_t wrong;
    char why[AVP_TEXT_WHY];
    rt_peer from = {0, 0};
    if (request.from)
        cr_assert(rehearsal_find(&it->rehearsal, dm_text(request.from), &from));
    request.application = 6;
    request.command = 285;
    uint8_t *octets = rehearsal_request_write(&it->rehearsal, &request, &size, &wrong, why);
    cr_assert_not_null(octets);
    struct rehearsal_outcome outcome =
        rehearsal_decide(&it->rehearsal, dm_bytes_of(octets, size), from, NULL);
    free(octets);
    return outcome;
}

static const char two_servers[] =
    "peers:\n"
    "  - { identity: s1.example, connect: { transport: tcp, address: 127.0.0.1, port: 1 } }\n"
    "  - { identity: s2.example }\n"
    "  - { identity: r1.example, role: agent }\n"
    "  - { identity: '*.clients.example' }\n"
    "pools:\n"
    "  - { name: servers, members: [{ peer: s1.example }, { peer: s2.example }] }\n"
    "  - { name: transit, members: [{ peer: r1.example }] }\n"
    "routes:\n"
    "  - { name: home, realm: example, action: relay, pool: servers }\n"
    "  - { name: far, realm: '*', action: relay, pool: transit }\n";

Test(rehearsal, rows_and_names_below_a_pattern_are_let_in_and_nobody_else)
{
    struct fixture it = set_up(two_servers);
    cr_assert(is_let_in(&it, "S1.example"));
    cr_assert(is_let_in(&it, "a.clients.example"));
    cr_assert_not(is_let_in(&it, "clients.example"));
    cr_assert_not(is_let_in(&it, "m.example"));
    cr_assert_not(is_let_in(&it, ""));
    tear_down(&it);
}

Test(rehearsal, with_unknown_peer_accept_strangers_are_let_in_when_named)
{
    struct fixture it =
        set_up("compatibility: { unknown_peer: accept }\n"
               "routes: [{ name: no, realm: '*', action: reject, result: 3003 }]\n");
    struct rehearsal_request request = {.realm = "example", .host = "stranger.example"};
    cr_assert_not(route(&it, request).is_forwarded);
    cr_assert(is_let_in(&it, "stranger.example"));
    cr_assert_not(is_let_in(&it, "m.example"));
    cr_assert_str_eq(route(&it, request).peer, "stranger.example");
    tear_down(&it);
}

Test(rehearsal, names_below_a_pattern_are_told_apart)
{
    struct fixture it = set_up(two_servers);
    for (unsigned i = 0; i < 1000; i++) {
        char name[64];
        rt_peer peer;
        rt_peer again;
        snprintf(name, sizeof name, "c%u.clients.example", i);
        cr_assert(rehearsal_find(&it.rehearsal, dm_text(name), &peer));
        cr_assert(rehearsal_find(&it.rehearsal, dm_text(name), &again));
        cr_assert(rt_peer_equal(peer, again));
        cr_assert_str_eq(it.rehearsal.peers[peer.slot].identity, name);
    }
    tear_down(&it);
}

Test(rehearsal, RTE_07_the_peer_it_comes_from_is_no_candidate)
{
    struct fixture it = set_up(two_servers);
    struct rehearsal_request request = {.realm = "far.away", .from = "r1.example"};
    cr_assert_eq(route(&it, request).result, DM_UNABLE_TO_DELIVER);
    tear_down(&it);
}

Test(rehearsal, SRV_04_roles_are_as_configured_or_as_rows_and_pools_show)
{
    struct fixture it = set_up(two_servers);
    struct rehearsal_request to_host = {.realm = "example", .host = "s9.example"};
    cr_assert_eq(route(&it, to_host).result, DM_UNABLE_TO_DELIVER, "a server is no agent");
    to_host.realm = "far.away";
    cr_assert_str_eq(route(&it, to_host).peer, "r1.example");
    tear_down(&it);
}

/* What a request for a host that is down, in a realm without a route, is answered. */
static enum dm_result result_without(struct fixture *it, const char *host)
{
    rt_peer peer;
    struct rehearsal_request request = {.realm = "no.where", .host = host};
    cr_assert(rehearsal_find(&it->rehearsal, dm_text(host), &peer));
    rehearsal_set_down(&it->rehearsal, peer);
    return route(it, request).result;
}

Test(rehearsal, who_is_down_is_a_peer_as_for_the_agent_unless_a_row_for_anybody_lets_him_in)
{
    struct fixture it = set_up("peers:\n"
                               "  - { identity: s1.example }\n"
                               "  - { identity: '*.clients.example' }\n"
                               "  - { identity: '*' }\n"
                               "routes: []\n");
    cr_assert_eq(result_without(&it, "s1.example"), DM_UNABLE_TO_DELIVER);
    cr_assert_eq(result_without(&it, "c1.clients.example"), DM_UNABLE_TO_DELIVER);
    cr_assert_eq(result_without(&it, "x.test"), DM_REALM_NOT_SERVED);
    tear_down(&it);
}

Test(rehearsal, what_its_own_row_refuses_is_refused)
{
    struct fixture it =
        set_up("peers:\n"
               "  - { identity: a.example, compatibility: { reserved_bits: refuse } }\n"
               "routes: []\n");
    uint8_t octets[DM_HEADER_SIZE] = {1, 0, 0, DM_HEADER_SIZE, 0xc1, 0, 1, 29, 0, 0, 0, 6};
    rt_peer from;
    cr_assert(rehearsal_find(&it.rehearsal, dm_text("a.example"), &from));
    dm_bytes message = dm_bytes_of(octets, sizeof octets);
    cr_assert_eq(rehearsal_decide(&it.rehearsal, message, from, NULL).result,
                 DM_INVALID_BIT_IN_HEADER);
    cr_assert_eq(rehearsal_decide(&it.rehearsal, message, (rt_peer){0, 0}, NULL).result,
                 DM_APPLICATION_UNSUPPORTED);
    tear_down(&it);
}

Test(rehearsal, the_largest_message_is_that_of_the_peers_row)
{
    struct fixture it = set_up("peers: [{ identity: a.example, limits: { message_size: 1000 } }]\n"
                               "limits: { message_size: 2000 }\nroutes: []\n");
    rt_peer from;
    cr_assert(rehearsal_find(&it.rehearsal, dm_text("a.example"), &from));
    cr_assert_eq(rehearsal_message_limit(&it.rehearsal, from), 1000);
    cr_assert_eq(rehearsal_message_limit(&it.rehearsal, (rt_peer){0, 0}), 2000);
    tear_down(&it);
}

/* --- AVPs from words --- */

struct written {
    bool is_good;
    struct dm_avp avp;
    uint8_t octets[512];
    char why[AVP_TEXT_WHY];
};

static void write_avp(struct written *it, const char *name, const char *value)
{
    static const struct dm_header header = {.version = 1};
    struct dm_writer writer;
    dm_writer_init(&writer, it->octets, sizeof it->octets);
    dm_write_header(&writer, &header);
    it->is_good = avp_text_write(&writer, name, value, it->why);
    size_t size = dm_writer_finish(&writer);
    struct dm_avps walk = dm_avps_of(dm_bytes_of(it->octets, size));
    if (it->is_good)
        cr_assert(dm_avps_next(&walk, &it->avp));
}

Test(avp_text, values_are_written_by_their_types)
{
    static const struct {
        const char *name;
        const char *value;
        uint32_t vendor;
        uint32_t code;
        const char *octets;
        size_t size;
    } cases[] = {
        {"SIP-AOR", "sip:a@b", 0, 122, "sip:a@b", 7},
        {"user-name", "x", 0, 1, "x", 1},
        {"Public-Identity", "", 10415, 601, "", 0},
        {"10415:601", "x", 10415, 601, "x", 1},
        {"263", "s", 0, 263, "s", 1},
        {"99999:7", "0x0A0b", 99999, 7, "\x0a\x0b", 2},
        {"99999:7", "text", 99999, 7, "text", 4},
        {"Auth-Session-State", "1", 0, 277, "\0\0\0\1", 4},
        {"Auth-Session-State", "-1", 0, 277, "\xff\xff\xff\xff", 4},
        {"Vendor-Id", "4294967295", 0, 266, "\xff\xff\xff\xff", 4},
        {"Host-IP-Address", "192.0.2.1", 0, 257, "\0\1\xc0\0\2\1", 6},
        {"Host-IP-Address", "::1", 0, 257, "\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 18},
        {"Event-Timestamp", "0", 0, 55, "\x83\xaa\x7e\x80", 4},
        {"Failed-AVP", "0x", 0, 279, "", 0},
        {"Failed-AVP/User-Name", "u", 0, 279, "\0\0\0\1\x40\0\0\x09u\0\0\0", 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct written it;
        write_avp(&it, cases[i].name, cases[i].value);
        cr_assert(it.is_good, "%s: %s", cases[i].name, it.why);
        cr_assert_eq(it.avp.vendor, cases[i].vendor);
        cr_assert_eq(it.avp.code, cases[i].code);
        cr_assert(dm_bytes_equal(it.avp.data, dm_bytes_of(cases[i].octets, cases[i].size)), "%s=%s",
                  cases[i].name, cases[i].value);
    }
}

Test(avp_text, wrong_names_and_values_are_refused_with_the_reason)
{
    static const char *const cases[][3] = {
        {"Nonsense", "x", "no AVP known by name"},
        {"", "x", "no AVP known by name"},
        {"1x", "x", "no AVP known by name"},
        {"4294967296", "x", "no AVP known by name"},
        {"1:2:3", "x", "no AVP known by name"},
        {"User-Name/User-Name", "x", "no group"},
        {"Failed-AVP/Nonsense", "x", "no AVP known by name"},
        {"Failed-AVP", "x", "a name of an AVP in it"},
        {"99999:7", "0xabc", "pairs of hexadecimal digits"},
        {"Vendor-Id", "4294967296", "a number of 32 bits"},
        {"Vendor-Id", "-1", "a number of 32 bits"},
        {"Vendor-Id", "", "a number of 32 bits"},
        {"Auth-Session-State", "2147483648", "a whole number"},
        {"Auth-Session-State", "NO_STATE_MAINTAINED", "a whole number"},
        {"Event-Timestamp", "now", "seconds since 1970"},
        {"Host-IP-Address", "a.example", "an IP address"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct written it;
        write_avp(&it, cases[i][0], cases[i][1]);
        cr_assert_not(it.is_good, "%s=%s", cases[i][0], cases[i][1]);
        cr_assert_not_null(strstr(it.why, cases[i][2]), "%s", it.why);
    }
}

Test(avp_text, groups_are_nested_to_a_bound)
{
    struct written it;
    write_avp(&it, "Failed-AVP/Failed-AVP/Failed-AVP/User-Name", "u");
    cr_assert(it.is_good);
    cr_assert_eq(it.avp.data.size, 28);
    write_avp(&it,
              "279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/279/1",
              "u");
    cr_assert_not(it.is_good);
}

/* --- antipode test --- */

Test(test, expectations_that_are_fulfilled_are_ok)
{
    struct heard *it = HEAR(command_test, "test", FULL, EXPECT);
    cr_assert_eq(it->status, 0, "%s%s", it->out, it->err);
    expect_line(it->out, "ok alice is served in the east, even without hss1");
    expect_line(it->out, "19 requests: 19 ok, 0 not ok");
    free(it);
}

/* Runs it with an EXPECT.yaml of this text. */
static struct heard *hear_expect(const char *text)
{
    char name[] = "/tmp/antipode-expect-XXXXXX";
    int file = mkstemp(name);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    struct heard *heard = HEAR(command_test, "test", FULL, name);
    unlink(name);
    return heard;
}

Test(test, what_is_otherwise_is_named_and_ends_with_1)
{
    struct heard *it =
        hear_expect("- name: a wish\n"
                    "  request: { realm: far.example, application: sip, command: LIR }\n"
                    "  expect: { route: sip-home, action: relay, peer: hss1.example.net }\n"
                    "- name: a fact\n"
                    "  request: { realm: far.example, application: sip, command: LIR }\n"
                    "  expect: { result: 3003 }\n");
    cr_assert_eq(it->status, 1);
    expect_line(it->out, "not ok a wish: expected route sip-home, got rest; expected action relay, "
                         "got reject; expected peer hss1.example.net, got -");
    expect_line(it->out, "ok a fact");
    expect_line(it->out, "2 requests: 1 ok, 1 not ok");
    free(it);
}

Test(test, no_request_knows_of_another)
{
    struct heard *it =
        hear_expect("- name: down\n"
                    "  request: { realm: example.net, application: sip, command: LIR }\n"
                    "  down: [hss1.example.net, hss2.example.net, hss3.example.net]\n"
                    "  expect: { result: 3002 }\n"
                    "- name: up\n"
                    "  request: { realm: example.net, application: sip, command: LIR }\n"
                    "  expect: { pool: hss-east }\n");
    cr_assert_eq(it->status, 0, "%s", it->out);
    free(it);
}

Test(test, a_request_above_message_size_is_refused)
{
    char *text = calloc(1, 2 * 1024 * 1024);
    strcpy(text, "- name: large\n"
                 "  expect: { result: 5015 }\n"
                 "  request: { realm: example.net, application: sip, command: LIR, avps: { 1: x");
    memset(text + strlen(text), 'x', 1024 * 1024);
    strcat(text, " } }\n");
    struct heard *it = hear_expect(text);
    cr_assert_eq(it->status, 0, "%s%s", it->out, it->err);
    free(it);
    free(text);
}

Test(test, mistakes_of_the_file_are_all_named_with_their_places)
{
    static const char *const lines[] = {
        "2:12: [0].request.command: is missing",
        "2:52: [0].request.comand: no such key; did you mean `command`?",
        "3:3: [0].expected: no such key; did you mean `expect`?",
        "1:3: [0].expect: is missing",
        "4:3: [1].name: is missing",
        "4:61: [1].request.command: `XYZ` is no command of application 6; its code would do",
        "4:84: [1].request.avps.SIP-AORR: `SIP-AORR` is no AVP known by name; CODE or "
        "VENDOR:CODE would do",
        "4:107: [1].request.avps.Auth-Session-State: Auth-Session-State wants a whole number, not "
        "`stateless`",
        "6:20: [1].expect.route: there is no route `sip-hom`; did you mean `sip-home`?",
        "6:35: [1].expect.pool: there is no pool `nowhere`",
        "8:12: [2].request: a map of keys is wanted here",
        "9:32: [2].pending: a number is wanted here, not `-1`",
        "10:11: [2].expect: nothing is expected here",
        "12:61: [3].request.command: `DWR` is between two neighbours: it is not routed",
        "13:27: [3].expect.result: given twice, first in line 13",
    };
    struct heard *it = HEAR(command_test, "test", FULL, MISTAKES);
    cr_assert_eq(it->status, 1);
    cr_assert_str_empty(it->out);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[256];
        snprintf(line, sizeof line, MISTAKES ":%s", lines[i]);
        expect_line(it->err, line);
    }
    free(it);
}

Test(test, a_wrong_command_line_ends_with_2_and_a_missing_file_with_1)
{
    struct heard *it = HEAR(command_test, "test", FULL);
    cr_assert_eq(it->status, 2);
    free(it);
    it = HEAR(command_test, "test", FULL, "/nowhere");
    cr_assert_eq(it->status, 1);
    cr_assert_str_eq(it->err, "/nowhere: No such file or directory\n");
    free(it);
    it = HEAR(command_test, "test", "/nowhere", EXPECT);
    cr_assert_eq(it->status, 1);
    free(it);
}
