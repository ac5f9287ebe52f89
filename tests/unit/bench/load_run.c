/* antipode-load against servers that do one thing wrong: each is counted by its name, and every
 * request ends once. */
#include "tests/unit/bench/load_program.h"

#include <string.h>

#include "tests/unit/bench/echo_peer.h"

static struct echo_peer *peer;
static struct load_outcome *outcome;

static void run_against(echo_behaviour *behave, const char *options)
{
    peer = echo_start(behave);
    outcome = load_run(peer->address, options);
}

static void tear_down(void)
{
    if (outcome)
        outcome_drop(outcome);
    if (peer)
        echo_stop(peer);
}

/* Every request has ended exactly once. */
static void account_balances(void)
{
    cr_assert_eq(number_of(outcome, "requests"),
                 number_of(outcome, "answers") + error_of(outcome, "timeout") +
                     error_of(outcome, "disconnected"),
                 "%s", outcome->text);
}

TestSuite(load_run, .fini = tear_down, .timeout = 240);

Test(load_run, of_a_server_that_answers_all_ends_with_0)
{
    run_against(NULL, "--requests 500 --connections 4 --window 8");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "requests"), 500);
    cr_assert_eq(number_of(outcome, "answers"), 500);
    cr_assert_eq(result_of(outcome, "2001"), 500);
    cr_assert_eq(number_of(outcome, "split_users"), 0);
}

Test(load_run, deals_its_connections_to_its_threads)
{
    run_against(NULL, "--requests 501 --connections 5 --threads 2 --window 3");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "answers"), 501);
    cr_assert_eq(number_of(outcome, "connections"), 5);
}

Test(load_run, leaves_the_warm_up_out_of_the_account)
{
    run_against(NULL, "--requests 20 --warmup 1s");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "requests"), 20);
    cr_assert_gt(number_of(outcome, "warmup_requests"), 0);
}

/* ---- silence ---- */

static void silent_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                        const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    if (number != 7)
        echo_answer(link, header, request);
}

Test(load_run, counts_a_time_out_where_no_answer_comes)
{
    run_against(silent_at_7, "--requests 20 --timeout 5s");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "timeout"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 19);
    account_balances();
}

Test(load_run, ends_with_0_where_what_happened_is_allowed)
{
    run_against(silent_at_7, "--requests 20 --timeout 5s --allow timeout");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
}

static void answers_1_behind_2(struct echo_peer *mine, struct link *link, uint64_t number,
                               const struct dm_header *header, dm_bytes request)
{
    static uint8_t first[1024];
    static struct dm_header first_header;
    static size_t size;
    (void)mine;
    if (number == 1) {
        first_header = *header;
        memcpy(first, request.at, size = request.size);
        return;
    }
    if (number == 2)
        echo_answer(link, &first_header, dm_bytes_of(first, size));
    echo_answer(link, header, request);
}

Test(load_run, counts_an_answer_behind_its_time_out_as_late)
{
    run_against(answers_1_behind_2, "--requests 20 --timeout 5s");
    cr_assert_eq(error_of(outcome, "late"), 1, "%s", outcome->text);
    cr_assert_eq(error_of(outcome, "timeout"), 1);
    account_balances();
}

/* The first is answered behind the thousandth: its place must not have gone to another. */
static void answers_1_behind_1000(struct echo_peer *mine, struct link *link, uint64_t number,
                                  const struct dm_header *header, dm_bytes request)
{
    static uint8_t first[1024];
    static struct dm_header first_header;
    static size_t size;
    (void)mine;
    if (number == 1) {
        first_header = *header;
        memcpy(first, request.at, size = request.size);
        return;
    }
    if (number == 1000)
        echo_answer(link, &first_header, dm_bytes_of(first, size));
    echo_answer(link, header, request);
}

Test(load_run, knows_a_late_answer_however_many_requests_later)
{
    run_against(answers_1_behind_1000, "--requests 2000 --timeout 5s");
    cr_assert_eq(error_of(outcome, "late"), 1, "%s", outcome->text);
    cr_assert_eq(error_of(outcome, "unknown"), 0);
    account_balances();
}

/* ---- wrong answers ---- */

static void twice_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                       const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    echo_answer(link, header, request);
    if (number == 7)
        echo_answer(link, header, request);
}

Test(load_run, counts_a_second_answer_as_duplicate)
{
    run_against(twice_at_7, "--requests 20");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "duplicate"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 20);
}

static void wrong_end_to_end_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                                  const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    if (number == 7)
        echo_reply(link, header, request,
                   &(struct echo_reply){.result = 2001, .origin = "x", .end_to_end_off = 1});
    echo_answer(link, header, request);
}

Test(load_run, counts_another_End_to_End_as_mismatched_and_waits_for_the_right_answer)
{
    run_against(wrong_end_to_end_at_7, "--requests 20");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "mismatched"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 20);
    cr_assert_eq(number_of(outcome, "split_users"), 0);
}

static void wrong_session_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                               const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    if (number == 7)
        echo_reply(
            link, header, request,
            &(struct echo_reply){.result = 2001, .origin = "x", .session = "sip1.example.com;1;1"});
    echo_answer(link, header, request);
}

Test(load_run, counts_another_Session_Id_as_mismatched)
{
    run_against(wrong_session_at_7, "--requests 20");
    cr_assert_eq(error_of(outcome, "mismatched"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 20);
}

static void wrong_command_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                               const struct dm_header *header, dm_bytes request)
{
    struct dm_header other = *header;
    (void)mine;
    other.command++;
    if (number == 7)
        echo_answer(link, &other, request);
    echo_answer(link, header, request);
}

Test(load_run, counts_another_command_as_mismatched)
{
    run_against(wrong_command_at_7, "--requests 20");
    cr_assert_eq(error_of(outcome, "mismatched"), 1);
}

static void wrong_hop_by_hop_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                                  const struct dm_header *header, dm_bytes request)
{
    struct dm_header other = *header;
    (void)mine;
    other.hop_by_hop += 100;
    if (number == 7)
        echo_answer(link, &other, request);
    echo_answer(link, header, request);
}

Test(load_run, counts_a_Hop_by_Hop_that_was_never_sent_as_unknown)
{
    run_against(wrong_hop_by_hop_at_7, "--requests 20");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "unknown"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 20);
}

static void busy_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                      const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    if (number != 7)
        echo_answer(link, header, request);
    else
        echo_reply(link, header, request,
                   &(struct echo_reply){
                       .result = 3004, .origin = "agent.example.net", .flags = DM_FLAG_ERROR});
}

Test(load_run, counts_an_answer_with_E_as_protocol_error_and_not_against_stickiness)
{
    run_against(busy_at_7, "--requests 20 --users 1 --verify-stickiness");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "protocol"), 1);
    cr_assert_eq(result_of(outcome, "3004"), 1);
    cr_assert_eq(number_of(outcome, "answers"), 20);
    cr_assert_eq(number_of(outcome, "split_users"), 0);
}

static void two_hosts(struct echo_peer *mine, struct link *link, uint64_t number,
                      const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    echo_reply(link, header, request,
               &(struct echo_reply){
                   .result = 2001, .origin = number % 2 ? "hss1.example.net" : "hss2.example.net"});
}

Test(load_run, tells_users_that_two_hosts_answered)
{
    run_against(two_hosts, "--requests 20 --users 1");
    cr_assert_eq(number_of(outcome, "split_users"), 1);
    cr_assert_eq(outcome->status, 0, "the report tells, only --verify-stickiness fails");
}

Test(load_run, fails_where_stickiness_is_to_be_verified_and_is_not_kept)
{
    run_against(two_hosts, "--requests 20 --users 1 --verify-stickiness");
    cr_assert_eq(outcome->status, 1);
}

/* ---- connections ---- */

static void closes_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                        const struct dm_header *header, dm_bytes request)
{
    (void)mine;
    if (number == 7)
        link_close(link, "test");
    else
        echo_answer(link, header, request);
}

Test(load_run, ends_what_waits_on_a_lost_connection_and_counts_what_it_could_not_send)
{
    run_against(closes_at_7, "--requests 20");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "disconnected"), 1, "%s", outcome->text);
    cr_assert_eq(error_of(outcome, "not_sent"), 13);
    account_balances();
}

Test(load_run, goes_on_with_the_other_connections)
{
    run_against(closes_at_7, "--requests 50 --connections 2");
    cr_assert_eq(error_of(outcome, "disconnected"), 1);
    cr_assert_eq(number_of(outcome, "requests"), 50);
    account_balances();
}

Test(load_run, says_which_Result_Code_a_CEA_had)
{
    run_against(NULL, "--application cx --requests 1");
    cr_assert_eq(outcome->status, 1);
    cr_assert_not_null(strstr(outcome->text, "sip1.example.com to 127.0.0.1:"));
    cr_assert_not_null(strstr(outcome->text, "5010"), "%s", outcome->text);
}

Test(load_run, says_that_nobody_listens)
{
    outcome = load_run("127.0.0.1:1", "--requests 1");
    cr_assert_eq(outcome->status, 1);
    cr_assert_not_null(strstr(outcome->text, "Connection refused"));
}

Test(load_run, ends_with_2_where_the_command_line_is_wrong)
{
    outcome = load_run("127.0.0.1:1", "--flow dance");
    cr_assert_eq(outcome->status, 2);
    cr_assert_str_eq(outcome->text, "antipode-load: --flow: 'dance' is unknown\n");
}

/* ---- the open loop ---- */

/* Answers nothing before 20 requests have come. */
static void holds_20(struct echo_peer *mine, struct link *link, uint64_t number,
                     const struct dm_header *header, dm_bytes request)
{
    static struct dm_header headers[20];
    static uint8_t requests[20][1024];
    static size_t sizes[20];
    (void)mine;
    headers[number - 1] = *header;
    memcpy(requests[number - 1], request.at, sizes[number - 1] = request.size);
    for (int i = 0; number == 20 && i < 20; i++)
        echo_answer(link, &headers[i], dm_bytes_of(requests[i], sizes[i]));
}

Test(load_run, of_an_open_loop_does_not_wait_for_answers)
{
    run_against(holds_20, "--rate 1000 --requests 20");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    json_t *latency = json_object_get(outcome->report, "latency_us");
    double longest = json_number_value(json_object_get(latency, "max"));
    cr_assert_geq(longest, 19000 * 0.996, "the first waited for 19 others: %f us", longest);
}

static void silent(struct echo_peer *mine, struct link *link, uint64_t number,
                   const struct dm_header *header, dm_bytes request)
{
    (void)mine, (void)link, (void)number, (void)header, (void)request;
}

Test(load_run, of_an_open_loop_does_not_send_what_the_window_forbids)
{
    run_against(silent, "--rate 10000 --requests 10 --window 2 --timeout 5s");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(number_of(outcome, "requests"), 2, "%s", outcome->text);
    cr_assert_eq(error_of(outcome, "not_sent"), 8);
    cr_assert_eq(error_of(outcome, "timeout"), 2);
}

/* ---- what is sent ---- */

static uint64_t sum;

/* FNV over the user's AVPs, the last octets of a request. */
static void sums_up(struct echo_peer *mine, struct link *link, uint64_t number,
                    const struct dm_header *header, dm_bytes request)
{
    struct dm_avp avp;
    (void)mine, (void)number;
    if (dm_avp_find(request, 0, SIP_AOR, &avp))
        for (size_t i = 0; i < avp.data.size; i++)
            sum = (sum ^ avp.data.at[i]) * UINT64_C(0x100000001b3);
    sum = (sum ^ header->command) * UINT64_C(0x100000001b3);
    echo_answer(link, header, request);
}

static uint64_t sum_of(const char *options)
{
    sum = 1;
    run_against(sums_up, options);
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    tear_down();
    peer = NULL;
    outcome = NULL;
    return sum;
}

Test(load_run, with_the_same_seed_sends_the_same)
{
    uint64_t first = sum_of("--requests 100 --seed 5");
    cr_assert_eq(sum_of("--requests 100 --seed 5"), first);
    cr_assert_neq(sum_of("--requests 100 --seed 6"), first);
}

static uint64_t lookups;

static void counts_lookups(struct echo_peer *mine, struct link *link, uint64_t number,
                           const struct dm_header *header, dm_bytes request)
{
    (void)mine, (void)number;
    lookups += header->command == SIP_LIR;
    echo_answer(link, header, request);
}

Test(load_run, draws_commands_by_their_weights)
{
    run_against(counts_lookups, "--requests 4000 --window 16 --mix LIR:3,UAR:1");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_float_eq((double)lookups / 4000, 0.75, 0.03);
}

/* ---- what the server sends ---- */

static uint32_t push_result;

static void pushes_at_7(struct echo_peer *mine, struct link *link, uint64_t number,
                        const struct dm_header *header, dm_bytes request)
{
    struct dm_avp avp;
    (void)mine;
    if (!dm_header_is_request(header)) {
        cr_assert_eq(header->command, SIP_RTR);
        cr_assert_eq(header->hop_by_hop, 77);
        push_result = dm_avp_find(request, 0, DM_AVP_RESULT_CODE, &avp) ? dm_get32(avp.data.at) : 0;
        return;
    }
    if (number == 7) {
        struct dm_writer writer;
        dm_writer_init(&writer, link_room(link, 512), 512);
        dm_write_header(&writer, &(struct dm_header){.version = 1,
                                                     .flags = 0xc0,
                                                     .command = SIP_RTR,
                                                     .application = 6,
                                                     .hop_by_hop = 77,
                                                     .end_to_end = 78});
        dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, "hss1.example.net;1;1");
        dm_write32(&writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, 6);
        link_commit(link, dm_writer_finish(&writer));
    }
    echo_answer(link, header, request);
}

Test(load_run, agrees_to_the_terminations_of_the_server)
{
    run_against(pushes_at_7, "--requests 20");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "pushes"), 1);
    cr_assert_eq(push_result, 2001);
}

/* ---- the report ---- */

static void has_all(const char *object, const char *names)
{
    json_t *in = *object ? json_object_get(outcome->report, object) : outcome->report;
    char list[256];
    snprintf(list, sizeof(list), "%s", names);
    for (char *name = strtok(list, " "); name; name = strtok(NULL, " "))
        cr_assert_not_null(json_object_get(in, name), "no %s in %s", name, object);
}

Test(load_run, reports_every_name_that_scripts_hang_on)
{
    run_against(NULL, "--requests 20");
    has_all("", "requests answers errors results rate latency_us connections users split_users "
                "duration_s");
    has_all("latency_us", "min p50 p90 p99 p99_9 max mean");
    has_all("errors", "protocol timeout late mismatched duplicate disconnected not_sent flow");
}

Test(load_run, reports_in_words_too)
{
    run_against(two_hosts, "--requests 20 --users 1 --report text");
    cr_assert_not_null(strstr(outcome->text, "requests             20\n"), "%s", outcome->text);
    cr_assert_not_null(strstr(outcome->text, "errors       none\n"));
    cr_assert_not_null(strstr(outcome->text, "20  2001 DIAMETER_SUCCESS\n"));
    cr_assert_not_null(strstr(outcome->text, "users                 1  hss1.example.net\n"));
    cr_assert_not_null(strstr(outcome->text, "split users           1  "));
}

/* ---- files ---- */

Test(load_run, writes_the_histogram_and_the_plot)
{
    char name[] = "/tmp/antipode-load-XXXXXX";
    char options[256];
    int fd = mkstemp(name);
    cr_assert_geq(fd, 0);
    snprintf(options, sizeof(options), "--requests 20 --histogram %s --plot %s.svg", name, name);
    run_against(NULL, options);
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    FILE *from = fdopen(fd, "r");
    char line[128];
    cr_assert_not_null(fgets(line, sizeof(line), from));
    cr_assert_str_eq(line, "       Value     Percentile TotalCount 1/(1-Percentile)\n");
    fclose(from);
    remove(name);
    snprintf(options, sizeof(options), "%s.svg", name);
    cr_assert_eq(remove(options), 0, "the plot is there");
}

Test(load_run, fails_where_a_file_cannot_be_written)
{
    run_against(NULL, "--requests 2 --plot /nowhere/plot.svg");
    cr_assert_eq(outcome->status, 1);
    cr_assert_not_null(strstr(outcome->text, "/nowhere/plot.svg: No such file"));
}
