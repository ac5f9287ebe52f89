/* ctl.c — the control socket: what an operator sees, and what he can order. PSM-09. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lab/lab_private.h"

TestSuite(ctl, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}};

static void order(struct lab *lab, const char *words, const char *peer)
{
    char line[300];
    snprintf(line, sizeof(line), "%s %s", words, peer);
    json_t *answer = lab_ask(lab, line);
    cr_assert_null(lab_at(answer, "error"), "%s: %s", line, lab_word(answer, "error"));
}

static void expect_served_by(struct lab_bed *bed, struct lab_peer *server)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    lab_answer(server, lab_expect(server, LIR), 2001);
    lab_expect_result(bed->c1, lir, 2001);
}

/* The DPR of an operator's order, answered; the connection ends then. */
static void expect_DPR(struct lab_peer *peer, uint32_t cause)
{
    struct lab_message *dpr = lab_expect(peer, DPR);
    cr_assert_eq(lab_number(dpr, DISCONNECT_CAUSE), cause);
    lab_answer(peer, dpr, 2001);
    lab_expect_closed(peer);
    lab_close(peer);
}

static void expect_refused(struct lab *lab, const char *identity)
{
    struct lab_peer *peer = lab_dial(lab, identity);
    struct lab_message *cer = lab_cer(peer);
    lab_send(peer, cer);
    lab_expect_result(peer, cer, 3010);
    lab_expect_closed(peer);
    lab_close(peer);
}

/* --- peers --- */

Test(ctl, PSM_09_the_table_has_identity_state_kind_expiry_and_security_of_a_configured_peer)
{
    struct lab_bed bed = lab_bed(USUAL);
    json_t *row = lab_peer_row(bed.lab, S1);
    cr_assert_str_eq(lab_word(row, "identity"), S1);
    cr_assert_str_eq(lab_word(row, "state"), "open");
    cr_assert_str_eq(lab_word(row, "type"), "static");
    cr_assert(json_is_null(lab_at(row, "expires_in_s")));
    cr_assert_str_eq(lab_word(row, "security"), "none");
    cr_assert_str_eq(lab_word(row, "role"), "server");
    cr_assert_str_eq(lab_word(row, "opened_by"), "agent");
    lab_end(bed.lab);
}

Test(ctl, PSM_09_a_peer_that_a_pattern_lets_in_is_dynamic_and_expires_when_it_is_gone)
{
    struct lab_bed bed = lab_bed(USUAL);
    json_t *row = lab_peer_row(bed.lab, C1);
    cr_assert_str_eq(lab_word(row, "type"), "dynamic");
    cr_assert_str_eq(lab_word(row, "admitted_by"), "*.edge.example");
    cr_assert_str_eq(lab_word(row, "role"), "client");
    cr_assert_str_eq(lab_word(row, "opened_by"), "peer");
    lab_reset(bed.c1);
    lab_wait_state(bed.lab, C1, "closed");
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS; lab_now_ms() < deadline;) {
        row = lab_peer_row(bed.lab, C1);
        if (json_is_real(lab_at(row, "expires_in_s")))
            break;
        lab_serve(bed.lab, 5);
    }
    double seconds = json_real_value(lab_at(row, "expires_in_s"));
    cr_assert(seconds > 0 && seconds <= 600, "it expires in %f s", seconds);
    lab_end(bed.lab);
}

Test(ctl, peers_are_those_of_all_workers_configured_ones_first_in_the_order_of_the_file)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S2, S1, R1}, .workers = 3});
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    json_t *answer = lab_ask(bed.lab, "peers");
    cr_assert_eq(json_array_size(lab_at(answer, "peers")), 5);
    cr_assert_str_eq(lab_word(answer, "peers.0.identity"), S2);
    cr_assert_str_eq(lab_word(answer, "peers.1.identity"), S1);
    cr_assert_str_eq(lab_word(answer, "peers.2.identity"), R1);
    cr_assert_str_eq(lab_word(answer, "peers.2.type"), "static");
    cr_assert_str_eq(lab_word(answer, "peers.4.type"), "dynamic");
    lab_close(c2);
    lab_end(bed.lab);
}

Test(ctl, a_peer_of_another_name_is_not_known)
{
    struct lab *lab = lab_start(USUAL);
    cr_assert_str_eq(lab_word(lab_ask(lab, "peers s9.core.example"), "error"),
                     "no peer of this name is known");
    lab_end(lab);
}

/* --- drain --- */

Test(ctl, a_drained_peer_gets_no_new_request_and_still_answers_what_it_has)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *before = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, before);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    order(bed.lab, "drain", S1);
    expect_served_by(&bed, bed.s2);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, before, 2001);
    lab_expect_silence(bed.s1);
    json_t *row = lab_peer_row(bed.lab, S1);
    cr_assert_str_eq(lab_word(row, "order"), "drained");
    cr_assert_str_eq(lab_word(row, "state"), "open");
    lab_end(bed.lab);
}

Test(ctl, an_enabled_peer_serves_its_users_again)
{
    struct lab_bed bed = lab_bed(PAIR);
    order(bed.lab, "drain", S1);
    expect_served_by(&bed, bed.s2);
    order(bed.lab, "enable", S1);
    expect_served_by(&bed, bed.s1);
    lab_end(bed.lab);
}

Test(ctl, who_names_a_drained_peer_is_served_by_it)
{
    struct lab_bed bed = lab_bed(PAIR);
    order(bed.lab, "drain", S1);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1);
    lab_send(bed.c1, lir);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(ctl, a_drained_peer_stays_drained_when_it_comes_back)
{
    struct lab_bed bed = lab_bed(PAIR);
    order(bed.lab, "drain", S1);
    lab_reset(bed.s1);
    lab_wait_state(bed.lab, S1, "closed");
    bed.s1 = lab_accept_within(bed.lab, S1, 5000, 100);
    lab_answer_cer(bed.s1);
    lab_wait_state(bed.lab, S1, "open");
    cr_assert_str_eq(lab_word(lab_peer_row(bed.lab, S1), "order"), "drained");
    expect_served_by(&bed, bed.s2);
    lab_end(bed.lab);
}

Test(ctl, a_drained_peer_that_comes_by_itself_is_drained_after_it_was_forgotten)
{
    struct lab_bed bed = lab_bed(USUAL);
    order(bed.lab, "drain", C1);
    struct lab_message *dpr = lab_dpr(bed.c1, 0);
    lab_send(bed.c1, dpr);
    lab_expect_result(bed.c1, dpr, 2001);
    lab_close(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    bed.c1 = lab_client(bed.lab, C1);
    cr_assert_str_eq(lab_word(lab_peer_row(bed.lab, C1), "order"), "drained");
    lab_end(bed.lab);
}

Test(ctl, a_pool_whose_members_are_drained_is_not_ready_and_its_requests_are_answered_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    int status = 0;
    order(bed.lab, "drain", S1);
    char *body = lab_get(bed.lab, "/readyz", &status);
    cr_assert_eq(status, 503);
    cr_assert_str_eq(body, "pool core: no member is available\n");
    free(body);
    json_t *now = lab_ask(bed.lab, "status");
    cr_assert(json_is_false(lab_at(now, "ready")));
    cr_assert_str_eq(lab_word(now, "not_ready.0"), "pool core: no member is available");
    cr_assert_str_eq(lab_word(now, "orders.0.peer"), S1);
    lab_wait_metric(bed.lab, "antipode_peers_ordered{order=\"drained\"}", 1);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

/* --- disable --- */

Test(ctl, a_disabled_server_is_told_that_it_is_not_wanted_and_is_not_dialled_until_it_is_enabled)
{
    struct lab_bed bed = lab_bed(PAIR);
    order(bed.lab, "disable", S1);
    expect_DPR(bed.s1, 2);
    lab_wait_state(bed.lab, S1, "closed");
    lab_advance(bed.lab, 60000, 1000);
    cr_assert_str_eq(lab_word(lab_peer_row(bed.lab, S1), "state"), "closed");
    cr_assert_str_eq(lab_word(lab_peer_row(bed.lab, S1), "order"), "disabled");
    order(bed.lab, "enable", S1);
    bed.s1 = lab_accept(bed.lab, S1);
    lab_answer_cer(bed.s1);
    lab_wait_state(bed.lab, S1, "open");
    lab_end(bed.lab);
}

Test(ctl, a_disabled_peer_that_comes_is_refused_as_an_unknown_one)
{
    struct lab_bed bed = lab_bed(PAIR);
    order(bed.lab, "disable", S1);
    expect_DPR(bed.s1, 2);
    lab_wait_state(bed.lab, S1, "closed");
    expect_refused(bed.lab, S1);
    lab_wait_metric(bed.lab, "antipode_connections_refused_total{reason=\"disabled\"}", 1);
    lab_end(bed.lab);
}

Test(ctl, requests_of_a_disabled_server_move_on)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2}, .timers = "disconnect: 1s"});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    order(bed.lab, "disable", S1);
    struct lab_message *dpr = lab_expect(bed.s1, DPR);
    lab_answer(bed.s1, dpr, 2001);
    lab_close(bed.s1);
    struct lab_message *again = lab_expect(bed.s2, LIR);
    cr_assert(lab_flags(again) & T);
    lab_answer(bed.s2, again, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(ctl, a_client_can_be_disabled_before_it_has_ever_come)
{
    struct lab_bed bed = lab_bed(USUAL);
    json_t *answer = lab_ask(bed.lab, "disable " C2);
    cr_assert(json_is_null(lab_at(answer, "peer")), "it is not here");
    expect_refused(bed.lab, C2);
    order(bed.lab, "enable", C2);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_expect_service(c2, bed.s1);
    lab_end(bed.lab);
}

Test(ctl, the_case_of_a_name_does_not_count)
{
    struct lab_bed bed = lab_bed(USUAL);
    order(bed.lab, "disable", "C1.EDGE.Example");
    expect_DPR(bed.c1, 2);
    expect_refused(bed.lab, C1);
    lab_end(bed.lab);
}

Test(ctl, who_would_not_be_let_in_cannot_be_disabled)
{
    struct lab *lab = lab_start(USUAL);
    cr_assert_str_eq(lab_word(lab_ask(lab, "disable x.nowhere.example"), "error"),
                     "no peer of this name is known, or would be let in");
    lab_end(lab);
}

/* --- disconnect --- */

Test(ctl, a_disconnected_server_is_told_why_and_dialled_again)
{
    struct lab_bed bed = lab_bed(USUAL);
    order(bed.lab, "disconnect", S1);
    expect_DPR(bed.s1, 0);
    bed.s1 = lab_accept_within(bed.lab, S1, 3000, 100);
    lab_answer_cer(bed.s1);
    lab_wait_state(bed.lab, S1, "open");
    lab_end(bed.lab);
}

Test(ctl, a_disconnect_says_what_the_operator_says)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    order(bed.lab, "disconnect " C1, "busy");
    expect_DPR(bed.c1, 1);
    order(bed.lab, "disconnect " C2, "do_not_want");
    expect_DPR(c2, 2);
    bed.c1 = lab_client(bed.lab, C1);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ctl, a_disconnect_for_another_reason_is_refused)
{
    struct lab_bed bed = lab_bed(USUAL);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "disconnect " C1 " bored"), "error"),
                     "the cause is rebooting, busy or do_not_want");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

/* --- the ledger, pools, routes, users --- */

Test(ctl, pending_shows_who_owes_answers_for_how_long_and_the_ledger_balances)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "request: 60s"});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_advance(bed.lab, 3000, 500);
    json_t *now = lab_ask(bed.lab, "pending");
    cr_assert_eq(json_array_size(lab_at(now, "peers")), 1);
    cr_assert_str_eq(lab_word(now, "peers.0.peer"), S1);
    cr_assert_eq(lab_count_at(now, "peers.0.pending"), 1);
    cr_assert_geq(json_real_value(lab_at(now, "peers.0.oldest_s")), 3);
    cr_assert_eq(lab_count_at(now, "ledger.received"), 1);
    cr_assert_eq(lab_count_at(now, "ledger.in_flight"), 1);
    cr_assert_eq(lab_count_at(now, "ledger.places.pending"), 1);
    cr_assert_eq(lab_count_at(now, "ledger.unaccounted"), 0);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    now = lab_ask(bed.lab, "status");
    cr_assert_eq(lab_count_at(now, "ledger.in_flight"), 0);
    cr_assert_eq(lab_count_at(now, "ledger.ended"), 1);
    cr_assert_eq(lab_count_at(now, "requests.answered"), 1);
    lab_end(bed.lab);
}

Test(ctl, users_says_who_really_serves_a_user)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}, .pool = "select: sticky"});
    json_t *answer = lab_ask(bed.lab, "users " ALICE);
    cr_assert_str_eq(lab_word(answer, "user"), "alice@core.example");
    cr_assert_str_eq(lab_word(answer, "kind"), "public");
    bool by_s1 = strcmp(lab_word(answer, "pools.0.serves"), S1) == 0;
    expect_served_by(&bed, by_s1 ? bed.s1 : bed.s2);
    order(bed.lab, "drain", by_s1 ? S1 : S2);
    answer = lab_ask(bed.lab, "users " ALICE);
    cr_assert_str_eq(lab_word(answer, "pools.0.serves"), by_s1 ? S2 : S1);
    cr_assert_str_eq(lab_word(answer, "pools.0.order.0.state"), "drained");
    expect_served_by(&bed, by_s1 ? bed.s2 : bed.s1);
    lab_end(bed.lab);
}

Test(ctl, pools_show_the_shares_of_those_who_are_available)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2}, .pool = "select: round_robin"});
    json_t *now = lab_ask(bed.lab, "pools");
    cr_assert_str_eq(lab_word(now, "pools.0.select"), "round_robin");
    cr_assert_eq(lab_count_at(now, "pools.0.available"), 2);
    cr_assert_float_eq(json_real_value(lab_at(now, "pools.0.members.0.share_now")), 0.5, 1e-9);
    order(bed.lab, "drain", S1);
    now = lab_ask(bed.lab, "pools");
    cr_assert_eq(lab_count_at(now, "pools.0.available"), 1);
    cr_assert_str_eq(lab_word(now, "pools.0.members.0.state"), "drained");
    cr_assert_float_eq(json_real_value(lab_at(now, "pools.0.members.0.share")), 0.5, 1e-9);
    cr_assert_float_eq(json_real_value(lab_at(now, "pools.0.members.0.share_now")), 0, 1e-9);
    cr_assert_float_eq(json_real_value(lab_at(now, "pools.0.members.1.share_now")), 1, 1e-9);
    lab_end(bed.lab);
}

Test(ctl, routes_count_what_became_of_their_requests)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .routes = "  - { name: core, realm: core.example, action: relay, pool: core }\n"
                  "  - { name: no, realm: shut.example, action: reject, result: 3004 }"});
    lab_expect_service(bed.c1, bed.s1);
    struct lab_message *lir = with_text(without(lab_lir(bed.c1, ALICE), DESTINATION_REALM),
                                        DESTINATION_REALM, "shut.example");
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3004);
    json_t *now = lab_ask(bed.lab, "routes");
    cr_assert_str_eq(lab_word(now, "routes.0.name"), "core");
    cr_assert_eq(lab_count_at(now, "routes.0.requests.answered"), 1);
    cr_assert_str_eq(lab_word(now, "routes.1.action"), "reject");
    cr_assert_eq(lab_count_at(now, "routes.1.local_answers.3004"), 1);
    cr_assert_str_eq(lab_word(now, "routes.2.name"), "-");
    lab_end(bed.lab);
}

Test(ctl, the_HTTP_endpoint_says_the_same)
{
    static const char *const reports[] = {"status", "peers", "pools", "routes"};
    struct lab_bed bed = lab_bed(PAIR);
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
        char path[40];
        int status = 0;
        snprintf(path, sizeof(path), "/api/v1/%s", reports[i]);
        char *body = lab_get(bed.lab, path, &status);
        cr_assert_eq(status, 200, "%s", path);
        json_t *http = lab_keep(json_loads(body, 0, NULL)), *ctl = lab_ask(bed.lab, reports[i]);
        const char *name;
        json_t *field;
        json_object_foreach(ctl, name, field)
            cr_assert_eq(json_typeof(field), json_typeof(lab_at(http, name)), "%s", name);
        free(body);
    }
    lab_end(bed.lab);
}

Test(ctl, the_HTTP_endpoint_orders_nothing)
{
    struct lab *lab = lab_start(USUAL);
    int status = 0;
    free(lab_get(lab, "/api/v1/stop", &status));
    cr_assert_eq(status, 404);
    free(lab_get(lab, "/api/v1/drain%20" S1, &status));
    cr_assert_eq(status, 404);
    lab_end(lab);
}

/* --- the program --- */

Test(ctl, log_changes_what_is_logged)
{
    struct lab_bed bed = lab_bed(USUAL);
    cr_assert_not(lab_log_has(bed.lab, "DEBUG"));
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "log debug"), "level"), "debug");
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_wait_log(bed.lab, "DEBUG " C2);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "status"), "log.level"), "debug");
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "log loud"), "error"),
                     "the level is error, warn, info or debug");
    lab_close(c2);
    lab_end(bed.lab);
}

Test(ctl, DPR_01_stop_ends_the_agent_in_good_order)
{
    struct lab_bed bed = lab_bed(USUAL);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "stop"), "stage"), "draining");
    bed.lab->is_stopping = true;
    expect_DPR(bed.c1, 0);
    expect_DPR(bed.s1, 0);
    lab_end(bed.lab);
}

Test(ctl, an_agent_that_drains_still_says_how_it_is)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "request: 60s, drain: 60s"});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_stop(bed.lab);
    lab_expect(bed.c1, DPR);
    json_t *now = lab_ask(bed.lab, "status");
    cr_assert_str_eq(lab_word(now, "stage"), "draining");
    cr_assert_str_eq(lab_word(now, "not_ready.0"), "draining");
    cr_assert_eq(lab_count_at(now, "ledger.places.pending"), 1);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(ctl, users_and_routes_name_the_table_that_says_who_serves_a_user)
{
    char csv[] = "/tmp/antipode-users-XXXXXX", more[200];
    int fd = mkstemp(csv);
    cr_assert_gt(write(fd, ALICE ",core\n+4930*," S1 "\n", strlen(ALICE) + strlen(S1) + 14), 0);
    close(fd);
    snprintf(more, sizeof(more), "subscribers: [{ name: home, table: %s }]", csv);
    struct lab_bed bed = lab_bed((struct lab_plan){
        .more = more,
        .routes = "  - { name: core, realm: core.example, action: relay, pool: core, "
                  "subscribers: home }"});
    unlink(csv);
    json_t *alice = lab_ask(bed.lab, "users " ALICE);
    cr_assert_str_eq(lab_word(alice, "subscribers.0.table"), "home");
    cr_assert_str_eq(lab_word(alice, "subscribers.0.row"), "exact");
    cr_assert_str_eq(lab_word(alice, "subscribers.0.target"), "core");
    json_t *number = lab_ask(bed.lab, "users +49301234");
    cr_assert_str_eq(lab_word(number, "subscribers.0.row"), "number prefix");
    cr_assert_str_eq(lab_word(number, "subscribers.0.target"), S1);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "routes"), "routes.0.subscribers"), "home");
    lab_end(bed.lab);
}

Test(ctl, users_says_what_was_learnt_of_a_user)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {S1, S2},
        .pool = "select: sticky",
        .pools = "  - name: parted\n    data: partitioned\n    members: "
                 "[{ peer: " S1 ", group: a }, { peer: " S2 ", group: b }]",
        .routes = "  - { name: core, realm: core.example, action: relay, pool: parted }"});
    json_t *before = lab_ask(bed.lab, "users " ALICE);
    cr_assert(json_is_false(lab_at(before, "learnt")));
    cr_assert(json_is_null(lab_at(before, "pools.1.bound_to")));
    bool by_s1 = strcmp(lab_word(before, "pools.1.serves"), S1) == 0;
    cr_assert_str_eq(lab_word(before, "pools.1.group"), by_s1 ? "a" : "b");
    expect_served_by(&bed, by_s1 ? bed.s1 : bed.s2);
    json_t *after = lab_ask(bed.lab, "users " ALICE);
    cr_assert(json_is_true(lab_at(after, "learnt")));
    cr_assert_str_eq(lab_word(after, "pools.1.bound_to"), by_s1 ? "a" : "b");
    cr_assert_str_eq(lab_word(after, "pools.1.serves"), by_s1 ? S1 : S2);
    lab_end(bed.lab);
}

/* --- reload --- */

Test(ctl, reload_says_what_has_changed_and_its_rehearsal_what_would)
{
    struct lab_bed bed = lab_bed(PAIR);
    bed.lab->plan.pool = "select: round_robin";
    cr_assert(lab_write_config(bed.lab));
    json_t *would = lab_ask(bed.lab, "reload --dry-run");
    cr_assert_null(lab_at(would, "error"), "%s", lab_word(would, "text.0"));
    cr_assert(json_is_true(lab_at(would, "dry_run")));
    cr_assert_eq(lab_count_at(would, "pools.changed"), 1);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "pools"), "pools.0.select"), "sticky");
    json_t *has = lab_ask(bed.lab, "reload");
    cr_assert(json_is_false(lab_at(has, "dry_run")));
    cr_assert_eq(lab_count_at(has, "pools.changed"), 1);
    cr_assert_eq(lab_count_at(has, "peers.changed"), 0);
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "pools"), "pools.0.select"), "round_robin");
    cr_assert(json_is_true(lab_at(lab_ask(bed.lab, "reload"), "unchanged")));
    lab_end(bed.lab);
}

Test(ctl, a_reload_of_a_wrong_file_changes_nothing_and_names_its_mistakes)
{
    struct lab_bed bed = lab_bed(USUAL);
    bed.lab->plan.more = "nonsense: 1";
    cr_assert(lab_write_config(bed.lab));
    json_t *answer = lab_ask(bed.lab, "reload");
    cr_assert_str_eq(lab_word(answer, "error"), "nothing has changed");
    cr_assert_not_null(strstr(lab_word(answer, "text.0"), "nonsense"), "%s",
                       lab_word(answer, "text.0"));
    cr_assert_str_eq(lab_word(lab_ask(bed.lab, "reload --now"), "error"),
                     "reload takes: [--dry-run]");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ctl, what_was_ordered_holds_through_a_reload_that_takes_the_peer_out_and_puts_it_back)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}, .packed = true});
    order(bed.lab, "drain", S1);
    size_t count = bed.lab->server_count;
    struct lab_server first = bed.lab->servers[0];
    bed.lab->servers[0] = bed.lab->servers[1];
    bed.lab->server_count = 1;
    cr_assert(lab_write_config(bed.lab));
    cr_assert_null(lab_at(lab_ask(bed.lab, "reload"), "error"));
    expect_DPR(bed.s1, 2);
    bed.lab->servers[1] = bed.lab->servers[0];
    bed.lab->servers[0] = first;
    bed.lab->server_count = count;
    cr_assert(lab_write_config(bed.lab));
    cr_assert_null(lab_at(lab_ask(bed.lab, "reload"), "error"));
    bed.s1 = lab_accept_within(bed.lab, S1, 5000, 100);
    lab_answer_cer(bed.s1);
    lab_wait_state(bed.lab, S1, "open");
    cr_assert_str_eq(lab_word(lab_peer_row(bed.lab, S1), "order"), "drained");
    expect_served_by(&bed, bed.s2);
    lab_end(bed.lab);
}
