/* The other flows of RFC 4740 §6, antipode-load and antipode-hss face to face. */
#include "tests/unit/bench/load_hss.h"

static struct load_outcome *outcome;

static void run(const char *flow, const char *options)
{
    char all[512];
    snprintf(all, sizeof(all),
             "--flow %s --destination-realm example.net --users 200 --connections 3 "
             "--server2-connections 2 --window 4 --flows 200 %s",
             flow, options);
    outcome = load_run(hss_address, all);
}

static void ends_well(json_int_t flows)
{
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), flows);
    cr_assert_eq(number_of(outcome, "split_users"), 0);
}

/* Every flow ends as the error `flow`, with its request number `step`. */
static void fails_at(json_int_t step)
{
    cr_assert_eq(outcome->status, 1, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 0);
    cr_assert_eq(error_of(outcome, "flow"), 200, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "answers"), 200 * step);
}

static void tear_down(void)
{
    if (outcome)
        outcome_drop(outcome);
    hss_stop();
}

TestSuite(load_flows, .fini = tear_down, .timeout = 240);

/* ---- §6.2 ---- */

Test(load_flows, server_auth_is_challenged_with_1001_and_let_in)
{
    hss_start("--check-itself");
    run("server-auth", "");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 1000);
    cr_assert_eq(result_of(outcome, "2003"), 200);
    cr_assert_eq(result_of(outcome, "1001"), 200);
    cr_assert_eq(result_of(outcome, "2004"), 200);
    cr_assert_eq(result_of(outcome, "2001"), 400, "MAA and SAA");
}

Test(load_flows, server_auth_does_without_Destination_Host)
{
    hss_start("--check-itself");
    run("server-auth", "--no-fixed-destination");
    ends_well(200);
}

Test(load_flows, server_auth_with_a_wrong_password_is_rejected_with_4001)
{
    hss_start("--check-itself");
    run("server-auth", "--password wrong");
    fails_at(4);
    cr_assert_eq(result_of(outcome, "4001"), 200);
}

Test(load_flows, server_auth_takes_no_H_A1)
{
    hss_start(""); /* delegates: 2001 with H(A1) */
    run("server-auth", "");
    fails_at(2);
}

/* ---- §6.4 ---- */

Test(load_flows, outbound_is_2008_and_2006)
{
    hss_start("");
    run("outbound", "");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "2008"), 200);
    cr_assert_eq(result_of(outcome, "2006"), 200);
}

Test(load_flows, outbound_with_a_wrong_password_is_rejected_with_4001)
{
    hss_start("");
    run("outbound", "--password wrong");
    fails_at(2);
    cr_assert_eq(result_of(outcome, "4001"), 200);
}

/* ---- §6.5 ---- */

Test(load_flows, location_of_the_unregistered_is_2005_or_5034)
{
    hss_start("");
    run("location", "");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "2005"), 100, "have services");
    cr_assert_eq(result_of(outcome, "5034"), 100, "have none");
    cr_assert_eq(result_of(outcome, "2001"), 200, "SAA and the LIA after it");
}

Test(load_flows, location_of_the_registered_is_2001)
{
    hss_start("--registered");
    run("location", "");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "2001"), 200);
}

Test(load_flows, location_in_Cx_bears_Experimental_Results)
{
    hss_start("");
    run("location", "--application cx");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "10415:2003"), 100);
    cr_assert_eq(result_of(outcome, "10415:5003"), 100);
}

/* ---- §6.6 ---- */

Test(load_flows, push_ends_with_the_PPR_of_the_user)
{
    hss_start("--push ppr:3000");
    run("push", "--timeout 60s");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 800);
    cr_assert_geq(number_of(outcome, "pushes"), 200);
}

Test(load_flows, push_in_Cx_ends_with_the_PPR_of_the_user)
{
    hss_start("--push ppr:3000");
    run("push", "--timeout 60s --application cx");
    ends_well(200);
}

Test(load_flows, push_takes_a_RTR_too)
{
    hss_start("--push rtr:3000");
    run("push", "--timeout 60s");
    cr_assert_geq(number_of(outcome, "flows"), 150, "but for those ended while they registered: %s",
                  outcome->text);
}

Test(load_flows, push_of_ASR_is_followed_by_STR)
{
    hss_start("--push asr:3000");
    run("push", "--timeout 60s --auth-session-state 0");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 1000);
    cr_assert_eq(number_of(outcome, "pushes"), 200, "one for each session");
}

Test(load_flows, push_that_does_not_come_is_an_error)
{
    hss_start("");
    run("push", "--timeout 5s --window 200");
    fails_at(4);
}

Test(load_flows, push_without_Destination_Host_is_a_PPR_all_the_same)
{
    hss_start("--push ppr:3000 --push-by-realm");
    run("push", "--timeout 60s");
    ends_well(200);
}

Test(load_flows, push_refused_ends_with_SIP_SERVER_CHANGE_and_nobody_serves_the_user)
{
    hss_start("--push ppr:3000");
    run("push-refused", "--timeout 60s");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 1000);
    cr_assert_geq(number_of(outcome, "pushes"), 400);
    cr_assert_eq(result_of(outcome, "2005") + result_of(outcome, "5034"), 200);
}

Test(load_flows, push_refused_in_Cx_bears_Experimental_Results)
{
    hss_start("--push ppr:3000");
    run("push-refused", "--timeout 60s --application cx");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "10415:2003") + result_of(outcome, "10415:5003"), 200);
}

Test(load_flows, push_refused_needs_a_PPR_first)
{
    hss_start("--push rtr:3000");
    run("push-refused", "--timeout 60s");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(number_of(outcome, "flows"), 0);
}

/* ---- §6.7 ---- */

Test(load_flows, termination_has_six_ways)
{
    hss_start("");
    run("termination", "");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 200 * (4 + 6 + 5));
}

Test(load_flows, termination_in_Cx_has_six_ways)
{
    hss_start("");
    run("termination", "--application cx");
    ends_well(200);
}

Test(load_flows, termination_of_a_session_is_STR)
{
    hss_start("");
    run("termination", "--auth-session-state 0");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 200 * (4 + 6 + 5 + 2));
}

Test(load_flows, abort_unknown_is_answered_5002_and_no_STR_follows)
{
    hss_start("--push asr:3000");
    run("abort-unknown", "--timeout 60s --auth-session-state 0");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 800);
    cr_assert_eq(number_of(outcome, "pushes"), 200, "one for each session");
}

/* ---- §6.3, in vain ---- */

Test(load_flows, auth_failure_leaves_nobody_registered)
{
    hss_start("");
    run("auth-failure", "");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 1600);
    cr_assert_eq(result_of(outcome, "2003"), 400, "first registrations, both times");
    cr_assert_eq(result_of(outcome, "2005") + result_of(outcome, "5034"), 200);
}

Test(load_flows, auth_failure_in_Cx_leaves_nobody_registered)
{
    hss_start("");
    run("auth-failure", "--application cx");
    ends_well(200);
    cr_assert_eq(result_of(outcome, "10415:2001"), 400);
}

/* ---- §6.8 ---- */

Test(load_flows, redirect_that_is_none_ends_with_the_first_answer)
{
    hss_start("--registered");
    run("redirect", "");
    ends_well(200);
    cr_assert_eq(number_of(outcome, "requests"), 200);
}

Test(load_flows, redirect_to_itself_ends)
{
    hss_start("--redirect hss1.example.net");
    run("redirect", "");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(number_of(outcome, "answers"), 400);
    cr_assert_eq(error_of(outcome, "protocol"), 200, "the second 3006: %s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 0);
}
