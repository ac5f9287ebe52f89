/* conf_mistakes.c — every mistake is named with its line, column and path. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/conf.h"

/* Five good lines, so that what is added begins in line 6; and four, for tests that bring their
 * routes. */
#define FOUR                                                                                       \
    "version: 1\n"                                                                                 \
    "identity: dra1.example.net\n"                                                                 \
    "realm: example.net\n"                                                                         \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
#define SIXTY "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define FIVE  FOUR "routes: []\n"
#define PEERS "peers: [{ identity: h1.example.net }, { identity: \"*.sip.example.net\" }]\n"
#define POOL  "pools: [{ name: east, members: [{ peer: h1.example.net }] }]\n"

static char *complaints_of(const void *octets, size_t size)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    conf_free(conf_load_octets("F", octets, size, to));
    fclose(to);
    return complaints;
}

static void claim_size(const void *octets, size_t size, const char *expected)
{
    char *complaints = complaints_of(octets, size);
    cr_assert_str_eq(complaints, expected);
    free(complaints);
}

static void claim(const char *text, const char *expected)
{
    claim_size(text, strlen(text), expected);
}

static char *file_complaints(const char *path)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    conf_free(conf_load(path, to));
    fclose(to);
    return complaints;
}

/* Each line of the file that ends with a mistake is named. */
Test(conf_mistakes, ten_mistakes_of_a_file_are_all_named_with_line_column_and_path)
{
    static const char expected[] =
        ":5:1: worker: no such key; did you mean `workers`?\n"
        ":7:32: listen[0].address: `10.0.0.300` is no IP address\n"
        ":9:13: timers.watchdog: 5s is outside of 6s to 1d\n"
        ":10:12: timers.request: a duration (a number and ms, s, m, h or d, no space) is wanted "
        "here, not `4 s`\n"
        ":11:1: tls: not built yet: leave `tls` out\n"
        ":15:58: peers[0].connect.port: 70000 is outside of 1 to 65535\n"
        ":18:5: peers[1].realm: given twice, first in line 17\n"
        ":21:13: pools[0].select: `stikcy` is none of: sticky, round_robin, least_pending\n"
        ":24:17: pools[0].members[1].peer: `hss9.example.net` is not in `peers`; did you mean "
        "`hss2.example.net`?\n"
        ":26:64: routes[0].pool: there is no pool `hss-eats`; did you mean `hss-east`?\n";
    static const char path[] = TEST_DATA "/conf/ten-mistakes.yaml";
    char *complaints = file_complaints(path);
    const char *want = expected;
    const char *got = complaints;
    while (*want) {
        size_t size = strcspn(want, "\n") + 1;
        cr_assert_eq(strncmp(got, path, strlen(path)), 0, "%s", got);
        got += strlen(path);
        cr_assert_eq(strncmp(got, want, size), 0, "wanted %.*sgot %s", (int)size, want, got);
        got += size;
        want += size;
    }
    cr_assert_str_eq(got, "");
    free(complaints);
}

/* Files. */

Test(conf_mistakes, a_file_that_is_not_there_is_one_line)
{
    char *complaints = file_complaints("/nowhere/at/all.yaml");
    cr_assert_str_eq(complaints, "/nowhere/at/all.yaml: No such file or directory\n");
    free(complaints);
}

Test(conf_mistakes, a_directory_is_one_line)
{
    char *complaints = file_complaints("/");
    cr_assert_str_eq(complaints, "/: Is a directory\n");
    free(complaints);
}

Test(conf_mistakes, a_file_without_end_is_refused)
{
    char *complaints = file_complaints("/dev/zero");
    cr_assert_str_eq(complaints, "/dev/zero: larger than 8 MiB\n");
    free(complaints);
}

Test(conf_mistakes, an_empty_file_is_refused)
{
    claim("", "F:1:1: the file is empty\n");
    claim("# nothing\n", "F:1:1: the file is empty\n");
}

/* YAML. */

Test(conf_mistakes, a_syntax_error_has_its_place)
{
    claim(FIVE "timers: { connect: 5s\nlog: {}\n",
          "F:7:4: while parsing a flow mapping, did not find expected ',' or '}'\n");
}

Test(conf_mistakes, octets_that_are_no_text_have_a_place)
{
    claim_size("version: \xff\xfe\n", 12, "F:1:10: invalid leading UTF-8 octet\n");
}

Test(conf_mistakes, aliases_are_refused)
{
    claim("version: &a 1\nidentity: *a\n", "F:2:11: aliases are not understood\n");
    claim("&a [*a]\n", "F:1:5: aliases are not understood\n");
}

Test(conf_mistakes, tags_are_refused)
{
    claim("version: !!int 1\n", "F:1:10: tags are not understood\n");
    claim("version: !x {}\n", "F:1:10: tags are not understood\n");
}

Test(conf_mistakes, depth_is_bounded)
{
    claim("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "F:1:17: nested deeper than 16 levels\n");
}

Test(conf_mistakes, a_second_document_is_refused)
{
    claim("version: 1\n---\nversion: 1\n", "F:2:1: a second document begins here\n");
}

Test(conf_mistakes, a_zero_octet_in_a_text_is_refused)
{
    claim("version: \"1\\0\"\n", "F:1:10: a control character stands in this text\n");
    claim("version: 1\n# \x01\n", "F:2:3: control characters are not allowed\n");
}

Test(conf_mistakes, a_file_that_is_no_map_is_refused)
{
    claim("[1]", "F:1:1: a map of keys is wanted here\n");
}

/* Keys. */

Test(conf_mistakes, what_is_required_and_missing_is_named)
{
    claim("{}\n", "F:1:1: version: is missing\n"
                  "F:1:1: identity: is missing\n"
                  "F:1:1: realm: is missing\n"
                  "F:1:1: listen: is missing\n"
                  "F:1:1: routes: is missing\n");
}

Test(conf_mistakes, an_unknown_key_is_named_with_the_nearest_known_one)
{
    claim(FIVE "timers: { watchdgo: 30s }\n",
          "F:6:11: timers.watchdgo: no such key; did you mean `watchdog`?\n");
    claim(FIVE "zebra: 1\n", "F:6:1: zebra: no such key\n");
}

Test(conf_mistakes, a_key_that_is_no_word_is_refused)
{
    claim(FIVE "? [a]\n: 1\n", "F:6:3: a key must be a word\n");
}

Test(conf_mistakes, a_key_given_twice_is_named_with_its_first_line)
{
    claim(FIVE "workers: 1\nworkers: 2\n", "F:7:1: workers: given twice, first in line 6\n");
}

Test(conf_mistakes, another_version_is_refused)
{
    claim("version: 2\nidentity: a.b\nrealm: b\nlisten: [{ transport: tcp, address: \"::1\" }]\n"
          "routes: []\n",
          "F:1:10: version: this program reads version 1, not `2`\n");
}

/* Values. */

Test(conf_mistakes, a_map_for_a_value_is_refused)
{
    claim(FIVE "workers: {}\n", "F:6:10: workers: one value is wanted here, not a map\n");
    claim(FIVE "timers: 5s\n", "F:6:9: timers: a map of keys is wanted here\n");
    claim(FIVE "peers: none\n", "F:6:8: peers: a list is wanted here\n");
}

Test(conf_mistakes, numbers_have_digits_and_a_range)
{
    claim(FIVE "workers: many\n", "F:6:10: workers: a number is wanted here, not `many`\n");
    claim(FIVE "workers: \"2\"\n", "F:6:10: workers: a number is wanted here, not `2`\n");
    claim(FIVE "workers: 0\n", "F:6:10: workers: 0 is outside of 1 to 64\n");
    claim(FIVE "workers: -1\n", "F:6:10: workers: a number is wanted here, not `-1`\n");
    claim(FIVE "workers: 99999999999999999999\n",
          "F:6:10: workers: a number is wanted here, not `99999999999999999999`\n");
}

Test(conf_mistakes, WDG_02_a_watchdog_below_six_seconds_is_refused)
{
    claim(FIVE "timers: { watchdog: 5999ms }\n",
          "F:6:21: timers.watchdog: 5999ms is outside of 6s to 1d\n");
    claim(FIVE "peers: [{ identity: h1, timers: { watchdog: 5s } }]\n",
          "F:6:45: peers[0].timers.watchdog: 5s is outside of 6s to 1d\n");
}

Test(conf_mistakes, durations_have_a_unit_and_no_space)
{
    const char *wrong[] = {"5", "5 s", "s", "5sec", "1.5s", "213504d", "\"\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[512];
        snprintf(text, sizeof text, FIVE "timers: { connect: %s }\n", wrong[i]);
        char *complaints = complaints_of(text, strlen(text));
        static const char head[] = "F:6:20: timers.connect: a duration";
        cr_assert_eq(strncmp(complaints, head, strlen(head)), 0, "%s", complaints);
        free(complaints);
    }
}

Test(conf_mistakes, sizes_are_octets_or_have_a_unit)
{
    claim(FIVE "limits: { memory: 64MB }\n",
          "F:6:19: limits.memory: a size (octets, or a number and KiB, MiB or GiB, no space) is "
          "wanted here, not `64MB`\n");
    claim(FIVE "limits: { message_size: 16MiB }\n",
          "F:6:25: limits.message_size: 16MiB is outside of 512 to 16777212\n");
}

Test(conf_mistakes, a_word_that_is_none_of_the_words_is_refused)
{
    claim(FIVE "log: { level: verbose }\n",
          "F:6:15: log.level: `verbose` is none of: error, warn, info, debug\n");
    claim(FIVE "compatibility: { error_echo: yes }\n",
          "F:6:30: compatibility.error_echo: true or false is wanted here, not `yes`\n");
}

Test(conf_mistakes, AVP_22_identities_are_ascii_names)
{
    claim("version: 1\nidentity: a..b\nrealm: \"*\"\n"
          "listen: [{ transport: tcp, address: \"::1\" }]\nroutes: []\n",
          "F:2:11: identity: `a..b` is no name of a host or realm\n"
          "F:3:8: realm: `*` is no name of a host or realm\n");
}

Test(conf_mistakes, a_minimum_above_its_maximum_is_refused)
{
    claim(FIVE "timers: { reconnect: { minimum: 1m } }\n",
          "F:6:22: timers.reconnect: the minimum is above the maximum\n");
}

Test(conf_mistakes, an_application_without_a_known_name_wants_its_number)
{
    claim(FIVE "advertise: [sip, gx7]\n",
          "F:6:18: advertise[1]: `gx7` is no application known by name; its number would do\n");
    claim(FIVE "advertise: [relay]\n",
          "F:6:12: advertise: nothing is left: no route relays or redirects\n");
}

/* Listeners and peers. */

Test(conf_mistakes, a_listener_given_twice_is_refused)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\nlisten:\n"
          "  - { transport: tcp, address: 127.0.0.1 }\n"
          "  - { transport: tcp, address: 127.0.0.1, port: 3868 }\n",
          "F:7:5: listen[1]: the same as listen[0]\n");
}

Test(conf_mistakes, somebody_must_be_listened_to)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\nlisten: []\n",
          "F:5:9: listen: 1 to 64 listeners are wanted here\n");
}

Test(conf_mistakes, cleartext_beyond_loopback_can_be_refused)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\ncleartext: refuse\n"
          "listen: [{ transport: tcp, address: 10.0.0.1 }]\n"
          "peers: [{ identity: h1, connect: { transport: tcp, address: 10.0.0.2 } }]\n",
          "F:6:37: listen[0].address: beyond loopback without TLS, which `cleartext: refuse` "
          "forbids\n"
          "F:7:61: peers[0].connect.address: beyond loopback without TLS, which `cleartext: "
          "refuse` forbids\n");
}

Test(conf_mistakes, a_peer_given_twice_is_refused_whatever_its_case)
{
    claim(FIVE "peers:\n  - { identity: h1.example.net }\n  - { identity: H1.example.net }\n",
          "F:8:17: peers[1].identity: `h1.example.net` is given twice, first in line 7\n");
}

Test(conf_mistakes, the_agent_is_not_its_own_peer)
{
    claim(FIVE "peers: [{ identity: DRA1.example.net }]\n",
          "F:6:21: peers[0].identity: is the agent's own\n");
}

Test(conf_mistakes, a_pattern_cannot_be_dialled)
{
    claim(FIVE "peers:\n  - identity: \"*.example.net\"\n"
               "    connect: { transport: tcp, address: 127.0.0.1 }\n",
          "F:8:14: peers[0].connect: a pattern cannot be dialled: it names no host\n");
}

Test(conf_mistakes, a_star_stands_for_whole_labels_only)
{
    claim(FIVE "peers: [{ identity: \"h*.example.net\" }]\n",
          "F:6:21: peers[0].identity: `h*.example.net` is no name of a host or realm, nor \"*.\" "
          "and such a name, nor \"*\"\n");
}

Test(conf_mistakes, networks_have_a_prefix_that_fits)
{
    claim(FIVE
          "peers: [{ identity: \"*\", from: [10.0.0.0/33, \"fd00::/129\", home, \"::1/\"] }]\n",
          "F:6:33: peers[0].from[0]: `10.0.0.0/33` is no network: an IP address, or one with "
          "/prefix\n"
          "F:6:46: peers[0].from[1]: `fd00::/129` is no network: an IP address, or one with "
          "/prefix\n"
          "F:6:60: peers[0].from[2]: `home` is no network: an IP address, or one with /prefix\n"
          "F:6:66: peers[0].from[3]: `::1/` is no network: an IP address, or one with /prefix\n");
}

Test(conf_mistakes, what_the_program_has_once_is_not_set_for_one_peer)
{
    claim(FIVE "peers: [{ identity: h1, limits: { memory: 1GiB } }]\n",
          "F:6:43: peers[0].limits.memory: not built yet: for one peer; it is the whole "
          "program's\n");
}

/* Pools. */

Test(conf_mistakes, a_member_must_be_a_peer)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: h2.example.net }] }]\n",
          "F:7:41: pools[0].members[0].peer: `h2.example.net` is not in `peers`; did you mean "
          "`h1.example.net`?\n");
}

Test(conf_mistakes, a_member_is_no_pattern)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: \"*.sip.example.net\" }] }]\n",
          "F:7:41: pools[0].members[0].peer: a member is one peer, not a pattern\n");
}

Test(conf_mistakes, a_member_stands_once_in_a_pool)
{
    claim(FIVE PEERS "pools:\n  - name: east\n    members:\n      - { peer: h1.example.net }\n"
                     "      - { peer: H1.example.net, weight: 1 }\n",
          "F:11:17: pools[0].members[1].peer: is a member already, members[0]\n");
}

Test(conf_mistakes, a_pool_has_members)
{
    claim(FIVE "pools: [{ name: east, members: [] }]\n",
          "F:6:32: pools[0].members: 1 to 255 members are wanted here\n");
    claim(FIVE "pools: [{ name: east }]\n", "F:6:9: pools[0].members: is missing\n");
}

Test(conf_mistakes, pools_have_different_names)
{
    claim(FIVE PEERS POOL "pools2: []\n", "F:8:1: pools2: no such key; did you mean `pools`?\n");
    claim(FIVE PEERS "pools:\n  - { name: east, members: [{ peer: h1.example.net }] }\n"
                     "  - { name: east, members: [{ peer: h1.example.net }] }\n",
          "F:9:13: pools[1].name: `east` is given twice, first in line 8\n");
}

Test(conf_mistakes, a_weight_is_at_least_one)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: h1.example.net, weight: 0 }] }]\n",
          "F:7:65: pools[0].members[0].weight: 0 is outside of 1 to 65535\n");
}

Test(conf_mistakes, results_that_are_tried_again_are_errors)
{
    claim(FIVE PEERS "pools:\n  - name: east\n    retry: { results: [2001, timeout, busy] }\n"
                     "    members: [{ peer: h1.example.net }]\n",
          "F:9:24: pools[0].retry.results[0]: 2001 is outside of 3000 to 5999\n"
          "F:9:39: pools[0].retry.results[2]: a number is wanted here, not `busy`\n");
}

/* Routes. */

#define ROUTE(text) FOUR PEERS POOL "routes:\n  - { name: r, realm: example.net, " text " }\n"

Test(conf_mistakes, a_relay_needs_a_pool_and_has_no_result)
{
    claim(ROUTE("action: relay, result: 3003"),
          "F:8:5: routes[0].pool: is missing: `action: relay` needs one\n"
          "F:8:59: routes[0].result: `action: relay` has no use for a result\n");
}

Test(conf_mistakes, a_rejection_needs_a_result_and_has_no_pool)
{
    claim(ROUTE("action: reject, pool: east"),
          "F:8:5: routes[0].result: is missing: `action: reject` needs one\n"
          "F:8:58: routes[0].pool: `action: reject` has no use for a pool\n");
}

Test(conf_mistakes, a_rejection_is_an_error)
{
    claim(ROUTE("action: reject, result: 2001"),
          "F:8:60: routes[0].result: 2001 is outside of 3000 to 5999\n");
}

Test(conf_mistakes, a_command_is_known_in_its_application)
{
    claim(ROUTE("application: sip, commands: [UAR, ULR], action: relay, pool: east"),
          "F:8:70: routes[0].commands[1]: `ULR` is no command of application 6; its code would "
          "do\n");
    claim(ROUTE("commands: [UAR], action: relay, pool: east"),
          "F:8:47: routes[0].commands[0]: `UAR`: a name wants an `application`; its code would "
          "do\n");
    claim(ROUTE("commands: [16777216], action: relay, pool: east"),
          "F:8:47: routes[0].commands[0]: `16777216` is no command code: they have 24 bits\n");
}

Test(conf_mistakes, an_unreadable_application_is_complained_about_once)
{
    claim(ROUTE("application: sipp, commands: [UAR], action: relay, pool: east"),
          "F:8:49: routes[0].application: `sipp` is no application known by name; its number "
          "would do\n");
}

Test(conf_mistakes, routes_have_different_names)
{
    claim(FOUR "routes:\n  - { name: r, realm: a, action: reject, result: 3003 }\n"
               "  - { name: r, realm: b, action: reject, result: 3003 }\n",
          "F:7:13: routes[1].name: `r` is given twice, first in line 6\n");
}

/* What a peer may send. */

Test(conf_mistakes, what_a_screen_holds_must_mean_something)
{
    claim(FIVE
          "peers:\n  - identity: h1\n    screen: { origin_realms: [], commands: [LIR, 16777216] }\n"
          "    applications: [relay]\n    rate: { burst: 5 }\n",
          "F:8:30: peers[0].screen.origin_realms: no realm at all; left out: any\n"
          "F:8:45: peers[0].screen.commands[0]: `LIR`: a name wants `applications`; its code would "
          "do\n"
          "F:8:50: peers[0].screen.commands[1]: `16777216` is no command code: they have 24 bits\n"
          "F:9:19: peers[0].applications: no request is of the application `relay`\n"
          "F:10:11: peers[0].rate.requests: is missing\n");
    claim(FIVE "peers:\n  - { identity: h1, screen: { commands: [LIR, 285] } }\n",
          "F:7:42: peers[0].screen.commands[0]: `LIR`: a name wants `applications`; its code would "
          "do\n");
}

/* Pools of groups. */

#define MEMBERS(members)                                                                           \
    "pools:\n  - name: east\n    data: partitioned\n    members: [" members "]\n"

Test(conf_mistakes, every_member_of_a_partitioned_pool_has_a_group_and_of_a_mirrored_one_none)
{
    claim(FIVE PEERS MEMBERS("{ peer: h1.example.net, group: a }"), "");
    claim(FIVE PEERS MEMBERS("{ peer: h1.example.net }"),
          "F:10:15: pools[0].members[0].group: is missing: `data: partitioned` needs one\n");
    claim(FIVE PEERS "pools:\n  - { name: east, members: [{ peer: h1.example.net, group: a }] }\n",
          "F:8:60: pools[0].members[0].group: `data: mirrored` has no groups\n");
}

Test(conf_mistakes, only_a_proxy_searches_and_only_groups)
{
    claim(
        FIVE PEERS "pools:\n  - { name: east, unknown_user: search, members: [{ peer: "
                   "h1.example.net }] }\n",
        "F:8:33: pools[0].unknown_user: `search` is for `data: partitioned`: mirrors all know the "
        "same users\n");
    claim(FOUR PEERS "pools:\n  - { name: east, unknown_user: search, data: partitioned,\n"
                     "      members: [{ peer: h1.example.net, group: a }] }\n"
                     "routes:\n  - { name: r, realm: a, action: relay, pool: east }\n"
                     "  - { name: s, realm: b, action: proxy, pool: east }\n",
          "F:10:47: routes[0].pool: `east` searches for unknown users, which only `action: proxy` "
          "does\n");
}

/* What the contract has and this version has not. */

Test(conf_mistakes, keys_not_built_yet_are_refused_by_name)
{
    static const char *const keys[] = {"tls", "sctp", "dns"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char text[512];
        char expected[128];
        snprintf(text, sizeof text, FIVE "%s: {}\n", keys[i]);
        snprintf(expected, sizeof expected, "F:6:1: %s: not built yet: leave `%s` out\n", keys[i],
                 keys[i]);
        claim(text, expected);
    }
}

Test(conf_mistakes, transports_not_built_yet_are_refused_by_name)
{
    claim(FIVE "peers:\n  - identity: h1\n    transports: [tcp, tls]\n"
               "    connect: { transport: sctp, address: [10.0.0.1, 10.0.0.2], udp_port: none }\n",
          "F:8:23: peers[0].transports[1]: not built yet: `tls`\n"
          "F:9:27: peers[0].connect.transport: not built yet: `sctp`\n"
          "F:9:42: peers[0].connect.address: not built yet: several addresses; tcp has one\n"
          "F:9:64: peers[0].connect.udp_port: not built yet: leave `udp_port` out\n");
}

Test(conf_mistakes, names_in_addresses_are_not_built_yet)
{
    claim(FIVE "peers: [{ identity: h1, connect: { transport: tcp, address: hss.example.net } }]\n",
          "F:6:61: peers[0].connect.address: not built yet: names; give an IP address, not "
          "`hss.example.net`\n");
}

Test(conf_mistakes, a_control_socket_is_a_path_from_the_root_that_the_system_takes)
{
    claim(FIVE "admin: { http: none, socket: none }\n", "");
    claim(FIVE "admin: { socket: /run/x.sock }\n", "");
    claim(FIVE "admin: { socket: x.sock }\n",
          "F:6:18: admin.socket: a path from the root, or `none`, is wanted\n");
    claim(FIVE "admin: { socket: /run/" SIXTY SIXTY " }\n",
          "F:6:18: admin.socket: longer than the 107 octets that a socket's path may have\n");
}

Test(conf_mistakes, bindings_have_room_and_a_time_to_live)
{
    claim(FIVE "users: { bindings: { lifetime: 10ms, capacity: 1 } }\n",
          "F:6:32: users.bindings.lifetime: 10ms is outside of 1s to 365d\n"
          "F:6:48: users.bindings.capacity: 1 is outside of 16 to 100000000\n");
}

#define REDIS(keys) FIVE "users: { bindings: { store: redis, " keys " } }\n"

Test(conf_mistakes, bindings_in_redis_need_to_know_where)
{
    claim(REDIS("nodes: [ '127.0.0.1:6379' ]"), "");
    claim(REDIS("nodes: [ '10.0.0.1:6379', '[fd00::1]:6380' ], cluster: true, timeout: 5ms"), "");
    claim(FIVE "users: { bindings: { store: redis } }\n",
          "F:6:20: users.bindings.nodes: is missing: `store: redis` needs to know where\n");
    claim(REDIS("nodes: []"), "F:6:43: users.bindings.nodes: 1 to 32 nodes are wanted here\n");
    claim(REDIS("nodes: [ '10.0.0.1:1', '10.0.0.2:1' ]"),
          "F:6:43: users.bindings.nodes: several nodes are a cluster: say `cluster: true`\n");
    claim(REDIS("nodes: [ '10.0.0.1:1' ], timeout: 0ms"),
          "F:6:70: users.bindings.timeout: 0ms is outside of 1ms to 10s\n");
}

Test(conf_mistakes, a_node_is_an_address_with_a_port)
{
    static const char *const bad[] = {
        "redis.example:6379", "10.0.0.1",        "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536",
        "::1:6379",           "[10.0.0.1]:6379", "[]:1",      ":1"};
    char text[300], wrong[300];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, REDIS("nodes: [ '%s' ]"), bad[i]);
        snprintf(wrong, sizeof wrong,
                 "F:6:45: users.bindings.nodes[0]: `%s` is no IP address with a port, like "
                 "192.0.2.1:6379\n",
                 bad[i]);
        claim(text, wrong);
    }
}

Test(conf_mistakes, a_password_is_the_first_line_of_its_file)
{
    claim(REDIS("nodes: [ '127.0.0.1:1' ], password_file: none"), "");
    claim(
        REDIS("nodes: [ '127.0.0.1:1' ], password_file: /dev/null"),
        "F:6:77: users.bindings.password_file: /dev/null: a line of 1 to 512 characters is wanted "
        "there\n");
    claim(REDIS("nodes: [ '127.0.0.1:1' ], password_file: /no/where"),
          "F:6:77: users.bindings.password_file: /no/where: No such file or directory\n");
}

Test(conf_mistakes, keys_of_redis_say_nothing_of_a_memory)
{
    claim(FIVE "users: { bindings: { timeout: 20ms } }\n",
          "F:6:31: users.bindings.timeout: is for `store: redis`\n");
}

/* Redirects. */

Test(conf_mistakes, a_redirect_says_to_whom)
{
    claim(ROUTE("action: redirect"), "F:8:5: routes[0].redirect: is missing: `action: redirect` "
                                     "needs one\n");
    claim(ROUTE("action: redirect, redirect: {}"),
          "F:8:64: routes[0].redirect: either `to` or `subscribers` is wanted here\n");
    claim(ROUTE("action: redirect, redirect: { to: [] }"),
          "F:8:70: routes[0].redirect.to: 1 to 32 hosts are wanted here\n");
}

Test(conf_mistakes, AVP_23_a_redirect_is_to_diameter_uris)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1, \"aaa://h;transport=udp\"] }"),
          "F:8:75: routes[0].redirect.to[1]: `aaa://h;transport=udp` is no DiameterURI, like "
          "aaa://host.example:3868;transport=tcp\n");
}

Test(conf_mistakes, RDR_02_a_usage_goes_with_a_time)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL_USER }"),
          "F:8:64: routes[0].redirect.cache: is missing: a `usage` that is cached needs one\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], cache: 5s }"),
          "F:8:83: routes[0].redirect.cache: `usage: DONT_CACHE` has no use for it\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL_USER, cache: 1500ms }"),
          "F:8:100: routes[0].redirect.cache: whole seconds are wanted here\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: 7 }"),
          "F:8:83: routes[0].redirect.usage: `7` is none of: DONT_CACHE, ALL_SESSION, ALL_REALM, "
          "REALM_AND_APPLICATION, ALL_APPLICATION, ALL_HOST, ALL_USER\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL, cache: 5s }"),
          "F:8:83: routes[0].redirect.usage: `ALL` is none of: DONT_CACHE, ALL_SESSION, ALL_REALM, "
          "REALM_AND_APPLICATION, ALL_APPLICATION, ALL_HOST, ALL_USER\n");
}

Test(conf_mistakes, a_redirect_has_no_use_for_a_pool_or_a_result_and_others_none_for_it)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1] }, pool: east, result: 3003"),
          "F:8:84: routes[0].pool: `action: redirect` has no use for a pool\n"
          "F:8:98: routes[0].result: `action: redirect` has no use for a result\n");
    claim(ROUTE("action: relay, pool: east, redirect: { to: [h1] }"),
          "F:8:73: routes[0].redirect: is for `action: redirect` only\n");
}

Test(conf_mistakes, redirects_are_followed_so_far_and_by_these_applications)
{
    claim(FIVE "redirects: { hops: 0 }\n", "F:6:20: redirects.hops: 0 is outside of 1 to 7\n");
    claim(FIVE "redirects: { realm_redirect: [relay], hosts: [\"a..b\"] }\n",
          "F:6:31: redirects.realm_redirect[0]: no request is of the application `relay`\n"
          "F:6:47: redirects.hosts[0]: `a..b` is no name of a host or realm, nor \"*.\" and such a "
          "name, nor \"*\"\n");
}

Test(conf_mistakes, a_complaint_is_one_line_whatever_the_file_holds)
{
    claim(FIVE "log: { level: \"a\\x7f\" }\n",
          "F:6:15: log.level: `a\\x7f` is none of: error, warn, info, debug\n");
}
