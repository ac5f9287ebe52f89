/* decide_group.c — partitioned data: whose group it is, who stands in, and the search for a user.
 */
#include "learned.h"

Test(decide_group, every_user_of_a_partitioned_pool_has_one_group)
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

Test(decide_group, FOV_13_a_mirror_of_the_group_stands_in)
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

Test(decide_group, a_whole_group_that_is_down_is_3002_and_never_another_group)
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

Test(decide_group, the_priority_of_members_counts_within_the_group)
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

Test(decide_group, a_user_bound_to_a_group_is_served_by_it)
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

Test(decide_group, FOV_08_a_second_attempt_stays_in_the_group)
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

Test(decide_group, STK_16_a_search_asks_the_groups_that_were_not_asked)
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

Test(decide_group, a_search_passes_over_a_group_that_is_down)
{
    struct world *it = set_up_groups();
    char user[40];
    it->peers[S2].reach = RT_UNREACHABLE;
    it->attempt.route = CORE;
    it->attempt.searched = UINT64_C(1) << A;
    expect_answer(it, decide(it, of_group(it, A, user)), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide_group, a_member_that_fails_in_a_search_is_replaced_by_its_mirror)
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
