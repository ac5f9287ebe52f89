/* decide_redirected.c — redirects that were learnt of users and of hosts. */
#include "learned.h"

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

Test(decide_redirected, RDR_11_a_learnt_redirect_goes_before_binding_and_hash)
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

Test(decide_redirected, a_redirect_to_a_host_that_cannot_take_it_is_passed_over)
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

Test(decide_redirected, RDR_14_all_of_a_host_is_asked_when_the_host_was_chosen)
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

Test(decide_redirected, a_session_that_goes_on_is_not_redirected_but_by_its_host)
{
    struct world *it = set_up_learning();
    it->world.redirected = redirected;
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    redirects = PEERS;
    redirected_to = R1;
    expect_peer(it, decide(it, mar_of("c1.edge.example;7;7")), S2);
    tear_down(it);
}
