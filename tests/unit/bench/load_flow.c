/* The registration flow of RFC 4740 §6.3, antipode-load and antipode-hss face to face. */
#include "tests/unit/bench/load_hss.h"

static struct load_outcome *outcome;

static void run_flow(const char *options)
{
    char all[512];
    snprintf(all, sizeof(all), "--flow registration --destination-realm example.net --users 200 %s",
             options);
    outcome = load_run(hss_address, all);
}

static void tear_down(void)
{
    if (outcome)
        outcome_drop(outcome);
    hss_stop();
}

TestSuite(load_flow, .fini = tear_down, .timeout = 240);

Test(load_flow, on_a_fresh_HSS_is_2003_challenge_2004_profile_for_every_user)
{
    hss_start("");
    run_flow("--flows 200 --connections 3 --window 4");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 200);
    cr_assert_eq(number_of(outcome, "requests"), 800);
    cr_assert_eq(result_of(outcome, "2003"), 200);
    cr_assert_eq(result_of(outcome, "2004"), 200);
    cr_assert_eq(result_of(outcome, "2001"), 400);
    cr_assert_eq(number_of(outcome, "split_users"), 0);
}

Test(load_flow, of_users_that_registered_before_finds_them_at_once)
{
    hss_start("");
    run_flow("--flows 400 --connections 2");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(result_of(outcome, "2003"), 200);
    cr_assert_eq(result_of(outcome, "2004"), 600);
}

Test(load_flow, accepts_2007_where_capabilities_come_too)
{
    hss_start("--capabilities");
    run_flow("--flows 200");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(result_of(outcome, "2007"), 200);
}

Test(load_flow, in_Cx_bears_Experimental_Results)
{
    hss_start("");
    run_flow("--flows 200 --application cx --connections 2 --server2-connections 2");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 200);
    cr_assert_eq(result_of(outcome, "10415:2001"), 200);
    cr_assert_eq(result_of(outcome, "10415:2002"), 200);
    cr_assert_eq(result_of(outcome, "2001"), 400);
}

Test(load_flow, runs_in_threads_with_users_of_their_own)
{
    hss_start("");
    run_flow("--flows 200 --connections 4 --server2-connections 2 --threads 2 --window 4");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(result_of(outcome, "2003"), 200);
}

Test(load_flow, runs_at_a_rate_of_requests)
{
    hss_start("");
    run_flow("--flows 100 --rate 1000 --connections 2");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 100);
    double time = json_real_value(json_object_get(outcome->report, "duration_s"));
    cr_assert_geq(time, 0.39, "the last of 100 flows of 4 requests each begins after 0.396 s");
}

Test(load_flow, counts_requests_up_to_the_end_of_the_last_flow)
{
    hss_start("");
    run_flow("--requests 199 --connections 3");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 50);
    cr_assert_eq(number_of(outcome, "requests"), 200);
}

Test(load_flow, that_ends_early_leaves_its_requests_to_others)
{
    hss_start("--registered");
    run_flow("--flow location --requests 90 --window 4"); /* one of three each */
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "requests"), 90);
}

Test(load_flow, counts_a_step_with_another_result)
{
    hss_start("--fail 5012:100");
    run_flow("--flows 10");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "flow"), 10, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 0);
    cr_assert_eq(number_of(outcome, "answers"), 10, "the flow ends with its first wrong step");
}

Test(load_flow, counts_a_protocol_error_once_and_not_as_a_step)
{
    hss_start("--busy 100");
    run_flow("--flows 10");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "protocol"), 10, "%s", outcome->text);
    cr_assert_eq(error_of(outcome, "flow"), 0);
}

Test(load_flow, needs_the_challenge_to_bear_H_A1)
{
    hss_start("--check-itself"); /* RFC 4740 §6.2: no delegation */
    run_flow("--flows 10");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "flow"), 10, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "answers"), 20, "UAA and MAA");
}

Test(load_flow, of_a_user_the_HSS_does_not_know_fails)
{
    hss_start("");
    run_flow("--users 300 --flows 250");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "flow"), 50, "%s", outcome->text);
    cr_assert_eq(result_of(outcome, "5032"), 50);
    cr_assert_eq(number_of(outcome, "flows"), 200);
}
