/* metrics.c — what /metrics says of counters that were set by hand. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "agent/clock.h"
#include "agent/metrics.h"
#include "agent/metrics_text.h"
#include "agent/snapshot.h"

enum { UNKNOWN, HSS, CLIENT, PATTERN, PEERS };
enum { NO_ROUTE, HOME, REJECTED, ROUTES };
enum { WORKERS = 2, FRONT = WORKERS };

static const char configuration[] =
    "version: 1\n"
    "identity: dra1.example.net\n"
    "realm: example.net\n"
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
    "peers:\n"
    "  - { identity: hss1.example.net, connect: { transport: tcp, address: 127.0.0.1 } }\n"
    "  - { identity: ps1.example.com }\n"
    "  - { identity: \"*.example.org\" }\n"
    "pools:\n"
    "  - { name: east, members: [{ peer: hss1.example.net }] }\n"
    "subscribers: [{ name: home-users, table: " TEST_DATA "/conf/east.csv }]\n"
    "routes:\n"
    "  - { name: home, realm: example.net, action: relay, pool: east }\n"
    "  - { name: no-sh, realm: example.com, action: reject, result: 5003 }\n";

/* Two workers and the front desk. */
static struct stats threads[WORKERS + 1];
static const struct stats *all[WORKERS + 1];
static struct metrics_source source;
static struct snapshot *snapshot;
static struct snapshot_rows rows;
static char *text;

static void set_up(void)
{
    struct conf *conf = conf_load_octets("F", configuration, sizeof configuration - 1, stderr);
    cr_assert_not_null(conf);
    for (int i = 0; i <= WORKERS; i++) {
        stats_init(&threads[i], PEERS, ROUTES);
        all[i] = &threads[i];
    }
    snapshot_rows_init(&rows);
    snapshot = snapshot_new(conf, NULL, 0);
    cr_assert(snapshot_number(snapshot, &rows));
    source = (struct metrics_source){.conf = conf,
                                     .started = 1700000000,
                                     .loaded = 1700000500,
                                     .reloads = 3,
                                     .failed_reloads = 2,
                                     .worker_count = WORKERS,
                                     .stats = all,
                                     .peers = &rows.peers,
                                     .routes = &rows.routes,
                                     .peer_count = PEERS,
                                     .route_count = ROUTES};
}

static void tear_down(void)
{
    for (int i = 0; i <= WORKERS; i++)
        stats_fini(&threads[i]);
    snapshot_unref(snapshot);
    snapshot_rows_fini(&rows);
    free(text);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

static void render(void)
{
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    metrics_render(&source, to);
    fclose(to);
}

static bool says(const char *line)
{
    char wanted[200];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return strstr(text, wanted);
}

#define cr_assert_says(line) cr_assert(says(line), "%s is missing in:\n%s", line, text)

/* --- the contract
 * ----------------------------------------------------------------------------------- */

static const char *const contract[] = {
    "antipode_build_info gauge",
    "antipode_config_reloads_total counter",
    "antipode_config_last_reload_success_timestamp_seconds gauge",
    "antipode_config_info gauge",
    "antipode_peers_open gauge",
    "antipode_peer_up gauge",
    "antipode_peer_state gauge",
    "antipode_peer_watchdog gauge",
    "antipode_peer_transitions_total counter",
    "antipode_peer_pending_requests gauge",
    "antipode_messages_received_total counter",
    "antipode_messages_sent_total counter",
    "antipode_bytes_received_total counter",
    "antipode_bytes_sent_total counter",
    "antipode_requests_total counter",
    "antipode_requests_in_flight gauge",
    "antipode_local_answers_total counter",
    "antipode_session_terminations_total counter",
    "antipode_answers_total counter",
    "antipode_request_duration_seconds histogram",
    "antipode_agent_duration_seconds histogram",
    "antipode_resends_total counter",
    "antipode_unmatched_answers_total counter",
    "antipode_dropped_total counter",
    "antipode_connections gauge",
    "antipode_connections_refused_total counter",
    "antipode_worker_loop_lag_seconds histogram",
    "process_cpu_seconds_total counter",
    "process_resident_memory_bytes gauge",
    "process_open_fds gauge",
    "process_start_time_seconds gauge",
};

Test(metrics, every_name_of_the_contract_has_its_type)
{
    render();
    for (size_t i = 0; i < sizeof contract / sizeof *contract; i++) {
        char line[200];
        snprintf(line, sizeof line, "# TYPE %s", contract[i]);
        cr_assert_says(line);
    }
}

Test(metrics, no_family_begins_twice)
{
    render();
    for (const char *type = strstr(text, "# TYPE "); type; type = strstr(type + 1, "# TYPE ")) {
        char line[200];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(type, "\n") + 1, type);
        cr_assert_null(strstr(type + 1, line), "%s begins twice", line);
    }
}

Test(metrics, promtool_finds_nothing_to_say)
{
    if (system("command -v promtool >/dev/null"))
        cr_skip_test("promtool is not installed (package prometheus)");
    stats_add(&stats_route_row(&threads[0], REJECTED)->local[STATS_LOCAL_3002], 1);
    stats_record(&stats_peer_at(&threads[0], CLIENT)->duration, NS_PER_MS, 1);
    render();
    FILE *promtool = popen("promtool check metrics", "w");
    fputs(text, promtool);
    cr_assert_eq(pclose(promtool), 0);
}

Test(metrics, the_program_and_its_configuration_are_named)
{
    char line[200];
    render();
    cr_assert(!strncmp(text, "# HELP antipode_build_info ", 27));
    cr_assert_says("antipode_build_info{version=\"" ANTIPODE_VERSION "\"} 1");
    snprintf(line, sizeof line, "antipode_config_info{hash=\"%s\"} 1", source.conf->hash);
    cr_assert_says(line);
    cr_assert_says("antipode_config_last_reload_success_timestamp_seconds 1700000500");
    cr_assert_says("antipode_config_reloads_total{result=\"success\"} 3");
    cr_assert_says("antipode_config_reloads_total{result=\"failure\"} 2");
    cr_assert_says("process_start_time_seconds 1700000000");
}

/* --- sums and rows
 * ---------------------------------------------------------------------------------- */

Test(metrics, counters_of_all_threads_are_summed)
{
    for (int i = 0; i <= WORKERS; i++)
        stats_add(&stats_peer_at(&threads[i], HSS)->received_answer, 5);
    stats_add(&threads[FRONT].refused[STATS_REFUSED_unknown_peer], 3);
    render();
    cr_assert_says(
        "antipode_messages_received_total{peer=\"hss1.example.net\",type=\"answer\"} 15");
    cr_assert_says("antipode_connections_refused_total{reason=\"unknown_peer\"} 3");
}

Test(metrics, peers_of_a_pattern_share_it_and_unknown_ones_are_a_dash)
{
    stats_add(&stats_peer_at(&threads[0], PATTERN)->open, 2);
    stats_add(&stats_peer_at(&threads[1], UNKNOWN)->open, 1);
    render();
    cr_assert_says("antipode_peers_open{peer=\"*.example.org\"} 2");
    cr_assert_says("antipode_peers_open{peer=\"-\"} 1");
}

Test(metrics, both_open_states_are_one)
{
    stats_add(&stats_peer_at(&threads[0], PATTERN)->in_state[DM_R_OPEN], 2);
    stats_add(&stats_peer_at(&threads[1], PATTERN)->in_state[DM_I_OPEN], 3);
    stats_add(&stats_peer_at(&threads[1], PATTERN)->transitions[DM_I_OPEN], 7);
    render();
    cr_assert_says("antipode_peer_state{peer=\"*.example.org\",state=\"open\"} 5");
    cr_assert_says("antipode_peer_transitions_total{peer=\"*.example.org\",to=\"open\"} 7");
}

Test(metrics, a_peer_is_up_when_it_is_open_and_its_watchdog_is_okay)
{
    stats_add(&stats_peer_at(&threads[0], HSS)->open, 1);
    stats_add(&stats_peer_at(&threads[0], HSS)->in_watch[DM_WATCH_OKAY], 1);
    stats_add(&stats_peer_at(&threads[0], CLIENT)->open, 1);
    stats_add(&stats_peer_at(&threads[0], CLIENT)->in_watch[DM_WATCH_REOPEN], 1);
    render();
    cr_assert_says("antipode_peer_up{peer=\"hss1.example.net\"} 1");
    cr_assert_says("antipode_peer_up{peer=\"ps1.example.com\"} 0");
    cr_assert_says("antipode_peer_watchdog{peer=\"ps1.example.com\",state=\"reopen\"} 1");
}

Test(metrics, a_pattern_is_neither_up_nor_down)
{
    render();
    cr_assert_null(strstr(text, "antipode_peer_up{peer=\"*.example.org\"}"));
}

Test(metrics, a_gauge_that_one_thread_lowers_and_another_raises_is_their_sum)
{
    stats_add(&threads[0].memory, 1000);
    stats_sub(&threads[1].memory, 400);
    render();
    cr_assert_says("antipode_memory_used_bytes 600");
}

Test(metrics, tables_of_subscribers_have_so_many_entries)
{
    render();
    cr_assert_says("antipode_subscribers_entries{table=\"home-users\"} 2");
}

Test(metrics, a_gauge_is_never_below_zero)
{
    stats_sub(&threads[1].memory, 400);
    stats_add(&threads[1].letters_opened, 1);
    render();
    cr_assert_says("antipode_memory_used_bytes 0");
    cr_assert_says("antipode_requests_held{place=\"mail\"} 0");
}

/* --- the ledger
 * ------------------------------------------------------------------------------------- */

Test(metrics, what_was_received_and_has_not_ended_is_in_flight)
{
    stats_add(&stats_peer_at(&threads[0], CLIENT)->received_request, 10);
    stats_add(&stats_peer_at(&threads[1], PATTERN)->received_request, 5);
    stats_add(&stats_route_row(&threads[1], HOME)->outcome[STATS_answered], 6);
    stats_add(&stats_route_row(&threads[0], HOME)->outcome[STATS_origin_gone], 1);
    stats_add(&stats_route_row(&threads[0], NO_ROUTE)->outcome[STATS_answered_locally], 2);
    render();
    cr_assert_says("antipode_requests_total{route=\"home\",outcome=\"answered\"} 6");
    cr_assert_says("antipode_requests_total{route=\"home\",outcome=\"origin_gone\"} 1");
    cr_assert_says("antipode_requests_total{route=\"-\",outcome=\"answered_locally\"} 2");
    cr_assert_says("antipode_requests_in_flight 6");
}

Test(metrics, requests_are_held_in_pending_tables_and_in_the_mail)
{
    stats_add(&threads[0].held_pending, 4);
    stats_add(&threads[0].letters_posted, 9);
    stats_add(&threads[1].letters_opened, 7);
    render();
    cr_assert_says("antipode_requests_held{place=\"pending\"} 4");
    cr_assert_says("antipode_requests_held{place=\"mail\"} 2");
}

Test(metrics, what_a_route_rejects_with_is_named_whatever_it_is)
{
    stats_add(&stats_route_row(&threads[0], REJECTED)->local[stats_local_of(5003)], 2);
    render();
    cr_assert_says("antipode_local_answers_total{route=\"no-sh\",result=\"5003\"} 2");
}

Test(metrics, local_answers_are_listed_once_they_happen)
{
    stats_add(&stats_route_row(&threads[0], REJECTED)->local[STATS_LOCAL_3002], 8);
    stats_add(&stats_route_row(&threads[0], NO_ROUTE)->local[STATS_LOCAL_other], 1);
    render();
    cr_assert_says("antipode_local_answers_total{route=\"no-sh\",result=\"3002\"} 8");
    cr_assert_says("antipode_local_answers_total{route=\"-\",result=\"other\"} 1");
    cr_assert_null(strstr(text, "antipode_local_answers_total{route=\"home\""));
}

/* --- durations
 * -------------------------------------------------------------------------------------- */

Test(metrics, buckets_count_all_that_is_not_longer)
{
    stats_record(&threads[0].path[STATS_PATH_request], 40000, 3);
    stats_record(&threads[1].path[STATS_PATH_request], 2 * NS_PER_MS, 1);
    stats_record(&threads[1].path[STATS_PATH_request], 20 * NS_PER_S, 1);
    render();
    cr_assert_says("antipode_agent_duration_seconds_bucket{path=\"request\",le=\"5e-05\"} 3");
    cr_assert_says("antipode_agent_duration_seconds_bucket{path=\"request\",le=\"0.001\"} 3");
    cr_assert_says("antipode_agent_duration_seconds_bucket{path=\"request\",le=\"0.0025\"} 4");
    cr_assert_says("antipode_agent_duration_seconds_bucket{path=\"request\",le=\"10\"} 4");
    cr_assert_says("antipode_agent_duration_seconds_bucket{path=\"request\",le=\"+Inf\"} 5");
    cr_assert_says("antipode_agent_duration_seconds_sum{path=\"request\"} 20.002120000");
    cr_assert_says("antipode_agent_duration_seconds_count{path=\"request\"} 5");
}

Test(metrics, each_worker_has_its_own_lag)
{
    stats_record(&threads[1].lag, NS_PER_MS, 1);
    render();
    cr_assert_says("antipode_worker_loop_lag_seconds_count{worker=\"0\"} 0");
    cr_assert_says("antipode_worker_loop_lag_seconds_count{worker=\"1\"} 1");
}

Test(metrics, a_server_has_durations_from_the_start_and_a_client_once_it_answers)
{
    render();
    cr_assert_says("antipode_request_duration_seconds_count{peer=\"hss1.example.net\"} 0");
    cr_assert_null(
        strstr(text, "antipode_request_duration_seconds_count{peer=\"ps1.example.com\"}"));
    free(text);
    stats_record(&stats_peer_at(&threads[0], CLIENT)->duration, NS_PER_MS, 1);
    render();
    cr_assert_says("antipode_request_duration_seconds_count{peer=\"ps1.example.com\"} 1");
}

/* --- text
 * ------------------------------------------------------------------------------------------- */

Test(metrics, values_of_labels_are_escaped)
{
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct metrics_family family = {to, "x"};
    metrics_sample(family, metrics_label("a", "q\"b\\n\n"), metrics_no_label(), 1);
    fclose(to);
    cr_assert_str_eq(text, "antipode_x{a=\"q\\\"b\\\\n\\n\"} 1\n");
}

Test(metrics, a_sample_without_labels_has_no_braces)
{
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    metrics_sample((struct metrics_family){to, "x"}, metrics_no_label(), metrics_no_label(),
                   UINT64_MAX);
    fclose(to);
    cr_assert_str_eq(text, "antipode_x 18446744073709551615\n");
}
