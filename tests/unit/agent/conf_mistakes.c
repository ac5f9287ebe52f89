/* conf_mistakes.c — what is wrong with a file, its keys or its values is named with its line,
 * column and path. */
#include "conf_claims.h"

/* Each line of the file that ends with a mistake is named. */
Test(conf_mistakes, ten_mistakes_of_a_file_are_all_named_with_line_column_and_path)
{
    static const char expected[] =
        ":5:1: worker: no such key; did you mean `workers`?\n"
        ":7:32: listen[0].address: `10.0.0.300` is no IP address\n"
        ":9:13: timers.watchdog: 5s is outside of 6s to 1d\n"
        ":10:12: timers.request: a duration (a number and ms, s, m, h or d, no space) is wanted "
        "here, not `4 s`\n"
        ":12:3: log: a map of keys is wanted here\n"
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

Test(conf_mistakes, a_control_socket_is_a_path_from_the_root_that_the_system_takes)
{
    claim(FIVE "admin: { http: none, socket: none }\n", "");
    claim(FIVE "admin: { socket: /run/x.sock }\n", "");
    claim(FIVE "admin: { socket: x.sock }\n",
          "F:6:18: admin.socket: a path from the root, or `none`, is wanted\n");
    claim(FIVE "admin: { socket: /run/" SIXTY SIXTY " }\n",
          "F:6:18: admin.socket: longer than the 107 octets that a socket's path may have\n");
}

Test(conf_mistakes, a_complaint_is_one_line_whatever_the_file_holds)
{
    claim(FIVE "log: { level: \"a\\x7f\" }\n",
          "F:6:15: log.level: `a\\x7f` is none of: error, warn, info, debug\n");
}
