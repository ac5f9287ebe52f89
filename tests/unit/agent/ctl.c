/* ctl.c — the command line of `antipode ctl`, and what it shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "agent/command_ctl.h"
#include "agent/control_command.h"
#include "agent/ctl_show.h"
#include "agent/ctl_table.h"

/* --- tables --- */

static char *printed(struct ctl_table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    ctl_table_print(table, to);
    fclose(to);
    ctl_table_free(table);
    return text;
}

Test(ctl_table, columns_are_as_wide_as_what_stands_in_them)
{
    static const char *const titles[] = {"PEER", "N ", "STATE"};
    struct ctl_table *table = ctl_table_new(3, titles);
    const char *cells[] = {"hss1.example.net", "7", "open", "a", "1234", "closed"};
    for (size_t i = 0; i < 6; i++)
        ctl_table_put(table, "%s", cells[i]);
    char *text = printed(table);
    cr_assert_str_eq(text, "PEER                 N  STATE\n"
                           "hss1.example.net     7  open\n"
                           "a                 1234  closed\n");
    free(text);
}

Test(ctl_table, without_rows_there_are_its_titles)
{
    static const char *const titles[] = {"A", "B "};
    char *text = printed(ctl_table_new(2, titles));
    cr_assert_str_eq(text, "A  B\n");
    free(text);
}

/* --- answers --- */

static char *shown(const char *command, const char *answer)
{
    char *text = NULL;
    size_t size = 0;
    json_t *json = json_loads(answer, 0, NULL);
    FILE *to = open_memstream(&text, &size);
    cr_assert_not_null(json);
    ctl_show(command, json, to);
    fclose(to);
    json_decref(json);
    return text;
}

static void expect_shown(const char *command, const char *answer, const char *expected)
{
    char *text = shown(command, answer);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(ctl_show, pending_is_a_table_and_the_ledger)
{
    expect_shown("pending",
                 "{\"peers\":[{\"peer\":\"hss1\",\"pending\":12,\"oldest_s\":0.85},"
                 "{\"peer\":\"hss2\",\"pending\":1,\"oldest_s\":247.2}],"
                 "\"ledger\":{\"received\":20,\"ended\":6,\"in_flight\":14,"
                 "\"places\":{\"pending\":13,\"mail\":1},\"unaccounted\":0}}",
                 "PEER  PENDING  OLDEST\n"
                 "hss1       12   850ms\n"
                 "hss2        1   4m07s\n"
                 "ledger         20 received, 6 ended, 14 in flight: 13 pending, 1 mail,"
                 " 0 unaccounted\n");
}

Test(ctl_show, an_order_shows_the_peer_as_it_is_then)
{
    expect_shown("drain",
                 "{\"peer\":{\"identity\":\"hss1\",\"order\":\"drained\",\"state\":\"open\","
                 "\"pending\":3}}",
                 "hss1: drained, open, 3 pending\n");
    expect_shown("disable", "{\"peer\":null}", "noted; the peer is not connected\n");
}

Test(ctl_show, users_are_shown_with_the_order_of_their_members)
{
    expect_shown(
        "users",
        "{\"kind\":\"public\",\"user\":\"alice@example.net\",\"slot\":7,\"pools\":["
        "{\"pool\":\"east\",\"group\":null,\"serves\":\"b\",\"order\":["
        "{\"peer\":\"a\",\"state\":\"drained\"},{\"peer\":\"b\",\"state\":\"available\"}]}]}",
        "public alice@example.net, slot 7\n"
        "POOL  GROUP  BOUND TO  SERVES  PLACE  MEMBER  STATE\n"
        "east  -      -         b           1  a       drained\n"
        "east  -      -                     2  b       available\n");
}

Test(ctl_show, a_reload_that_changes_nothing_says_so)
{
    expect_shown("reload", "{\"unchanged\":true,\"text\":[]}",
                 "nothing is different from what is in use\n");
    expect_shown("reload", "{\"text\":[\"routes: home is added\"]}", "routes: home is added\n");
}

Test(ctl_show, what_another_version_does_not_say_is_a_dash)
{
    for (size_t i = 0; i < control_command_count; i++) {
        char *text = shown(control_commands[i].name, "{}");
        cr_assert_gt(strlen(text), 0, "%s shows nothing", control_commands[i].name);
        free(text);
    }
    expect_shown("log", "{}", "level          -\n");
}

Test(ctl_show, durations_are_as_short_as_they_may_be)
{
    static const char *const times[][2] = {{"0.004", "4ms"},   {"12.34", "12.3s"},
                                           {"60", "1m00s"},    {"3599.9", "59m59s"},
                                           {"12000", "3h20m"}, {"473000", "5d11h"}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char answer[80];
        snprintf(answer, sizeof answer, "{\"peers\":[{\"oldest_s\":%s}]}", times[i][0]);
        char *text = shown("pending", answer);
        cr_assert_not_null(strstr(text, times[i][1]), "%s: %s", times[i][1], text);
        free(text);
    }
}

/* --- command lines --- */

static int status_of(const char *words)
{
    char line[200], *rest = NULL, *arguments[16] = {"ctl"};
    int count = 1;
    snprintf(line, sizeof line, "%s", words);
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        arguments[count++] = word;
    return command_ctl(count, arguments);
}

Test(ctl_line, a_wrong_one_ends_with_2_and_asks_nobody, .init = cr_redirect_stderr)
{
    static const char *const wrong[] = {"",          "dance",           "status now",
                                        "drain",     "drain a b",       "users",
                                        "log",       "log a b",         "--loud status",
                                        "--socket",  "disconnect",      "disconnect a b c",
                                        "trace x y", "status --dry-run"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(status_of(wrong[i]), 2, "%s", wrong[i]);
}

Test(ctl_line, without_an_agent_it_ends_with_1, .init = cr_redirect_stderr)
{
    cr_assert_eq(status_of("--socket /nonexistent/socket status"), 1);
    cr_assert_eq(status_of("peers --json --socket /nonexistent/socket"), 1);
    cr_assert_stderr_eq_str(
        "antipode ctl: /nonexistent/socket: not there: is the agent running, and with this "
        "socket?\n"
        "antipode ctl: /nonexistent/socket: not there: is the agent running, and with this "
        "socket?\n");
}

Test(ctl_line, help_is_no_failure_and_names_every_command, .init = cr_redirect_stdout)
{
    cr_assert_eq(status_of("--help"), 0);
    fflush(stdout);
    char text[4000] = "";
    FILE *from = cr_get_redirected_stdout();
    text[fread(text, 1, sizeof text - 1, from)] = '\0';
    for (size_t i = 0; i < control_command_count; i++)
        cr_assert_not_null(strstr(text, control_commands[i].name), "%s", text);
}
