/* stk.c — a user stays with one server: STK-01, STK-07 to STK-09, STK-16, FOV-13. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(stk, .fini = lab_fini);

#define S3 "s3.core.example"
#define S4 "s4.core.example"
#define C3 "c3.edge.example"

enum { SERVERS = 4, SAR = 284, MAR = 286, SIP_METHOD = 393 };
enum { USER_UNKNOWN = 5032, CX_USER_UNKNOWN = 5001 };

static const char *const names[SERVERS] = {S1, S2, S3, S4};

/* The servers answer everything by themselves; who did is in the answer. */
struct bed {
    struct lab *lab;
    struct lab_peer *server[SERVERS];
    struct lab_peer *c1;
};

static void open_all(struct bed *bed, uint32_t result)
{
    for (size_t i = 0; i < bed->lab->server_count; i++) {
        bed->server[i] = lab_server(bed->lab, names[i]);
        bed->server[i]->auto_result = result;
    }
    bed->c1 = lab_client(bed->lab, C1);
}

static struct bed bed_of(struct lab_plan plan, uint32_t result)
{
    struct bed bed = {.lab = lab_start(plan)};
    open_all(&bed, result);
    return bed;
}

static const struct lab_plan FOUR = {
    .servers = {S1, S2, S3, S4}, .pool = "select: sticky", .timers = "watchdog: 6s, request: 60s"};

static int number_of(const char *server)
{
    for (int i = 0; i < SERVERS; i++)
        if (strcmp(server, names[i]) == 0)
            return i;
    return -1;
}

/* The number of the server that answered. */
static int served_by(struct lab_peer *client, struct lab_message *request)
{
    lab_send(client, request);
    struct lab_message *answer = lab_expect_result(client, request, 2001);
    return number_of(lab_text(answer, ORIGIN_HOST, 0));
}

static struct lab_message *lir_of(struct lab_peer *client, int user)
{
    char aor[64];
    snprintf(aor, sizeof aor, "sip:user%d@core.example", user);
    return lab_lir(client, aor);
}

static void find_all(struct bed *bed, int users, int at[])
{
    for (int i = 0; i < users; i++)
        at[i] = served_by(bed->c1, lir_of(bed->c1, i));
}

static int count_moved(int users, const int before[], const int after[])
{
    int moved = 0;
    for (int i = 0; i < users; i++)
        moved += before[i] != after[i];
    return moved;
}

static int count_at(int users, const int at[], int server)
{
    int count = 0;
    for (int i = 0; i < users; i++)
        count += at[i] == server;
    return count;
}

/* --- one server for all that is about a user --- */

/* A request of flow F3 (RFC 4740 §6.3) about this user. */
static struct lab_message *of_flow(struct lab_peer *from, uint32_t command, int user, bool has_name)
{
    char aor[64];
    snprintf(aor, sizeof aor, "sip:user%d@core.example", user);
    struct lab_message *request = with_text(lab_request_from(from, command, APP_SIP), SIP_AOR, aor);
    if (command == MAR)
        with_text(request, SIP_METHOD, "REGISTER");
    return has_name ? with_text(request, USER_NAME, aor + 4) : request;
}

Test(stk, STK_01_a_registration_by_three_clients_reaches_one_server)
{
    enum { USERS = 60 };
    struct bed bed = bed_of(FOUR, 2001);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    struct lab_peer *c3 = lab_client(bed.lab, C3);
    bool met[SERVERS] = {false};
    for (int user = 0; user < USERS; user++) {
        int at = served_by(bed.c1, of_flow(bed.c1, UAR, user, false));
        cr_assert_eq(served_by(c2, of_flow(c2, MAR, user, false)), at);
        cr_assert_eq(served_by(c3, of_flow(c3, UAR, user, true)), at);
        cr_assert_eq(served_by(c2, of_flow(c2, SAR, user, true)), at);
        cr_assert_eq(served_by(c3, lir_of(c3, user)), at);
        met[at] = true;
    }
    cr_assert(met[0] && met[1] && met[2] && met[3]);
    lab_end(bed.lab);
}

/* Another process that has learnt nothing: after a restart, or a second agent. */
Test(stk, STK_07_an_agent_that_knows_nothing_chooses_alike)
{
    enum { USERS = 40 };
    int before[USERS], after[USERS];
    struct bed bed = bed_of(FOUR, 2001);
    find_all(&bed, USERS, before);
    lab_restart(bed.lab);
    open_all(&bed, 2001);
    find_all(&bed, USERS, after);
    cr_assert_eq(count_moved(USERS, before, after), 0);
    lab_end(bed.lab);
}

/* --- servers that go and return --- */

/* Its state in the agent. */
static void wait_watchdog(struct bed *bed, const char *state)
{
    char sample[200];
    snprintf(sample, sizeof sample, "antipode_peer_watchdog{peer=\"" S3 "\",state=\"%s\"}", state);
    for (int i = 0; i < 200 && lab_metric(bed->lab, sample) != 1; i++)
        lab_advance(bed->lab, 500, 500);
    cr_assert_eq(lab_metric(bed->lab, sample), 1, "not %s", state);
}

Test(stk, STK_08_FOV_13_only_the_users_of_a_lost_server_move_and_they_return_after_the_hold)
{
    enum { USERS = 80, HOLD = 20000, LOST = 2 };
    int before[USERS], without[USERS], held[USERS], after[USERS];
    struct lab_plan plan = FOUR;
    plan.pool = "select: sticky\n    hold: 20s";
    struct bed bed = bed_of(plan, 2001);
    find_all(&bed, USERS, before);
    int lost = count_at(USERS, before, LOST);
    cr_assert(lost > 0 && lost < USERS / 2);
    lab_reset(bed.server[LOST]);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S3 "\"}", 0);
    find_all(&bed, USERS, without);
    cr_assert_eq(count_moved(USERS, before, without), lost, "nobody else has moved");
    bed.server[LOST] = lab_accept(bed.lab, S3);
    bed.server[LOST]->auto_result = 2001;
    lab_answer_cer(bed.server[LOST]);
    wait_watchdog(&bed, "okay"); /* three DWAs */
    find_all(&bed, USERS, held);
    cr_assert_eq(count_moved(USERS, without, held), 0);
    lab_advance(bed.lab, HOLD, 1000);
    find_all(&bed, USERS, after);
    cr_assert_eq(count_moved(USERS, before, after), 0);
    lab_end(bed.lab);
}

Test(stk, STK_09_a_server_that_is_suspect_for_a_moment_diverts_its_own_users_only)
{
    enum { USERS = 60, SLOW = 2 };
    int before[USERS], during[USERS], after[USERS];
    struct lab_plan plan = FOUR;
    plan.timers = "watchdog: 30s, request: 10m"; /* it is not closed before all have asked */
    struct bed bed = bed_of(plan, 2001);
    find_all(&bed, USERS, before);
    struct lab_peer *slow = bed.server[SLOW];
    slow->no_watchdog = true;
    wait_watchdog(&bed, "suspect");
    find_all(&bed, USERS, during);
    cr_assert_eq(count_moved(USERS, before, during), count_at(USERS, before, SLOW));
    while (slow->inbox)
        lab_answer(slow, lab_expect(slow, DWR), 2001);
    slow->no_watchdog = false;
    wait_watchdog(&bed, "okay");
    find_all(&bed, USERS, after);
    cr_assert_eq(count_moved(USERS, before, after), 0);
    lab_end(bed.lab);
}

/* --- partitioned data --- */

#define PARTS(keys)                                                                                \
    "  - name: parts\n    data: partitioned\n" keys                                                \
    "    members: [{ peer: s1.core.example, group: a }, { peer: s2.core.example, group: a },\n"    \
    "      { peer: s3.core.example, group: b }, { peer: s4.core.example, group: c }]"

static const struct lab_plan GROUPS = {
    .servers = {S1, S2, S3, S4},
    .timers = "watchdog: 6s, request: 60s",
    .pools = PARTS(""),
    .routes = "  - { name: parts, realm: core.example, action: relay, pool: parts }"};

static int group_of(int server)
{
    return server < 2 ? 0 : server - 1;
}

/* A user whom the hash gives to this group. */
static int user_of(struct bed *bed, int group)
{
    for (int user = 0;; user++)
        if (group_of(served_by(bed->c1, lir_of(bed->c1, user))) == group)
            return user;
}

Test(stk, FOV_13_a_mirror_of_the_group_takes_over_and_gives_back)
{
    struct bed bed = bed_of(GROUPS, 2001);
    int user = user_of(&bed, 0);
    int own = served_by(bed.c1, lir_of(bed.c1, user));
    int mirror = 1 - own;
    lab_reset(bed.server[own]);
    char sample[100];
    snprintf(sample, sizeof sample, "antipode_peer_up{peer=\"%s\"}", names[own]);
    lab_wait_metric(bed.lab, sample, 0);
    cr_assert_eq(served_by(bed.c1, lir_of(bed.c1, user)), mirror);
    bed.server[own] = lab_accept(bed.lab, names[own]);
    bed.server[own]->auto_result = 2001;
    lab_answer_cer(bed.server[own]);
    for (int i = 0; i < 60 && served_by(bed.c1, lir_of(bed.c1, user)) != own; i++)
        lab_advance(bed.lab, 1000, 500);
    cr_assert_eq(served_by(bed.c1, lir_of(bed.c1, user)), own);
    lab_end(bed.lab);
}

Test(stk, FOV_13_a_group_that_is_gone_is_answered_3002_by_nobody_else)
{
    struct bed bed = bed_of(GROUPS, 2001);
    int user = user_of(&bed, 1);
    lab_stop_listening(bed.lab, S3);
    lab_reset(bed.server[2]);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S3 "\"}", 0);
    struct lab_message *lir = lir_of(bed.c1, user);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

/* --- the search --- */

static const struct lab_plan SEARCH = {
    .servers = {S1, S2, S3, S4},
    .timers = "watchdog: 6s, request: 60s",
    .pools = PARTS("    unknown_user: search\n"),
    .routes = "  - { name: parts, realm: core.example, action: proxy, pool: parts }"};

/* The next request that any of them gets; none does so by itself. */
static int next_asked(struct bed *bed)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (lab_now_ms() < deadline) {
        for (int i = 0; i < SERVERS; i++)
            if (bed->server[i] && bed->server[i]->inbox)
                return i;
        lab_serve(bed->lab, 100);
    }
    lab_fail("no server is asked");
}

static struct lab_message *answer_next(struct bed *bed, uint32_t result, int *server)
{
    *server = next_asked(bed);
    struct lab_message *request = lab_expect(bed->server[*server], LIR);
    lab_answer(bed->server[*server], request, result);
    return request;
}

Test(stk, STK_16_HDR_25_a_user_whom_two_groups_do_not_know_is_found_in_the_third)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    int at[3];
    lab_send(bed.c1, lir);
    for (int i = 0; i < 3; i++) {
        struct lab_message *asked = answer_next(&bed, i < 2 ? USER_UNKNOWN : 2001, &at[i]);
        cr_assert_eq(lab_end_to_end(asked), lab_end_to_end(lir));
        cr_assert_eq(lab_flags(asked) & T, 0);
        cr_assert_eq(lab_count(asked, ROUTE_RECORD), 1);
    }
    struct lab_message *answer = lab_expect_result(bed.c1, lir, 2001);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), names[at[2]]);
    cr_assert(group_of(at[0]) != group_of(at[1]) && group_of(at[1]) != group_of(at[2]) &&
              group_of(at[0]) != group_of(at[2]));
    cr_assert_eq(lab_metric_sum(bed.lab, "antipode_resends_total", "reason=\"search\""), 2);
    lab_end(bed.lab);
}

Test(stk, STK_16_the_user_that_was_found_is_not_searched_for_again)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    int at[3], again;
    lab_send(bed.c1, lir);
    for (int i = 0; i < 3; i++)
        answer_next(&bed, i < 2 ? USER_UNKNOWN : 2001, &at[i]);
    lab_expect_result(bed.c1, lir, 2001);
    lab_send(bed.c1, lir = lab_lir(bed.c1, ALICE));
    answer_next(&bed, 2001, &again);
    cr_assert_eq(group_of(again), group_of(at[2]));
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(stk, STK_16_if_nobody_knows_the_user_the_first_answer_is_passed_on)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    int at[3];
    lab_send(bed.c1, lir);
    for (int i = 0; i < 3; i++)
        answer_next(&bed, USER_UNKNOWN, &at[i]);
    struct lab_message *answer = lab_expect_result(bed.c1, lir, USER_UNKNOWN);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), names[at[0]]);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(stk, STK_16_while_a_group_is_gone_nobody_can_say_that_the_user_is_unknown)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    int first, second;
    lab_send(bed.c1, lir);
    answer_next(&bed, USER_UNKNOWN, &first);
    second = next_asked(&bed);
    lab_expect(bed.server[second], LIR);
    for (int i = 0; i < SERVERS; i++)
        if (group_of(i) != group_of(first) && group_of(i) != group_of(second)) {
            lab_stop_listening(bed.lab, names[i]);
            lab_reset(bed.server[i]);
        }
    lab_wait_metric_sum(bed.lab, "antipode_peer_up", "core.example",
                        group_of(first) == 0 || group_of(second) == 0 ? 3 : 2);
    lab_stop_listening(bed.lab, names[second]);
    lab_reset(bed.server[second]);
    bool has_mirror = group_of(second) == 0;
    if (has_mirror) {
        int mirror = next_asked(&bed);
        cr_assert_eq(mirror, 1 - second);
        lab_answer(bed.server[mirror], lab_expect(bed.server[mirror], LIR), USER_UNKNOWN);
    }
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

Test(stk, STK_16_who_names_a_destination_host_is_told_what_it_says)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S3);
    int at;
    lab_send(bed.c1, lir);
    answer_next(&bed, USER_UNKNOWN, &at);
    cr_assert_eq(at, 2);
    lab_expect_result(bed.c1, lir, USER_UNKNOWN);
    lab_end(bed.lab);
}

Test(stk, STK_16_a_pool_that_passes_passes_the_first_answer)
{
    struct lab_plan plan = SEARCH;
    plan.pools = PARTS("    unknown_user: pass\n");
    struct bed bed = bed_of(plan, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    int at;
    lab_send(bed.c1, lir);
    answer_next(&bed, USER_UNKNOWN, &at);
    lab_expect_result(bed.c1, lir, USER_UNKNOWN);
    lab_end(bed.lab);
}

/* An Experimental-Result of 3GPP instead of the Result-Code. */
static struct lab_message *experimental(struct lab_peer *server, struct lab_message *request,
                                        uint32_t code)
{
    struct lab_message *inner = lab_message_new(0, 0, 0, 0, 0);
    with_number(with_number(inner, VENDOR_ID, VENDOR_3GPP), EXPERIMENTAL_RESULT_CODE, code);
    struct lab_message *answer = without(lab_answer_to(server, request, 2001), RESULT_CODE);
    return with_group(answer, EXPERIMENTAL_RESULT, inner);
}

Test(stk, STK_16_the_unknown_user_of_Cx_is_searched_for_too)
{
    struct bed bed = bed_of(SEARCH, 0);
    struct lab_message *lir = with_avp(lab_request_from(bed.c1, CX_LIR, APP_CX), VENDOR_3GPP, 601,
                                       M, ALICE, strlen(ALICE));
    lab_send(bed.c1, lir);
    int first = next_asked(&bed);
    struct lab_message *asked = lab_expect(bed.server[first], CX_LIR);
    lab_send(bed.server[first], experimental(bed.server[first], asked, CX_USER_UNKNOWN));
    int second = next_asked(&bed);
    cr_assert_neq(group_of(first), group_of(second));
    asked = lab_expect(bed.server[second], CX_LIR);
    cr_assert_str_eq(lab_text(asked, DESTINATION_HOST, 0), names[second]);
    lab_send(bed.server[second], experimental(bed.server[second], asked, 2003));
    struct lab_message *answer = lab_expect_answer(bed.c1, lir);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), names[second]);
    lab_end(bed.lab);
}
