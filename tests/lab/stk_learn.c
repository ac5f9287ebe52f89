/* stk_learn.c — what answers teach: STK-02 to STK-06, STK-10, STK-12, STK-14, STK-15. */
#include "tests/lab/stk.h"

TestSuite(stk_learn, .fini = lab_fini);

/* --- groups --- */

Test(stk_learn, STK_02_a_request_by_private_name_follows_those_by_public_name)
{
    enum { USERS = 30 };
    struct bed bed = bed_of(FOUR);
    for (int user = 0; user < USERS; user++) {
        int at = served_by(bed.c1, lir(bed.c1, user));
        cr_assert_eq(served_by(bed.c1, uar(bed.c1, user)), at);
        cr_assert_eq(served_by(bed.c2, mar(bed.c2, user)), at);
        cr_assert_eq(served_by(bed.c2, sar(bed.c2, user, 1)), at);
        cr_assert_eq(served_by(bed.c2, sar_by_name(bed.c2, user)), at);
    }
    lab_end(bed.lab);
}

Test(stk_learn, STK_03_a_SAR_by_public_name_alone_follows_the_LIR)
{
    enum { USERS = 20 };
    struct bed bed = bed_of(FOUR);
    for (int user = 0; user < USERS; user++) {
        int at = served_by(bed.c1, lir(bed.c1, user));
        struct lab_message *request = lab_request_from(bed.c2, SAR, APP_SIP);
        with_number(with_aor(request, user), SERVER_ASSIGNMENT, UNREGISTERED);
        cr_assert_eq(served_by(bed.c2, request), at);
    }
    lab_end(bed.lab);
}

/* A registration by public name alone, whose answer brings the private one. Who it was. */
static int register_unnamed(struct bed *bed, int user)
{
    int server;
    struct lab_message *request = lab_request_from(bed->c1, SAR, APP_SIP);
    lab_send(bed->c1, with_number(with_aor(request, user), SERVER_ASSIGNMENT, UNREGISTERED));
    struct lab_message *taken = taken_by(bed, &server);
    struct lab_message *answer = lab_answer_to(bed->server[server], taken, 2001);
    lab_send(bed->server[server], with_name(answer, user));
    lab_expect_answer(bed->c1, request);
    return server;
}

Test(stk_learn, STK_03_an_answer_that_names_its_user_links_him)
{
    enum { USERS = 20 };
    struct bed bed = bed_of(FOUR);
    int at[USERS];
    for (int user = 0; user < USERS; user++)
        at[user] = served_by(bed.c1, lir(bed.c1, user)); /* nothing new of the public name */
    all_answer(&bed, 0);
    for (int user = 0; user < USERS; user++)
        cr_assert_eq(register_unnamed(&bed, user), at[user]);
    all_answer(&bed, 2001);
    for (int user = 0; user < USERS; user++)
        cr_assert_eq(served_by(bed.c2, sar_by_name(bed.c2, user)), at[user]);
    lab_end(bed.lab);
}

static struct lab_message *sar_of_alice(struct lab_peer *from, const char *aor)
{
    struct lab_message *request = lab_request_from(from, SAR, APP_SIP);
    return with_text(with_text(request, SIP_AOR, aor), USER_NAME, "0x17@" REALM);
}

Test(stk_learn, STK_04_three_addresses_of_one_private_name_are_one_user)
{
    struct lab_plan plan = FOUR;
    plan.more = "users: { number_domains: [" REALM "] }\n";
    struct bed bed = bed_of(plan);
    const char *const aors[] = {"sip:alice@" REALM, "tel:+4930123456",
                                "sip:+4930999@" REALM ";user=phone", "sip:wonder@" REALM};
    for (int i = 0; i < 4; i++)
        served_by(bed.c1, sar_of_alice(bed.c1, aors[i]));
    int at = served_by(bed.c1, lab_lir(bed.c1, aors[0]));
    for (int i = 1; i < 4; i++)
        cr_assert_eq(served_by(bed.c2, lab_lir(bed.c2, aors[i])), at, "%s", aors[i]);
    cr_assert_eq(served_by(bed.c2, lab_lir(bed.c2, "tel:+49-30-999")), at);
    struct lab_message *by_name = lab_request_from(bed.c2, SAR, APP_SIP);
    cr_assert_eq(served_by(bed.c2, with_text(by_name, USER_NAME, "0x17@" REALM)), at);
    cr_assert_eq(entries(&bed), 6, "four addresses, a name, and its client");
    lab_end(bed.lab);
}

Test(stk_learn, STK_05_who_calls_whom_links_nobody)
{
    enum { USERS = 20 };
    struct bed bed = bed_of(FOUR);
    int at[USERS];
    for (int user = 0; user < USERS; user++)
        at[user] = served_by(bed.c1, uar(bed.c1, user));
    for (int user = 0; user < USERS; user++) {
        struct lab_message *invite = lab_request_from(bed.c2, MAR, APP_SIP);
        with_text(with_aor(invite, (user + 1) % USERS), SIP_METHOD, "INVITE");
        cr_assert_eq(served_by(bed.c2, with_name(invite, user)), at[user], "by the caller");
    }
    for (int user = 0; user < USERS; user++) {
        cr_assert_eq(served_by(bed.c1, lir(bed.c1, user)), at[user]);
        cr_assert_eq(served_by(bed.c1, sar_by_name(bed.c1, user)), at[user]);
    }
    lab_end(bed.lab);
}

Test(stk_learn, STK_06_identities_that_do_not_match_are_not_linked)
{
    struct bed bed = bed_of(FOUR);
    all_answer(&bed, 5033);
    for (int user = 0; user < 10; user++)
        served_by(bed.c1, uar(bed.c1, user));
    cr_assert_eq(entries(&bed), 0);
    lab_end(bed.lab);
}

static struct lab_message *with_experimental(struct lab_message *answer, uint32_t result)
{
    struct lab_message *group = lab_message_new(0, 0, 0, 0, 0);
    with_number(with_number(group, VENDOR_ID, VENDOR_3GPP), EXPERIMENTAL_RESULT_CODE, result);
    return with_group(without(answer, RESULT_CODE), EXPERIMENTAL_RESULT, group);
}

/* A UAR of Cx that is answered with this Experimental-Result. */
static void ask_cx(struct bed *bed, uint32_t result)
{
    int server;
    struct lab_message *request = lab_request_from(bed->c1, CX_UAR, APP_CX);
    with_avp(request, VENDOR_3GPP, PUBLIC_IDENTITY, M, ALICE, strlen(ALICE));
    lab_send(bed->c1, with_name(request, 1));
    struct lab_message *taken = taken_by(bed, &server);
    struct lab_message *answer = lab_answer_to(bed->server[server], taken, 2001);
    lab_send(bed->server[server], with_experimental(answer, result));
    lab_expect_answer(bed->c1, request);
}

Test(stk_learn, STK_06_nor_are_those_of_Cx)
{
    struct bed bed = bed_of(FOUR);
    all_answer(&bed, 0);
    ask_cx(&bed, 5002);
    cr_assert_eq(entries(&bed), 0);
    ask_cx(&bed, 2001);
    cr_assert_eq(entries(&bed), 2, "Experimental-Result 2001 is a success");
    lab_end(bed.lab);
}

/* --- who is named --- */

Test(stk_learn, STK_10_a_host_that_is_named_wins_and_is_remembered_when_it_serves_the_user)
{
    struct bed bed = bed_of(FOUR);
    int own = served_by(bed.c1, lir(bed.c1, 1));
    int other = (own + 1) % SERVERS;
    cr_assert_eq(served_by(bed.c1, to_host(lir(bed.c1, 1), names[other])), other);
    cr_assert_eq(served_by(bed.c2, lir(bed.c2, 1)), other);
    cr_assert_eq(served_by(bed.c1, to_host(lir(bed.c1, 1), names[own])), own);
    cr_assert_eq(served_by(bed.c2, lir(bed.c2, 1)), own);
    lab_end(bed.lab);
}

Test(stk_learn, STK_10_a_host_that_does_not_know_the_user_is_forgotten)
{
    struct bed bed = bed_of(FOUR);
    int own = served_by(bed.c1, lir(bed.c1, 1));
    int other = (own + 1) % SERVERS;
    served_by(bed.c1, to_host(lir(bed.c1, 1), names[other]));
    all_answer(&bed, 5032);
    cr_assert_eq(served_by(bed.c1, lir(bed.c1, 1)), other);
    cr_assert_eq(served_by(bed.c1, lir(bed.c1, 1)), own);
    lab_end(bed.lab);
}

Test(stk_learn, STK_10_a_host_that_is_chosen_anyway_teaches_nothing)
{
    struct bed bed = bed_of(FOUR);
    int own = served_by(bed.c1, lir(bed.c1, 1));
    served_by(bed.c1, to_host(lir(bed.c1, 1), names[own]));
    cr_assert_eq(entries(&bed), 0);
    lab_end(bed.lab);
}

Test(stk_learn, a_server_that_ends_a_registration_has_shown_that_the_user_is_his)
{
    struct bed bed = bed_of(FOUR);
    int own = served_by(bed.c1, lir(bed.c1, 1));
    int other = (own + 1) % SERVERS;
    struct lab_message *rtr = lab_push_request(bed.server[other], RTR, C1, "edge.example");
    lab_send(bed.server[other], with_aor(without(rtr, USER_NAME), 1));
    lab_answer(bed.c1, lab_expect(bed.c1, RTR), 2001);
    lab_expect_answer(bed.server[other], rtr);
    cr_assert_eq(served_by(bed.c1, lir(bed.c1, 1)), other);
    lab_end(bed.lab);
}

Test(stk_learn, a_second_round_goes_where_the_first_one_was)
{
    struct bed bed = bed_of(FOUR);
    int own = served_by(bed.c1, mar(bed.c1, 1));
    int other = (own + 1) % SERVERS;
    all_answer(&bed, 1001);
    struct lab_message *first = without(mar(bed.c1, 2), SESSION_ID);
    struct lab_message *second = without(mar(bed.c1, 2), SESSION_ID);
    with_text(first, SESSION_ID, C1 ";1;777");
    with_text(second, SESSION_ID, C1 ";1;777");
    cr_assert_eq(served_by(bed.c1, to_host(first, names[other])), other);
    served_by(bed.c1, to_host(mar(bed.c1, 2), names[own]));
    cr_assert_eq(served_by(bed.c1, second), other);
    lab_end(bed.lab);
}

static const struct lab_plan PARTS = {
    .servers = {S1, S2, S3, S4},
    .timers = "request: 60s, watchdog: 6s",
    .pools = "  - name: parts\n    data: partitioned\n"
             "    members: [{ peer: " S1 ", group: a }, { peer: " S2 ", group: b },\n"
             "      { peer: " S3 ", group: c }, { peer: " S4 ", group: d }]",
    .routes = "  - { name: parts, realm: core.example, action: relay, pool: parts }"};

Test(stk_learn, STK_10_a_registration_that_was_redirected_moves_the_user)
{
    struct bed bed = bed_of(PARTS);
    char uri[80];
    int again;
    int own = served_by(bed.c1, sar(bed.c1, 1, 1));
    cr_assert_eq(served_by(bed.c1, sar(bed.c1, 1, 2)), own);
    int other = (own + 1) % SERVERS;
    all_answer(&bed, 0);
    struct lab_message *request = sar(bed.c1, 1, 2);
    lab_send(bed.c1, request);
    struct lab_message *taken = taken_by(&bed, &again);
    cr_assert_eq(again, own);
    snprintf(uri, sizeof uri, "aaa://%s:3868;transport=tcp", names[other]);
    lab_send(bed.server[own],
             with_text(lab_answer_to(bed.server[own], taken, 3006), REDIRECT_HOST, uri));
    all_answer(&bed, 2001);
    struct lab_message *answer = lab_await_answer(bed.c1, request);
    cr_assert_eq(number_of(lab_text(answer, ORIGIN_HOST, 0)), other);
    cr_assert_eq(served_by(bed.c1, sar(bed.c1, 1, 2)), other);
    lab_end(bed.lab);
}

/* --- wildcarded identities --- */

static struct lab_message *with_3gpp(struct lab_message *message, uint32_t code, const char *text)
{
    return with_avp(message, VENDOR_3GPP, code, M, text, strlen(text));
}

/* A distinct identity of the list. */
static struct lab_message *of_list(struct lab_peer *from, uint32_t command, int list, int number)
{
    char aor[80];
    snprintf(aor, sizeof aor, "sip:list%d-%d@" REALM, list, number);
    return with_3gpp(lab_request_from(from, command, APP_CX), PUBLIC_IDENTITY, aor);
}

static const char *pattern_of(int list, char room[80])
{
    snprintf(room, 80, "sip:list%d-![0-9]+!@" REALM, list);
    return room;
}

/* The server says for which pattern the identity stands. Who it was. */
static int introduce(struct bed *bed, int list)
{
    int server;
    char pattern[80];
    struct lab_message *request = of_list(bed->c1, CX_LIR, list, 1);
    lab_send(bed->c1, request);
    struct lab_message *taken = taken_by(bed, &server);
    struct lab_message *answer = lab_answer_to(bed->server[server], taken, 2001);
    lab_send(bed->server[server], with_3gpp(answer, WILDCARD, pattern_of(list, pattern)));
    lab_expect_answer(bed->c1, request);
    return server;
}

Test(stk_learn, STK_12_all_that_a_wildcard_stands_for_has_one_server)
{
    enum { LISTS = 12, USERS = 6 };
    struct bed bed = bed_of(FOUR);
    char pattern[80];
    int at[LISTS];
    all_answer(&bed, 0);
    for (int list = 0; list < LISTS; list++)
        at[list] = introduce(&bed, list);
    all_answer(&bed, 2001);
    for (int list = 0; list < LISTS; list++) {
        for (int user = 2; user < USERS; user++)
            cr_assert_eq(served_by(bed.c2, of_list(bed.c2, CX_LIR, list, user)), at[list]);
        struct lab_message *request = of_list(bed.c2, CX_SAR, list, 777);
        with_3gpp(request, WILDCARD, pattern_of(list, pattern));
        cr_assert_eq(served_by(bed.c2, request), at[list]);
    }
    cr_assert_eq(entries(&bed), LISTS);
    lab_end(bed.lab);
}

Test(stk_learn, STK_12_a_registration_that_names_its_pattern_teaches_it)
{
    enum { LISTS = 6, USERS = 6 };
    struct bed bed = bed_of(FOUR);
    char pattern[80];
    for (int list = 0; list < LISTS; list++) {
        struct lab_message *request = of_list(bed.c1, CX_SAR, list, 1);
        int at = served_by(bed.c1, with_3gpp(request, WILDCARD, pattern_of(list, pattern)));
        for (int user = 2; user < USERS; user++)
            cr_assert_eq(served_by(bed.c2, of_list(bed.c2, CX_LIR, list, user)), at);
    }
    cr_assert_eq(entries(&bed), LISTS);
    lab_end(bed.lab);
}

Test(stk_learn, STK_12_a_pattern_that_is_none_teaches_nothing)
{
    struct bed bed = bed_of(FOUR);
    int server;
    all_answer(&bed, 0);
    struct lab_message *request = of_list(bed.c1, CX_LIR, 1, 1);
    lab_send(bed.c1, request);
    struct lab_message *taken = taken_by(&bed, &server);
    struct lab_message *answer = lab_answer_to(bed.server[server], taken, 2001);
    lab_send(bed.server[server], with_3gpp(answer, WILDCARD, "sip:list!(((!@" REALM));
    lab_expect_answer(bed.c1, request);
    cr_assert_eq(entries(&bed), 0);
    lab_end(bed.lab);
}

/* --- bounds --- */

Test(stk_learn, STK_14_a_full_table_falls_back_to_the_hash)
{
    struct lab_plan plan = FOUR;
    plan.more = "users: { bindings: { capacity: 16 } }\n";
    struct bed bed = bed_of(plan);
    for (int user = 0; user < 100; user++) {
        cr_assert_geq(served_by(bed.c1, uar(bed.c1, user)), 0);
        cr_assert_geq(served_by(bed.c1, sar_by_name(bed.c1, user)), 0);
    }
    cr_assert_leq(entries(&bed), 16);
    cr_assert_gt(lab_metric(bed.lab, "antipode_bindings_evictions_total"), 100);
    lab_end(bed.lab);
}

Test(stk_learn, STK_15_a_client_with_a_thousand_addresses_for_one_name_harms_nobody)
{
    enum { USERS = 10, ATTACKS = 1000, LIMIT = 64 };
    struct bed bed = bed_of(FOUR);
    int at[USERS];
    for (int user = 0; user < USERS; user++)
        at[user] = served_by(bed.c1, uar(bed.c1, user));
    for (int i = 0; i < ATTACKS; i++) {
        struct lab_message *request = with_aor(lab_request_from(bed.c2, UAR, APP_SIP), 1000 + i);
        served_by(bed.c2, with_text(request, USER_NAME, "mallory@" REALM));
    }
    cr_assert_leq(entries(&bed), 2 * USERS + LIMIT);
    for (int user = 0; user < USERS; user++) {
        cr_assert_eq(served_by(bed.c1, lir(bed.c1, user)), at[user]);
        cr_assert_eq(served_by(bed.c1, sar_by_name(bed.c1, user)), at[user]);
    }
    lab_end(bed.lab);
}

/* Of a registration of known identities that was noted when it was sent. */
Test(stk_learn, STK_03_a_user_name_that_only_the_answer_bears_joins_a_settled_user)
{
    int server;
    struct bed bed = bed_of(FOUR);
    for (int i = 0; i < 2; i++)
        served_by(bed.c1, sar(bed.c1, 1, 1));
    double before = entries(&bed);
    all_answer(&bed, 0);
    struct lab_message *request = sar(bed.c1, 1, 1);
    lab_send(bed.c1, request);
    struct lab_message *taken = taken_by(&bed, &server);
    struct lab_message *answer = lab_answer_to(bed.server[server], taken, 2001);
    lab_send(bed.server[server], with_name(answer, 50));
    lab_expect_answer(bed.c1, request);
    cr_assert_eq(entries(&bed), before + 1);
    lab_end(bed.lab);
}
