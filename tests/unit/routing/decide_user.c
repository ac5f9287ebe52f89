/* What users have a say in: groups of partitioned pools, sessions, bindings, redirects. */
#include "routing/bindings.h"
#include "routing/subscribers.h"
#include "small_world.h"

enum { MAR = 286, ACR = 271, STR = 275, CX_LIR = 302, ACCOUNTING = 3 };

/* --- what was learnt --- */

static struct {
    uint64_t key;
    struct rt_bound bound;
    enum rt_lookup lookup;
} lore[8];
static unsigned lore_count;
static unsigned look_ups;

static enum rt_lookup bound(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    (void)context;
    look_ups++;
    for (unsigned i = 0; i < lore_count; i++)
        if (lore[i].key == key_hash) {
            *bound = lore[i].bound;
            return lore[i].lookup;
        }
    return RT_UNKNOWN;
}

static void learn(const struct rt_key *key, enum rt_lookup lookup, uint32_t target)
{
    lore[lore_count].key = rt_key_hash(key);
    lore[lore_count].bound = (struct rt_bound){.is_known = true, .target = target};
    lore[lore_count++].lookup = lookup;
}

static void learn_user(const char *user, enum rt_lookup lookup, uint32_t target)
{
    struct rt_key key;
    rt_key_public(&key, dm_text(user), NULL);
    learn(&key, lookup, target);
}

static void learn_session(const char *session, enum rt_lookup lookup, uint32_t target)
{
    struct rt_key key;
    rt_key_session(&key, dm_text(session));
    learn(&key, lookup, target);
}

static uint32_t name_of(enum who peer)
{
    return rt_name_hash(dm_text(names[peer]));
}

static struct world *set_up_learning(void)
{
    struct world *it = set_up();
    it->world.bound = bound;
    lore_count = look_ups = 0;
    return it;
}

static const char alice[] = "sip:alice@core.example";

/* --- bindings of a mirrored pool --- */

Test(decide_user, a_bound_user_is_served_where_he_was_whatever_the_hash_says)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, bound_to);
    cr_assert_eq(verdict.why, RT_BY_BINDING);
    cr_assert_eq(verdict.pool, 0);
    expect_reason(it, "binding: was served by ");
    tear_down(it);
}

Test(decide_user, FOV_13_a_binding_is_diverted_while_its_member_is_away_and_returns)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->peers[bound_to].reach = RT_UNREACHABLE;
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, other(bound_to));
    cr_assert_eq(verdict.why, RT_BY_HASH, "nothing is learnt of a diversion");
    it->peers[bound_to].reach = RT_LAST_RESORT;
    expect_peer(it, decide(it, to_core()), other(bound_to));
    it->peers[bound_to].reach = RT_REACHABLE;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_user, FOV_13_a_bound_user_waits_for_the_hold_of_the_pool)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->pools[0].hold = 10;
    it->peers[bound_to].returned = 100;
    it->attempt.now = 109;
    expect_peer(it, decide(it, to_core()), other(bound_to));
    it->attempt.now = 110;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_user, the_bound_member_is_the_first_of_last_resorts)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->peers[S1].reach = it->peers[S2].reach = RT_LAST_RESORT;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_user, a_binding_to_a_member_that_was_removed_leaves_it_to_the_hash)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    learn_user(alice, RT_KNOWN, 12345);
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, first);
    cr_assert_eq(verdict.why, RT_BY_HASH);
    tear_down(it);
}

Test(decide_user, a_group_of_identities_goes_where_its_anchor_goes)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, 0);
    lore[0].bound.has_slot = true;
    bool met[2] = {false};
    for (unsigned slot = 0; slot < 64; slot++) {
        uint8_t order[2];
        lore[0].bound.slot = (uint16_t)slot;
        rt_pool_order(&it->pools[0], (uint16_t)slot, order);
        struct rt_verdict verdict = decide(it, to_core());
        expect_peer(it, verdict, order[0]);
        cr_assert_eq(verdict.why, RT_BY_HASH);
        met[order[0]] = true;
    }
    cr_assert(met[S1] && met[S2]);
    tear_down(it);
}

Test(decide_user, nothing_is_looked_up_for_a_session_or_where_load_decides)
{
    struct world *it = set_up_learning();
    struct request request = to_core();
    request.user = NULL;
    decide(it, request);
    it->pools[0].select = RT_LEAST_PENDING;
    decide(it, to_core());
    cr_assert_eq(look_ups, 0);
    tear_down(it);
}

Test(decide_user, a_destination_host_goes_before_a_binding)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, name_of(S2));
    struct rt_verdict verdict = decide(it, to_host(names[S1]));
    expect_peer(it, verdict, S1);
    cr_assert_eq(verdict.why, RT_BY_HOST);
    tear_down(it);
}

/* --- the store --- */

Test(decide_user, a_request_waits_for_what_the_store_was_asked)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_ASKING, 0);
    struct rt_verdict verdict = decide(it, to_core());
    cr_assert_eq(verdict.kind, RT_WAIT);
    cr_assert_eq(verdict.key_hash, lore[0].key);
    cr_assert_eq(verdict.route, CORE);
    tear_down(it);
}

Test(decide_user, when_the_store_is_late_or_the_request_was_sent_before_the_hash_decides)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    learn_user(alice, RT_ASKING, 0);
    it->attempt.without_store = true;
    expect_peer(it, decide(it, to_core()), first);
    it->attempt.without_store = false;
    it->attempt.route = CORE;
    expect_peer(it, decide(it, to_core()), first);
    tear_down(it);
}

/* --- sessions --- */

static struct request mar_of(const char *session)
{
    struct request request = to_core();
    request.command = MAR;
    request.session = session;
    return request;
}

Test(decide_user, STK_a_session_goes_on_where_it_began)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, name_of(S1));
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    struct rt_verdict verdict = decide(it, mar_of("c1.edge.example;7;7"));
    expect_peer(it, verdict, S2);
    cr_assert_eq(verdict.why, RT_BY_SESSION);
    expect_reason(it, "session: goes on at s2.core.example");
    expect_peer(it, decide(it, mar_of("c1.edge.example;8;8")), S1);
    tear_down(it);
}

Test(decide_user, commands_without_sessions_do_not_ask_for_one)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    learn_user(alice, RT_KNOWN, name_of(S1));
    struct request request = mar_of("c1.edge.example;7;7");
    request.command = LIR;
    expect_peer(it, decide(it, request), S1);
    request.application = CX;
    request.command = STR;
    expect_reason(it, "user: ");
    cr_assert_neq(decide(it, request).why, RT_BY_SESSION);
    tear_down(it);
}

Test(decide_user, a_session_can_wait_for_the_store_too)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_ASKING, 0);
    struct rt_verdict verdict = decide(it, mar_of("c1.edge.example;7;7"));
    cr_assert_eq(verdict.kind, RT_WAIT);
    cr_assert_eq(verdict.key_hash, lore[0].key);
    tear_down(it);
}

Test(decide_user, sessions_of_which_nothing_is_learnt_are_not_asked_for)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_ASKING, 0);
    struct request request = mar_of("c1.edge.example;7;7");
    request.command = ACR;
    cr_assert_eq(decide(it, request).kind, RT_WAIT, "of RFC 4740 it is");
    request.application = ACCOUNTING;
    cr_assert_neq(decide(it, request).kind, RT_WAIT);
    tear_down(it);
}

/* --- redirects --- */

static enum who redirected_to;
static enum who redirects; /* the member whose ALL_HOST it is, or PEERS: any other usage */

static bool redirected(void *context, const struct rt_query *query, const struct rt_key *user,
                       rt_peer chosen, struct rt_seen *seen, dm_bytes *host)
{
    (void)query;
    struct world *it = context;
    cr_assert_gt(user->size, 0);
    bool is_it = redirects == PEERS ? chosen.generation == 0
                                    : chosen.generation == 1 && chosen.slot == redirects;
    if (!is_it)
        return false;
    *seen = it->peers[redirected_to];
    *host = dm_text(names[redirected_to]);
    return true;
}

Test(decide_user, RDR_11_a_learnt_redirect_goes_before_binding_and_hash)
{
    struct world *it = set_up_learning();
    it->world.redirected = redirected;
    learn_user(alice, RT_KNOWN, name_of(S2));
    redirects = PEERS;
    redirected_to = R1;
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.why, RT_BY_REDIRECT);
    cr_assert_eq(verdict.route, CORE);
    cr_assert_not(verdict.is_fixed);
    tear_down(it);
}

Test(decide_user, a_redirect_to_a_host_that_cannot_take_it_is_passed_over)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    it->world.redirected = redirected;
    redirects = PEERS;
    redirected_to = R1;
    it->peers[R1].reach = RT_UNREACHABLE;
    expect_peer(it, decide(it, to_core()), first);
    expect_reason(it, "redirect r1.transit.example: not available");
    tear_down(it);
}

Test(decide_user, RDR_14_all_of_a_host_is_asked_when_the_host_was_chosen)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    it->world.redirected = redirected;
    redirects = first;
    redirected_to = R1;
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.why, RT_BY_REDIRECT);
    tear_down(it);
}

Test(decide_user, a_session_that_goes_on_is_not_redirected_but_by_its_host)
{
    struct world *it = set_up_learning();
    it->world.redirected = redirected;
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    redirects = PEERS;
    redirected_to = R1;
    expect_peer(it, decide(it, mar_of("c1.edge.example;7;7")), S2);
    tear_down(it);
}

/* --- partitioned data --- */

enum { A, B };
static struct rt_group groups[2];

/* S1 and R1 are mirrors of each other, S2 has users of its own. */
static struct world *set_up_groups(void)
{
    struct world *it = set_up_learning();
    it->peers[R1].is_agent = false;
    groups[A].name = "a";
    groups[B].name = "b";
    rt_pool_fini(&it->pools[0]);
    it->pools[0].is_partitioned = true;
    it->pools[0].group_count = 2;
    it->pools[0].groups = groups;
    it->pools[0].count = 3;
    it->members[S1].group = it->members[R1].group = A;
    it->members[S2].group = B;
    cr_assert(rt_pool_build(&it->pools[0], it->tables.seed));
    return it;
}

/* A user of each group. */
static struct request of_group(struct world *it, int group, char user[40])
{
    struct request request = to_core();
    for (unsigned i = 0;; i++) {
        snprintf(user, 40, "sip:user%u@core.example", i);
        struct rt_key key;
        rt_key_public(&key, dm_text(user), NULL);
        uint8_t order[2];
        rt_pool_group_order(&it->pools[0], rt_slot(&key, it->tables.seed), order);
        request.user = user;
        if (order[0] == group)
            return request;
    }
}

static bool is_of_group(rt_peer peer, int group)
{
    return (peer.slot == S2) == (group == B);
}

Test(decide_user, every_user_of_a_partitioned_pool_has_one_group)
{
    struct world *it = set_up_groups();
    char user[40];
    for (int group = A; group <= B; group++) {
        struct rt_verdict verdict = decide(it, of_group(it, group, user));
        cr_assert_eq(verdict.kind, RT_FORWARD);
        cr_assert(is_of_group(verdict.peer, group), "%s", it->text);
        cr_assert_eq(verdict.why, RT_BY_HASH);
    }
    tear_down(it);
}

Test(decide_user, FOV_13_a_mirror_of_the_group_stands_in)
{
    struct world *it = set_up_groups();
    char user[40];
    struct request request = of_group(it, A, user);
    enum who first = decide(it, request).peer.slot;
    enum who mirror = first == S1 ? R1 : S1;
    it->peers[first].reach = RT_UNREACHABLE;
    expect_peer(it, decide(it, request), mirror);
    it->peers[first].reach = RT_REACHABLE;
    expect_peer(it, decide(it, request), first);
    tear_down(it);
}

Test(decide_user, a_whole_group_that_is_down_is_3002_and_never_another_group)
{
    struct world *it = set_up_groups();
    char user[40];
    struct request request = of_group(it, A, user);
    it->peers[S1].reach = it->peers[R1].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    expect_reason(it, "no member of the user's group");
    expect_peer(it, decide(it, of_group(it, B, user)), S2);
    tear_down(it);
}

Test(decide_user, the_priority_of_members_counts_within_the_group)
{
    struct world *it = set_up_groups();
    char user[40];
    it->members[S1].priority = 2;
    for (int i = 0; i < 40; i++) {
        struct rt_verdict verdict = decide(it, of_group(it, A, user));
        expect_peer(it, verdict, R1);
    }
    tear_down(it);
}

Test(decide_user, a_user_bound_to_a_group_is_served_by_it)
{
    struct world *it = set_up_groups();
    char user[40];
    struct request request = of_group(it, A, user);
    learn_user(user, RT_KNOWN, rt_name_hash(dm_text("b")));
    struct rt_verdict verdict = decide(it, request);
    expect_peer(it, verdict, S2);
    cr_assert_eq(verdict.why, RT_BY_BINDING);
    it->peers[S2].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide_user, FOV_08_a_second_attempt_stays_in_the_group)
{
    struct world *it = set_up_groups();
    char user[40];
    struct request request = of_group(it, B, user);
    it->attempt.route = CORE;
    it->attempt.tried[it->attempt.tried_count++] = it->peers[S1].peer;
    expect_peer(it, decide(it, request), R1);
    it->attempt.tried[it->attempt.tried_count++] = it->peers[R1].peer;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

/* --- the search --- */

Test(decide_user, STK_16_a_search_asks_the_groups_that_were_not_asked)
{
    struct world *it = set_up_groups();
    char user[40];
    struct request request = of_group(it, A, user);
    it->attempt.route = CORE;
    it->attempt.searched = UINT64_C(1) << A;
    struct rt_verdict verdict = decide(it, request);
    expect_peer(it, verdict, S2);
    cr_assert_eq(verdict.why, RT_BY_SEARCH);
    it->attempt.searched |= UINT64_C(1) << B;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide_user, a_search_passes_over_a_group_that_is_down)
{
    struct world *it = set_up_groups();
    char user[40];
    it->peers[S2].reach = RT_UNREACHABLE;
    it->attempt.route = CORE;
    it->attempt.searched = UINT64_C(1) << A;
    expect_answer(it, decide(it, of_group(it, A, user)), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide_user, a_member_that_fails_in_a_search_is_replaced_by_its_mirror)
{
    struct world *it = set_up_groups();
    char user[40];
    it->attempt.route = CORE;
    it->attempt.searched = UINT64_C(1) << B;
    it->attempt.tried[it->attempt.tried_count++] = it->peers[S1].peer;
    struct rt_verdict verdict = decide(it, of_group(it, B, user));
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.why, RT_BY_SEARCH);
    tear_down(it);
}

/* --- subscribers --- */

static struct rt_subscriber_table table = {.name = "home", .file = "F"};
static struct rt_rows *rows;
static dm_bytes peer_names[PEERS];

/* "core" and "transit" are pools, "core/a" a group, all else peers. */
static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    struct world *it = context;
    for (uint32_t i = 0; i < 2; i++)
        if (dm_bytes_equal(name, dm_text(it->pools[i].name))) {
            *target = (struct rt_target){RT_TARGET_POOL, i, 0};
            return true;
        }
    if (dm_bytes_equal(name, dm_text("core/b"))) {
        *target = (struct rt_target){RT_TARGET_GROUP, 0, B};
        return true;
    }
    for (uint32_t i = 0; i < PEERS; i++)
        if (dm_bytes_equal(name, dm_text(names[i]))) {
            *target = (struct rt_target){RT_TARGET_PEER, 0, i};
            return true;
        }
    return false;
}

static void provision(struct world *it, const char *csv)
{
    struct rt_target_names known = {it, find_target};
    rows = rt_rows_compile("F", dm_text(csv), it->tables.seed, &it->tables.domains, &known, stderr);
    cr_assert_not_null(rows);
    table.rows = rt_subscribers_new(rows, "F", &known, stderr);
    cr_assert_not_null(table.rows);
    for (uint32_t i = 0; i < PEERS; i++)
        peer_names[i] = dm_text(names[i]);
    it->tables.peers = peer_names;
    it->tables.peer_count = PEERS;
    it->tables.subscribers = &table;
    it->tables.subscriber_count = 1;
    it->routes[TRANSIT].subscribers = -1;
}

static void tear_down_table(struct world *it)
{
    rt_subscribers_free(table.rows);
    rt_rows_free(rows);
    table.unknown_rejects = false;
    tear_down(it);
}

Test(decide_user, a_row_names_a_member_which_others_stand_in_for)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    const char *csv = first == S1 ? "sip:alice@core.example,s2.core.example\n"
                                  : "sip:alice@core.example,s1.core.example\n";
    provision(it, csv);
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, other(first));
    cr_assert_eq(verdict.why, RT_BY_SUBSCRIBER);
    expect_reason(it, "subscribers home: exact, peer s");
    it->peers[other(first)].reach = RT_UNREACHABLE;
    expect_peer(it, decide(it, to_core()), first);
    tear_down_table(it);
}

Test(decide_user, a_row_goes_before_a_binding_and_behind_a_session)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,s2.core.example\n");
    learn_user(alice, RT_KNOWN, name_of(S1));
    expect_peer(it, decide(it, to_core()), S2);
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S1));
    expect_peer(it, decide(it, mar_of("c1.edge.example;7;7")), S1);
    tear_down_table(it);
}

Test(decide_user, a_row_may_name_another_pool_than_the_route)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,transit\n");
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.pool, 1);
    cr_assert_eq(verdict.member, 0);
    cr_assert_eq(verdict.route, CORE);
    tear_down_table(it);
}

Test(decide_user, a_row_may_name_a_group_and_nobody_else_serves)
{
    struct world *it = set_up_groups();
    char user[40];
    char csv[80];
    struct request request = of_group(it, A, user);
    snprintf(csv, sizeof csv, "%s,core/b\n", user);
    provision(it, csv);
    expect_peer(it, decide(it, request), S2);
    expect_reason(it, "subscribers home: exact, pool core, group b");
    it->peers[S2].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down_table(it);
}

Test(decide_user, a_row_may_name_a_peer_outside_the_pool_who_serves_alone)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,r1.transit.example\n");
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.member, -1);
    cr_assert_not(verdict.is_fixed);
    it->peers[R1].is_busy = true;
    expect_answer(it, decide(it, to_core()), DM_TOO_BUSY);
    it->peers[R1].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down_table(it);
}

Test(decide_user, rows_of_one_user_share_a_slot)
{
    struct world *it = set_up_learning();
    for (int i = 0; i < 20; i++) {
        char csv[200], first[40], second[40];
        snprintf(first, sizeof first, "sip:user%d@core.example", i);
        snprintf(second, sizeof second, "sip:alias%d@core.example", i);
        snprintf(csv, sizeof csv, "%s,core,u%d\n%s,core,u%d\n", first, i, second, i);
        provision(it, csv);
        struct request request = to_core();
        request.user = first;
        enum who at = decide(it, request).peer.slot;
        request.user = second;
        expect_peer(it, decide(it, request), at);
        rt_subscribers_free(table.rows);
        rt_rows_free(rows);
    }
    it->tables.subscriber_count = 0;
    tear_down(it);
}

Test(decide_user, RDR_04_a_user_in_no_row_is_rejected_as_his_server_would_where_the_table_says_so)
{
    struct world *it = set_up_learning();
    provision(it, "sip:bob@core.example,core\n");
    cr_assert_eq(decide(it, to_core()).kind, RT_FORWARD);
    table.unknown_rejects = true;
    struct rt_verdict verdict = decide(it, to_core());
    expect_answer(it, verdict, 5032);
    cr_assert(verdict.is_application_error);
    cr_assert_eq(verdict.experimental_vendor, 0);
    struct request request = to_core();
    request.user = NULL;
    cr_assert_eq(decide(it, request).kind, RT_FORWARD, "it names no user");
    tear_down_table(it);
}

/* --- redirecting --- */

Test(decide_user, RDR_04_a_redirect_agent_names_who_serves_the_user)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,s2.core.example\nsip:bob@core.example,core\n");
    it->routes[REFUSED].action = RT_REDIRECT;
    struct request request = to_core();
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    cr_assert_eq(verdict.kind, RT_TELL);
    cr_assert_eq(verdict.route, REFUSED);
    cr_assert_eq(verdict.target.kind, RT_TARGET_PEER);
    cr_assert_eq(verdict.target.number, S2);
    request.user = "sip:bob@core.example";
    verdict = decide(it, request);
    cr_assert_eq(verdict.target.kind, RT_TARGET_POOL);
    request.user = "sip:carol@core.example";
    expect_answer(it, decide(it, request), 5032);
    it->routes[REFUSED].redirect.subscribers = -1;
    cr_assert_eq(decide(it, request).target.kind, RT_TARGET_NONE);
    tear_down_table(it);
}

Test(decide_user, a_redirect_agent_names_the_users_group_of_a_partitioned_pool)
{
    struct world *it = set_up_groups();
    char user[40];
    char csv[80];
    struct request request = of_group(it, B, user);
    snprintf(csv, sizeof csv, "%s,core\n", user);
    provision(it, csv);
    it->routes[REFUSED].action = RT_REDIRECT;
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    cr_assert_eq(verdict.kind, RT_TELL);
    cr_assert_eq(verdict.target.kind, RT_TARGET_GROUP);
    cr_assert_eq(verdict.target.number, B);
    tear_down_table(it);
}
