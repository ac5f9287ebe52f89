/* users.c — what is provisioned of users: tables of subscribers, and rules that derive names.
 * sip-app.md §9.4, §9.5, §9.8. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lab/lab.h"

enum { SERVERS = 4, USERS = 40, SAR = 284 };

static const char *const names[SERVERS] = {S1, S2, "s3.core.example", "s4.core.example"};
static char table[64]; /* the file of subscribers */

static void clean_up(void)
{
    lab_fini();
    unlink(table);
}

TestSuite(users, .fini = clean_up);

struct bed {
    struct lab *lab;
    struct lab_peer *c1;
};

static void open_all(struct bed *bed)
{
    for (int i = 0; i < SERVERS; i++)
        lab_server(bed->lab, names[i])->auto_result = 2001;
    bed->c1 = lab_client(bed->lab, C1);
}

/* Four servers, of which a table says who serves whom: `unknown` is its key of that name. */
static struct bed bed_of(const char *rows, const char *unknown, const char *users)
{
    static char more[512];
    snprintf(table, sizeof table, "/tmp/users-%d.csv", (int)getpid());
    FILE *file = fopen(table, "w");
    cr_assert_not_null(file);
    fputs(rows, file);
    fclose(file);
    snprintf(more, sizeof more,
             "users: { number_domains: [core.example], %s }\n"
             "subscribers: [{ name: home, table: %s, unknown: %s }]",
             users, table, unknown);
    struct bed bed = {.lab = lab_start((struct lab_plan){
                          .servers = {names[0], names[1], names[2], names[3]},
                          .pool = "select: sticky",
                          .timers = "watchdog: 6s, request: 60s",
                          .routes = "  - { name: home, realm: core.example, action: relay, "
                                    "pool: core, subscribers: home }",
                          .more = more})};
    open_all(&bed);
    return bed;
}

static const char no_rules[] = "derive: []";

static int served_by(struct bed *bed, struct lab_message *request)
{
    lab_send(bed->c1, request);
    struct lab_message *answer = lab_expect_result(bed->c1, request, 2001);
    const char *host = lab_text(answer, ORIGIN_HOST, 0);
    for (int i = 0; i < SERVERS; i++)
        if (strcmp(host, names[i]) == 0)
            return i;
    return -1;
}

static int served_by_name(struct bed *bed, const char *aor)
{
    return served_by(bed, lab_lir(bed->c1, aor));
}

/* A SAR with nothing but the User-Name. */
static int served_by_user_name(struct bed *bed, const char *user_name)
{
    return served_by(bed, with_text(lab_request_from(bed->c1, SAR, APP_SIP), USER_NAME, user_name));
}

Test(users, STK_02_a_user_is_served_where_his_rows_say_whatever_names_him)
{
    struct bed bed = bed_of("sip:alice@core.example,s3.core.example\n"
                            "alice@ims.core.example,s3.core.example\n"
                            "tel:+49-30-123,s3.core.example\n"
                            "+4930*,s4.core.example\n"
                            "sip:chat!.*!@core.example,s2.core.example\n",
                            "route", no_rules);
    cr_assert_eq(served_by_name(&bed, "sips:alice@CORE.example:5061"), 2);
    cr_assert_eq(served_by_user_name(&bed, "alice@IMS.core.example"), 2);
    cr_assert_eq(served_by_name(&bed, "sip:+4930123@core.example;user=phone"), 2);
    cr_assert_eq(served_by_name(&bed, "tel:+4930124"), 3);
    cr_assert_eq(served_by_name(&bed, "sip:chat1@core.example"), 1);
    cr_assert_eq(served_by_name(&bed, "sip:chat2@core.example"), 1);
    cr_assert_eq(lab_metric(bed.lab, "antipode_subscribers_entries{table=\"home\"}"), 5);
    lab_end(bed.lab);
}

/* Rows of many users, each with a public and a private identity that have nothing in common. */
static void write_users(char *rows)
{
    for (int i = 0; i < USERS; i++)
        rows += sprintf(rows,
                        "sip:user%d@core.example,core,subscription%d\nimpi%d@core.example,"
                        "core,subscription%d\n",
                        i, i, 7 * i, i);
}

Test(users, STK_07_rows_of_one_user_are_served_by_one_server_also_after_a_restart)
{
    static char rows[USERS * 128];
    int at[USERS];
    bool met[SERVERS] = {false};
    write_users(rows);
    struct bed bed = bed_of(rows, "route", no_rules);
    for (int i = 0; i < USERS; i++) {
        char name[64];
        snprintf(name, sizeof name, "sip:user%d@core.example", i);
        at[i] = served_by_name(&bed, name);
        met[at[i]] = true;
    }
    lab_restart(bed.lab);
    open_all(&bed);
    for (int i = 0; i < USERS; i++) {
        char name[64];
        snprintf(name, sizeof name, "impi%d@core.example", 7 * i);
        cr_assert_eq(served_by_user_name(&bed, name), at[i], "user %d is split", i);
    }
    cr_assert(met[0] && met[1] && met[2] && met[3]);
    lab_end(bed.lab);
}

Test(users, STK_02_a_derived_name_is_served_where_the_public_one_is)
{
    struct bed bed =
        bed_of("", "route", "derive: [{ private: \"(.*)@ims[.](.*)\", public: 'sip:\\1@\\2' }]");
    bool met[SERVERS] = {false};
    for (int i = 0; i < USERS; i++) {
        char name[64];
        char private[64];
        snprintf(name, sizeof name, "sip:user%d@core.example", i);
        snprintf(private, sizeof private, "user%d@ims.core.example", i);
        int at = served_by_name(&bed, name);
        cr_assert_eq(served_by_user_name(&bed, private), at, "%s", private);
        met[at] = true;
    }
    cr_assert(met[0] && met[1] && met[2] && met[3]);
    lab_end(bed.lab);
}

Test(users, a_user_in_no_row_is_refused_where_the_table_is_complete)
{
    struct bed bed = bed_of("sip:alice@core.example,s1.core.example\n", "reject", no_rules);
    struct lab_message *request = lab_lir(bed.c1, "sip:bob@core.example");
    lab_send(bed.c1, request);
    struct lab_message *answer = lab_expect_answer(bed.c1, request);
    cr_assert_eq(lab_result(answer), 5032);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), A_HOST);
    cr_assert_eq(served_by_name(&bed, "sip:alice@core.example"), 0);
    lab_end(bed.lab);
}

Test(users, a_user_in_no_row_goes_by_the_pool_of_the_route_unless_the_table_says_otherwise)
{
    struct bed bed = bed_of("sip:alice@core.example,s1.core.example\n", "route", no_rules);
    int at = served_by_name(&bed, "sip:bob@core.example");
    cr_assert_geq(at, 0);
    cr_assert_eq(served_by_name(&bed, "sip:bob@core.example"), at);
    lab_end(bed.lab);
}

Test(users, SRV_03_the_client_of_a_user_whose_row_names_a_peer_is_known)
{
    static char more[512];
    snprintf(table, sizeof table, "/tmp/users-%d.csv", (int)getpid());
    FILE *file = fopen(table, "w");
    cr_assert_not_null(file);
    fputs("sip:alice@core.example,s3.core.example\n", file);
    fclose(file);
    snprintf(more, sizeof more, "subscribers: [{ name: home, table: %s, unknown: route }]", table);
    struct bed bed = {
        .lab = lab_start((struct lab_plan){
            .servers = {names[0], names[1], names[2], names[3]},
            .timers = "watchdog: 6s, request: 60s",
            .pools =
                "  - name: small\n    select: sticky\n    members: [{ peer: s1.core.example }]",
            .routes = "  - { name: home, realm: core.example, action: relay, "
                      "pool: small, subscribers: home }",
            .more = more})};
    struct lab_peer *s3 = NULL;
    for (int i = 0; i < SERVERS; i++) {
        struct lab_peer *server = lab_server(bed.lab, names[i]);
        server->auto_result = 2001;
        s3 = i == 2 ? server : s3;
    }
    bed.c1 = lab_client(bed.lab, C1);
    struct lab_message *sar = lab_request_from(bed.c1, SAR, APP_SIP);
    with_text(with_text(sar, SIP_AOR, "sip:alice@core.example"), USER_NAME, "a@ims.core.example");
    cr_assert_eq(served_by(&bed, sar), 2);
    struct lab_message *ppr = without(lab_push_request(s3, PPR, NULL, "edge.example"), USER_NAME);
    with_text(ppr, USER_NAME, "a@ims.core.example");
    lab_send(s3, ppr);
    lab_expect_relayed(s3, bed.c1, ppr);
    lab_end(bed.lab);
}
