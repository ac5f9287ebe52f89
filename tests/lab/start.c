/* start.c — the start and the end of the program, and what it says when it cannot start. Issue 2,
 * "Bad input". */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(start, .fini = lab_fini);

static char said[8192];

static unsigned lines(const char *text)
{
    unsigned count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void expect_refused(const char *yaml, const char *words)
{
    cr_assert_eq(lab_run_to_end("run", yaml, said, sizeof(said)), 1, "it said: %s", said);
    cr_assert_not_null(strstr(said, words), "it said: %s", said);
    cr_assert_eq(lines(said), 1, "one clear line, not: %s", said);
}

static const char *config_with(const char *more, unsigned port)
{
    static char yaml[2000];
    snprintf(yaml, sizeof(yaml),
             "version: 1\nidentity: m.agent.example\nrealm: agent.example\n"
             "listen:\n  - { transport: tcp, address: 127.0.0.1, port: %u }\n"
             "admin: { http: none, socket: none }\nlimits: { connections: 100 }\n"
             "routes:\n  - { name: rest, realm: \"*\", action: reject, result: 3003 }\n%s",
             port, more);
    return yaml;
}

Test(start, a_missing_file_ends_the_start_with_one_line)
{
    cr_assert_eq(lab_run_file("run", "/nonexistent/antipode.yaml", said, sizeof(said)), 1);
    cr_assert_not_null(strstr(said, "/nonexistent/antipode.yaml"), "it said: %s", said);
    cr_assert_eq(lines(said), 1, "it said: %s", said);
}

Test(start, a_file_that_is_no_YAML_ends_the_start_with_one_line)
{
    expect_refused("version: 1\nidentity: [unclosed\nrealm: x\n", ":");
}

Test(start, a_port_in_use_ends_the_start_with_one_line)
{
    struct lab *lab = lab_start((struct lab_plan){0});
    static char said_of_it[8192];
    cr_assert_eq(lab_run_to_end("run", config_with("", lab->port), said_of_it, sizeof(said_of_it)),
                 1);
    cr_assert_not_null(strstr(said_of_it, "in use"), "it said: %s", said_of_it);
    cr_assert(lines(said_of_it) == 1, "one clear line, not: %s", said_of_it);
    lab_end(lab);
}

Test(start, WDG_02_a_watchdog_below_six_seconds_is_refused)
{
    expect_refused(config_with("timers: { watchdog: 5s }\n", lab_free_port()), "timers.watchdog");
}

Test(start, an_unknown_key_is_refused_by_name)
{
    expect_refused(config_with("timmers: { watchdog: 30s }\n", lab_free_port()), "timmers");
}

Test(start, SEC_01_cleartext_beyond_loopback_is_refused_where_that_is_wanted)
{
    char yaml[1000];
    snprintf(yaml, sizeof(yaml),
             "version: 1\nidentity: m.agent.example\nrealm: agent.example\ncleartext: refuse\n"
             "listen: [{ transport: tcp, address: 0.0.0.0, port: %u }]\nadmin: { http: none, "
             "socket: none }\n"
             "routes: [{ name: rest, realm: \"*\", action: reject, result: 3003 }]\n",
             lab_free_port());
    cr_assert_eq(lab_run_to_end("run", yaml, said, sizeof(said)), 1, "it said: %s", said);
}

Test(start, check_says_ok)
{
    cr_assert_eq(lab_run_to_end("check", config_with("", 3868), said, sizeof(said)), 0,
                 "it said: %s", said);
    cr_assert_not_null(strstr(said, ": ok\n"), "it said: %s", said);
}

Test(start, check_names_every_mistake)
{
    cr_assert_eq(
        lab_run_to_end("check",
                       config_with("workers: many\nplacement: spred\ntimers: { request: 4 }\n"
                                   "peers: [{ identity: \"bad name\" }]\nhue: blue\n",
                                   3868),
                       said, sizeof(said)),
        1);
    cr_assert_not_null(strstr(said, "workers"), "it said: %s", said);
    cr_assert_not_null(strstr(said, "placement"), "it said: %s", said);
    cr_assert_not_null(strstr(said, "timers.request"), "it said: %s", said);
    cr_assert_not_null(strstr(said, "peers[0].identity"), "it said: %s", said);
    cr_assert_not_null(strstr(said, "hue"), "it said: %s", said);
}

Test(start, an_unknown_command_is_a_mistake_of_the_command_line)
{
    cr_assert_eq(lab_run_file("dance", "x", said, sizeof(said)), 2, "it said: %s", said);
}

Test(start, a_second_signal_ends_at_once)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.timers = "drain: 60s, disconnect: 60s, request: 60s"});
    lab_send(bed.c1, lab_lir(bed.c1, ALICE));
    lab_expect(bed.s1, LIR);
    lab_stop(bed.lab);
    lab_expect(bed.c1, DPR);
    kill(bed.lab->agent, SIGINT);
    lab_end(bed.lab);
}

Test(start, readyz_tells_when_the_pool_has_a_member)
{
    struct lab *lab = lab_start((struct lab_plan){0});
    int status = 0;
    free(lab_get(lab, "/readyz", &status));
    cr_assert_eq(status, 503);
    lab_server(lab, S1);
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
         status != 200 && lab_now_ms() < deadline;) {
        lab_serve(lab, 10);
        free(lab_get(lab, "/readyz", &status));
    }
    cr_assert_eq(status, 200);
    lab_end(lab);
}

Test(start, readyz_does_not_wait_for_a_pool_that_is_optional)
{
    struct lab *lab = lab_start((struct lab_plan){.pool = "ready: optional"});
    int status = 0;
    free(lab_get(lab, "/readyz", &status));
    cr_assert_eq(status, 200);
    lab_end(lab);
}

Test(start, an_unknown_path_is_404)
{
    struct lab *lab = lab_start((struct lab_plan){0});
    int status = 0;
    free(lab_get(lab, "/nothing", &status));
    cr_assert_eq(status, 404);
    lab_end(lab);
}

/* The log tells what happened with who, what, why; a peer's words cannot break a line. */
Test(start, AVP_26_a_name_with_a_line_break_does_not_break_the_log)
{
    struct lab *lab = lab_start((struct lab_plan){0});
    struct lab_peer *x = lab_dial(lab, "x\nERROR forged: line.unknown.example");
    lab_send(x, lab_cer(x));
    while (lab_take(x))
        ;
    lab_wait_metric_sum(lab, "antipode_connections_refused_total", "", 1);
    cr_assert(!lab_log_has(lab, "\nERROR forged"));
    lab_end(lab);
}
