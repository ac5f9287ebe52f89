/* rdr_locator.c — the Diameter Subscriber Locator of RFC 4740 §6.8, in the four set-ups of
 * sip-app.md §4.7: the agent is it, follows it, passes what it says, and there are two that say the
 * same. RDR-04. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lab/redirect.h"

static char table[64]; /* the file of subscribers */

static void clean_up(void)
{
    lab_fini();
    unlink(table);
}

TestSuite(rdr_locator, .fini = clean_up);

enum { USERS = 10000, TEXT = 2048 };

/* The table is a file of its own; its name goes into the plan. */
static const char *write_table(const char *rows)
{
    snprintf(table, sizeof(table), "/tmp/locator-%d.csv", (int)getpid());
    FILE *file = fopen(table, "w");
    cr_assert_not_null(file);
    fputs(rows, file);
    fclose(file);
    return table;
}

/* Nobody has to be there: a locator tells, it does not ask. */
static struct lab_plan locator(const char *rows)
{
    static char more[TEXT];
    snprintf(more, sizeof(more), "subscribers: [{ name: home, table: %s }]", write_table(rows));
    return (struct lab_plan){
        .servers = {""},
        .peers = "  - { identity: s1.core.example, connect: { transport: tcp, address: 127.0.0.1, "
                 "port: 1 } }\n"
                 "  - { identity: s2.core.example, connect: { transport: tcp, address: 127.0.0.1, "
                 "port: 2 } }\n"
                 "  - { identity: s3.core.example }",
        .pools = "  - { name: east, ready: optional, members: [{ peer: s1.core.example }, "
                 "{ peer: s2.core.example }, { peer: s3.core.example }] }",
        .routes = "  - { name: sl, realm: core.example, action: redirect, "
                  "redirect: { subscribers: home, usage: ALL_USER, cache: 10m } }",
        .more = more};
}

static struct lab_message *ask(struct lab_peer *client, struct lab_message *request)
{
    lab_send(client, request);
    return lab_expect_answer(client, request);
}

/* --- (i) the agent is the locator --- */

Test(rdr_locator, RDR_04_RDR_01_a_user_is_told_the_servers_of_his_row)
{
    struct lab_bed bed = lab_bed(locator("sip:alice@core.example,s1.core.example\n"
                                         "sip:bob@core.example,east\n"));
    struct lab_message *answer = ask(bed.c1, lab_lir(bed.c1, ALICE));
    cr_assert_eq(lab_result(answer), 3006);
    cr_assert_eq(lab_flags(answer), P | E);
    cr_assert_eq(lab_count(answer, REDIRECT_HOST), 1);
    cr_assert_str_eq(lab_text(answer, REDIRECT_HOST, 0), "aaa://" S1 ":1;transport=tcp");
    cr_assert_eq(lab_number(answer, REDIRECT_HOST_USAGE), ALL_USER);
    cr_assert_eq(lab_number(answer, REDIRECT_MAX_CACHE_TIME), 600);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), A_HOST);
    answer = ask(bed.c1, lab_lir(bed.c1, BOB));
    cr_assert_eq(lab_count(answer, REDIRECT_HOST), 2, "who has no `connect` is left out");
    lab_end(bed.lab);
}

Test(rdr_locator, RDR_04_an_unknown_user_is_5032_as_the_application_says_it)
{
    struct lab_bed bed = lab_bed(locator("sip:alice@core.example,s1.core.example\n"));
    struct lab_message *answer = ask(bed.c1, lab_lir(bed.c1, BOB));
    cr_assert_eq(lab_result(answer), 5032);
    cr_assert_eq(lab_flags(answer), P);
    cr_assert_eq(lab_number(answer, AUTH_APPLICATION_ID), APP_SIP);
    cr_assert_eq(lab_number(answer, AUTH_SESSION_STATE), 1);
    cr_assert_eq(lab_count(answer, SESSION_ID), 1);
    lab_end(bed.lab);
}

Test(rdr_locator, RDR_04_an_unknown_user_of_cx_is_experimental_5001)
{
    struct lab_bed bed = lab_bed(locator("sip:bob@core.example,s1.core.example\n"));
    struct lab_message *lir = lab_request_from(bed.c1, CX_LIR, APP_CX);
    with_avp(lir, VENDOR_3GPP, 601, M | V, ALICE, sizeof(ALICE) - 1);
    struct lab_message *answer = ask(bed.c1, lir);
    struct lab_avp group, avp;
    size_t offset = 0;
    cr_assert_eq(lab_count(answer, RESULT_CODE), 0);
    cr_assert_eq(lab_flags(answer), P);
    cr_assert_eq(lab_count(answer, VENDOR_SPECIFIC_APPLICATION_ID), 1);
    cr_assert_eq(lab_number(answer, AUTH_SESSION_STATE), 1);
    cr_assert(lab_nth(answer, EXPERIMENTAL_RESULT, 0, &group));
    cr_assert(lab_next(group.value, group.size, &offset, &avp));
    cr_assert_arr_eq(avp.value, "\0\0\x28\xaf", 4, "vendor 10415");
    cr_assert(lab_next(group.value, group.size, &offset, &avp));
    cr_assert_arr_eq(avp.value, "\0\0\x13\x89", 4, "5001");
    lab_end(bed.lab);
}

/* --- (ii) the agent follows a locator --- */

Test(rdr_locator, RDR_12_set_up_ii_the_client_sees_the_server_only_and_then_it_goes_directly)
{
    struct redirect_bed bed = redirect_bed((struct lab_plan){REDIRECT_PLAN});
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 3600);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    struct lab_message *uar = lab_request_from(bed.c1, UAR, APP_SIP);
    expect_direct(&bed, bed.s1,
                  with_text(with_text(uar, SIP_AOR, ALICE), USER_NAME, "alice@core.example"));
    struct lab_message *mar = lab_request_from(bed.c1, MAR, APP_SIP);
    with_text(with_text(mar, SIP_AOR, ALICE), USER_NAME, "alice@core.example");
    expect_direct(&bed, bed.s1, with_text(mar, SIP_METHOD, "REGISTER"));
    lab_expect_silence(bed.d1);
    lab_end(bed.lab);
}

/* --- (iii) the agent passes what a locator says --- */

Test(rdr_locator, RDR_08_set_up_iii_the_client_gets_the_redirect)
{
    struct lab_plan plan = {REDIRECT_PLAN, .more = "redirects: { follow: false }"};
    struct redirect_bed bed = redirect_bed(plan);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    expect_passed(&bed, lir, redirect_at_d1(&bed, AAA(S1), ALL_USER, 3600));
    lab_end(bed.lab);
}

/* --- (iv) two locators say the same --- */

static char *rows_of_users(void)
{
    static const char *const targets[] = {"east", "s1.core.example", "s2.core.example"};
    char *rows = malloc(USERS * 64), *at = rows;
    for (int i = 0; i < USERS; i++)
        at += sprintf(at, "sip:user%d@core.example,%s\n", i, targets[i % 3]);
    return rows;
}

static struct lab_message *ask_user(struct lab_peer *client, int i)
{
    char aor[64];
    snprintf(aor, sizeof(aor), "sip:user%d@core.example", i);
    return lab_lir(client, aor);
}

/* The Redirect-Hosts of all users, one behind the other. */
static uint64_t hash_of_answers(struct lab_peer *client)
{
    enum { BATCH = 500 };
    uint64_t hash = 14695981039346656037u;
    struct lab_message *asked[BATCH];
    for (int first = 0; first < USERS; first += BATCH) {
        for (int i = 0; i < BATCH; i++)
            lab_push(client, asked[i] = ask_user(client, first + i));
        for (int i = 0; i < BATCH; i++) {
            struct lab_message *answer = lab_await_answer(client, asked[i]);
            cr_assert_eq(lab_result(answer), 3006);
            for (unsigned n = 0; n < lab_count(answer, REDIRECT_HOST); n++)
                for (const char *at = lab_text(answer, REDIRECT_HOST, n); *at; at++)
                    hash = (hash ^ (uint8_t)*at) * 1099511628211u;
        }
    }
    return hash;
}

Test(rdr_locator, RDR_04_set_up_iv_two_locators_give_ten_thousand_users_equal_answers)
{
    char *rows = rows_of_users();
    struct lab_bed bed = lab_bed(locator(rows));
    uint64_t one = hash_of_answers(bed.c1);
    lab_restart(bed.lab);
    uint64_t other = hash_of_answers(lab_client(bed.lab, C1));
    cr_assert_eq(one, other);
    free(rows);
    lab_end(bed.lab);
}
