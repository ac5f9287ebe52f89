/* What answers teach: learn.def, sip-app.md §8 and §9.3. */
#include "routing/learn.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SIP = RT_APPLICATION_SIP, CX = RT_APPLICATION_CX, SH = RT_APPLICATION_SH };
enum { UAR = 283, SAR = 284, LIR = 285, MAR = 286, RTR = 287, PPR = 288, STR = 275, RAR = 258 };
enum { CX_UAR = 300, CX_SAR = 301, CX_LIR = 302, CX_RTR = 304, UDR = 306, PNR = 309 };

#define ALICE "sip:alice@core.example"
#define TEL   "tel:+4930123"
#define NAME  "0815@core.example"

/* --- messages --- */

struct message {
    struct dm_writer writer;
    uint8_t room[2048];
};

static struct message *message_new(uint32_t application, uint32_t command, uint8_t flags)
{
    static struct message pool[8]; /* those of one test, in turn */
    static unsigned next;
    struct message *it = &pool[next++ % 8];
    dm_writer_init(&it->writer, it->room, sizeof it->room);
    dm_write_header(&it->writer, &(struct dm_header){.version = 1,
                                                     .flags = flags,
                                                     .command = command,
                                                     .application = application});
    return it;
}

static struct message *text(struct message *it, uint32_t vendor, uint32_t code, const char *value)
{
    dm_write_text(&it->writer, vendor, code, DM_AVP_MANDATORY, value);
    return it;
}

static struct message *number(struct message *it, uint32_t code, uint32_t value)
{
    dm_write32(&it->writer, 0, code, DM_AVP_MANDATORY, value);
    return it;
}

static struct message *grouped(struct message *it, uint32_t code, uint32_t vendor, uint32_t inner,
                               const char *value)
{
    size_t mark = dm_write_group(&it->writer, RT_VENDOR_3GPP, code, 0);
    dm_write_text(&it->writer, vendor, inner, 0, value);
    dm_write_group_end(&it->writer, mark);
    return it;
}

static struct message *request(uint32_t application, uint32_t command)
{
    struct message *it = message_new(application, command, 0xc0);
    text(it, 0, DM_AVP_SESSION_ID, "c1.edge.example;1;1");
    text(it, 0, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    text(it, 0, DM_AVP_ORIGIN_REALM, "edge.example");
    return text(it, 0, DM_AVP_DESTINATION_REALM, "core.example");
}

static struct message *named(struct message *it)
{
    return text(it, 0, DM_AVP_USER_NAME, NAME);
}

static struct message *about(struct message *it, const char *aor)
{
    return text(it, 0, DM_AVP_SIP_AOR, aor);
}

static struct message *about_cx(struct message *it, const char *identity)
{
    return text(it, RT_VENDOR_3GPP, RT_AVP_PUBLIC_IDENTITY, identity);
}

static struct message *answer(uint32_t application)
{
    return number(message_new(application, 0, 0x40), DM_AVP_AUTH_SESSION_STATE, 1);
}

/* --- what they teach --- */

static const struct rt_tables tables = {.own_identity = {(const uint8_t *)"a.example", 9}};

static dm_bytes finish(struct message *it)
{
    return dm_bytes_of(it->room, dm_writer_finish(&it->writer));
}

static struct rt_taught taught_by(struct message *asked, struct message *said,
                                  struct rt_result result)
{
    struct rt_taught taught;
    rt_learn_read(&taught, finish(asked), finish(said), &result, &tables, true);
    return taught;
}

static struct rt_taught taught_by_code(struct message *asked, uint32_t code)
{
    return taught_by(asked, answer(SIP), (struct rt_result){.code = code});
}

static uint64_t hash_of(const char *identity)
{
    struct rt_key key;
    rt_key_public(&key, dm_text(identity), NULL);
    return rt_key_hash(&key);
}

static uint64_t hash_of_name(const char *name)
{
    struct rt_key key;
    rt_key_private(&key, dm_text(name), dm_text("core.example"));
    return rt_key_hash(&key);
}

static void expect_pair(const struct rt_taught *taught)
{
    cr_assert_eq(taught->teacher, RT_TEACHER_SERVER);
    cr_assert_eq(taught->lesson.count, 2);
    cr_assert_eq(taught->lesson.keys[0], hash_of(ALICE));
    cr_assert_eq(taught->lesson.keys[1], hash_of_name(NAME));
    cr_assert_eq(taught->lesson.is_public, 1);
}

static void expect_nothing(const struct rt_taught *taught)
{
    cr_assert_eq(taught->teacher, RT_TEACHER_NONE);
    cr_assert_eq(taught->lesson.count, 0);
    cr_assert_eq(taught->session, 0);
    cr_assert_eq(taught->client.key, 0);
}

Test(learn, a_UAR_links_its_identities_on_each_of_its_successes)
{
    const uint32_t results[] = {2001, 2003, 2004, 2007};
    for (size_t i = 0; i < 4; i++) {
        struct rt_taught taught =
            taught_by_code(named(about(request(SIP, UAR), ALICE)), results[i]);
        expect_pair(&taught);
    }
}

Test(learn, STK_06_identities_that_do_not_match_teach_nothing)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, UAR), ALICE)), 5033);
    expect_nothing(&taught);
    cr_assert_not(taught.is_unknown);
}

Test(learn, a_success_of_another_command_is_none_here)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, UAR), ALICE)), 2006);
    expect_nothing(&taught);
}

Test(learn, an_answer_with_E_teaches_nothing_whatever_it_says)
{
    struct rt_taught taught = taught_by(named(about(request(SIP, UAR), ALICE)), answer(SIP),
                                        (struct rt_result){.code = 2001, .is_error = true});
    expect_nothing(&taught);
}

Test(learn, an_unknown_user_is_disowned_by_the_key_that_was_asked_for)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, UAR), ALICE)), 5032);
    cr_assert(taught.is_unknown);
    cr_assert_eq(taught.teacher, RT_TEACHER_NONE);
    cr_assert_eq(taught.lesson.count, 1);
    cr_assert_eq(taught.lesson.keys[0], hash_of(ALICE));
}

Test(learn, a_user_who_is_not_registered_is_not_unknown)
{
    struct rt_taught taught = taught_by_code(about(request(SIP, LIR), ALICE), 5034);
    cr_assert_not(taught.is_unknown);
}

Test(learn, experimental_results_of_Cx_are_told_apart_from_base_results)
{
    struct rt_result registered = {.experimental = 2002};
    struct rt_taught taught =
        taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), answer(CX), registered);
    expect_pair(&taught);
    taught = taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), answer(CX),
                       (struct rt_result){.code = 2002});
    expect_nothing(&taught);
    taught = taught_by(named(about(request(SIP, UAR), ALICE)), answer(SIP),
                       (struct rt_result){.experimental = 2001});
    expect_nothing(&taught);
}

Test(learn, STK_06_experimental_5002_teaches_nothing_and_5001_disowns)
{
    struct rt_taught taught = taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), answer(CX),
                                        (struct rt_result){.experimental = 5002});
    expect_nothing(&taught);
    taught = taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), answer(CX),
                       (struct rt_result){.experimental = 5001});
    cr_assert(taught.is_unknown);
    taught = taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), answer(CX),
                       (struct rt_result){.code = 5001});
    cr_assert_not(taught.is_unknown, "Result-Code 5001 is an unsupported AVP");
}

Test(learn, STK_04_a_SAR_links_all_its_addresses_and_the_name_that_its_answer_brings)
{
    struct message *asked = about(about(request(SIP, SAR), ALICE), TEL);
    struct rt_taught taught =
        taught_by(asked, named(answer(SIP)), (struct rt_result){.code = 2001});
    cr_assert_eq(taught.lesson.count, 3);
    cr_assert_eq(taught.lesson.keys[0], hash_of(ALICE));
    cr_assert_eq(taught.lesson.keys[1], hash_of(TEL));
    cr_assert_eq(taught.lesson.keys[2], hash_of_name(NAME));
    cr_assert_eq(taught.lesson.is_public, 3, "a number may be the anchor");
}

Test(learn, associated_identities_are_names_of_the_same_user)
{
    struct message *said = grouped(answer(CX), 632, 0, DM_AVP_USER_NAME, "second@core.example");
    grouped(said, 647, 0, DM_AVP_USER_NAME, "third@core.example");
    struct rt_taught taught = taught_by(named(about_cx(request(CX, CX_SAR), ALICE)), said,
                                        (struct rt_result){.code = 2001});
    cr_assert_eq(taught.lesson.count, 4);
    cr_assert_eq(taught.lesson.keys[2], hash_of_name("second@core.example"));
    cr_assert_eq(taught.lesson.keys[3], hash_of_name("third@core.example"));
}

Test(learn, an_identity_that_is_named_twice_is_one)
{
    struct message *asked =
        about(about(named(request(SIP, SAR)), ALICE), "SIP:%61lice@CORE.example");
    struct rt_taught taught =
        taught_by(asked, named(answer(SIP)), (struct rt_result){.code = 2001});
    cr_assert_eq(taught.lesson.count, 2);
}

Test(learn, what_comes_after_sixteen_identities_teaches_nothing)
{
    struct message *asked = request(SIP, SAR);
    for (int i = 0; i < 40; i++) {
        char aor[40];
        snprintf(aor, sizeof aor, "sip:user%d@core.example", i);
        about(asked, aor);
    }
    struct rt_taught taught = taught_by_code(asked, 2001);
    cr_assert_eq(taught.lesson.count, RT_LESSON_KEYS);
}

Test(learn, a_LIR_names_its_user_alone)
{
    struct rt_taught taught = taught_by_code(about(request(SIP, LIR), ALICE), 2005);
    cr_assert_eq(taught.teacher, RT_TEACHER_SERVER);
    cr_assert_eq(taught.lesson.count, 1);
}

Test(learn, a_MAR_for_REGISTER_links_its_identities)
{
    const uint32_t results[] = {1001, 2001, 2006, 2008};
    for (size_t i = 0; i < 4; i++) {
        struct message *asked = named(about(request(SIP, MAR), ALICE));
        struct rt_taught taught =
            taught_by_code(text(asked, 0, DM_AVP_SIP_METHOD, "REGISTER"), results[i]);
        expect_pair(&taught);
    }
}

Test(learn, STK_05_a_MAR_of_another_method_names_the_caller_alone)
{
    struct message *asked = named(about(request(SIP, MAR), ALICE));
    struct rt_taught taught = taught_by_code(text(asked, 0, DM_AVP_SIP_METHOD, "INVITE"), 2001);
    cr_assert_eq(taught.lesson.count, 1);
    cr_assert_eq(taught.lesson.keys[0], hash_of_name(NAME));
}

Test(learn, STK_05_a_MAR_that_tells_no_method_links_nobody)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, MAR), ALICE)), 2001);
    cr_assert_eq(taught.lesson.count, 1);
}

Test(learn, a_round_of_many_binds_its_session)
{
    struct message *asked = text(request(SIP, MAR), 0, DM_AVP_SIP_METHOD, "REGISTER");
    struct rt_taught taught = taught_by_code(about(asked, ALICE), 1001);
    cr_assert_neq(taught.session, 0);
    cr_assert(taught.is_session_certain);
}

Test(learn, a_server_that_keeps_state_binds_the_session)
{
    struct message *said = number(message_new(SIP, 0, 0x40), DM_AVP_AUTH_SESSION_STATE, 0);
    struct rt_taught taught =
        taught_by(named(about(request(SIP, UAR), ALICE)), said, (struct rt_result){.code = 2001});
    cr_assert_neq(taught.session, 0);
    taught = taught_by_code(named(about(request(SIP, UAR), ALICE)), 2001);
    cr_assert_eq(taught.session, 0, "it keeps none");
}

Test(learn, Cx_has_a_session_for_each_request_and_binds_none)
{
    struct message *said = number(message_new(CX, 0, 0x40), DM_AVP_AUTH_SESSION_STATE, 0);
    struct rt_taught taught = taught_by(named(about_cx(request(CX, CX_UAR), ALICE)), said,
                                        (struct rt_result){.code = 2001});
    cr_assert_eq(taught.session, 0);
}

Test(learn, the_end_of_a_session_teaches_whose_it_was_and_no_user)
{
    struct rt_taught taught = taught_by_code(named(request(SIP, STR)), 2001);
    cr_assert_neq(taught.session, 0);
    cr_assert_not(taught.is_session_certain);
    cr_assert_eq(taught.lesson.count, 0);
}

Test(learn, what_a_server_pushes_shows_that_the_user_is_his)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, RTR), ALICE)), 2001);
    cr_assert_eq(taught.teacher, RT_TEACHER_INGRESS);
    cr_assert_eq(taught.lesson.count, 2);
    taught = taught_by_code(named(request(SIP, PPR)), 2001);
    cr_assert_eq(taught.teacher, RT_TEACHER_INGRESS);
    cr_assert_eq(taught.lesson.count, 1);
    taught = taught_by_code(named(request(SIP, RAR)), 2001);
    cr_assert_eq(taught.teacher, RT_TEACHER_INGRESS);
}

Test(learn, a_client_that_does_not_know_the_user_disowns_nobody)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, RTR), ALICE)), 5032);
    cr_assert_not(taught.is_unknown);
}

Test(learn, an_RTR_of_Cx_brings_associated_names)
{
    struct message *asked = grouped(named(about_cx(request(CX, CX_RTR), ALICE)), 632, 0,
                                    DM_AVP_USER_NAME, "second@core.example");
    struct rt_taught taught = taught_by(asked, answer(CX), (struct rt_result){.code = 2001});
    cr_assert_eq(taught.teacher, RT_TEACHER_INGRESS);
    cr_assert_eq(taught.lesson.count, 3);
}

Test(learn, a_request_of_Sh_links_what_its_User_Identity_holds_and_the_name)
{
    struct message *asked = grouped(named(request(SH, UDR)), RT_AVP_USER_IDENTITY, RT_VENDOR_3GPP,
                                    RT_AVP_PUBLIC_IDENTITY, ALICE);
    struct rt_taught taught = taught_by(asked, answer(SH), (struct rt_result){.code = 2001});
    expect_pair(&taught);
}

Test(learn, SRV_03_a_SAR_tells_which_client_serves_the_user)
{
    struct rt_taught taught = taught_by_code(named(about(request(SIP, SAR), ALICE)), 2001);
    cr_assert_neq(taught.client.key, 0);
    cr_assert(dm_bytes_equal(taught.client.host, dm_text("c1.edge.example")));
    taught = taught_by_code(about(request(SIP, SAR), ALICE), 2001);
    cr_assert_eq(taught.client.key, 0, "whose User-Name is not known");
    taught = taught_by_code(named(about(request(SIP, SAR), ALICE)), 5034);
    cr_assert_eq(taught.client.key, 0);
}

Test(learn, where_users_are_not_wanted_the_client_is_learnt_all_the_same)
{
    struct message *asked = named(about(request(SIP, SAR), ALICE));
    struct rt_result success = {.code = 2001};
    struct rt_taught taught;
    rt_learn_read(&taught, finish(asked), finish(answer(SIP)), &success, &tables, false);
    cr_assert_eq(taught.teacher, RT_TEACHER_SERVER);
    cr_assert_eq(taught.lesson.count, 0);
    cr_assert_neq(taught.client.key, 0);
}

Test(learn, STK_12_a_pattern_takes_the_place_of_the_identity_that_fulfils_it)
{
    struct message *said = text(answer(CX), RT_VENDOR_3GPP, RT_AVP_WILDCARDED_PUBLIC_IDENTITY,
                                "sip:chat!.*!@core.example");
    struct rt_taught taught = taught_by(about_cx(request(CX, CX_LIR), "sip:chat1@core.example"),
                                        said, (struct rt_result){.code = 2001});
    cr_assert_gt(taught.wildcard.size, 0);
    cr_assert_eq(taught.lesson.count, 0);
}

Test(learn, commands_without_a_row_teach_nothing)
{
    struct rt_taught taught = taught_by_code(named(about(request(4, 272), ALICE)), 2001);
    expect_nothing(&taught);
    taught = taught_by_code(named(about(request(CX, UAR), ALICE)), 2001);
    expect_nothing(&taught);
}

/* --- what is worth reading --- */

static enum rt_teaches expected(struct message *asked, bool is_settled)
{
    struct rt_query query;
    struct dm_fault fault;
    cr_assert_eq(rt_query_read(&query, finish(asked), dm_text("a.example"), false, &fault), DM_OK);
    enum rt_teaches teaches = rt_learn_expects(&query, is_settled);
    return teaches;
}

Test(learn, an_answer_about_a_settled_user_is_not_read)
{
    cr_assert_eq(expected(named(about(request(SIP, UAR), ALICE)), true), RT_TEACHES_NOTHING);
    cr_assert_eq(expected(about(request(SIP, LIR), ALICE), true), RT_TEACHES_NOTHING);
    cr_assert_eq(expected(named(about(request(SIP, UAR), ALICE)), false), RT_TEACHES);
}

Test(learn, what_is_pushed_is_read_always)
{
    cr_assert_eq(expected(named(request(SIP, PPR)), true), RT_TEACHES);
    cr_assert_eq(expected(request(SH, PNR), true), RT_TEACHES);
}

Test(learn, a_registration_of_a_settled_user_teaches_what_its_answer_names)
{
    cr_assert_eq(expected(named(about(request(SIP, SAR), ALICE)), true), RT_TEACHES_NAMES);
    cr_assert_eq(expected(about_cx(request(CX, CX_SAR), ALICE), true), RT_TEACHES_NAMES);
    cr_assert_eq(expected(named(about(request(SIP, SAR), ALICE)), false), RT_TEACHES);
}

Test(learn, a_registration_of_several_identities_is_read_always)
{
    cr_assert_eq(expected(about(about(request(SIP, SAR), ALICE), TEL), true), RT_TEACHES);
    cr_assert_eq(expected(about_cx(about_cx(request(CX, CX_SAR), ALICE), TEL), true), RT_TEACHES);
}

static bool names_others(struct message *asked, struct message *said)
{
    return rt_learn_names_others(finish(asked), (dm_bytes){0}, finish(said));
}

Test(learn, an_answer_that_repeats_the_user_name_names_nobody_else)
{
    cr_assert_not(names_others(named(about(request(SIP, SAR), ALICE)), named(answer(SIP))));
    cr_assert_not(names_others(about(request(SIP, SAR), ALICE), answer(SIP)));
}

Test(learn, a_user_name_that_is_at_hand_is_not_looked_for)
{
    dm_bytes asked = finish(about(request(SIP, SAR), ALICE));
    dm_bytes same = finish(named(answer(SIP)));
    dm_bytes other = finish(text(answer(SIP), 0, DM_AVP_USER_NAME, "0816@core.example"));
    cr_assert_not(rt_learn_names_others(asked, dm_text(NAME), same));
    cr_assert(rt_learn_names_others(asked, dm_text(NAME), other));
}

Test(learn, an_answer_with_any_other_identity_names_others)
{
    enum { ASSOCIATED = 632, ASSOCIATED_REGISTERED = 647 };
    struct message *other = text(answer(SIP), 0, DM_AVP_USER_NAME, "0816@core.example");
    cr_assert(names_others(named(about(request(SIP, SAR), ALICE)), other));
    cr_assert(names_others(about(request(SIP, SAR), ALICE), named(answer(SIP))));
    cr_assert(names_others(about(request(SIP, SAR), ALICE), about(answer(SIP), TEL)));
    cr_assert(names_others(about_cx(request(CX, CX_SAR), ALICE), about_cx(answer(CX), TEL)));
    cr_assert(names_others(about_cx(request(CX, CX_SAR), ALICE),
                           grouped(answer(CX), ASSOCIATED, 0, DM_AVP_USER_NAME, NAME)));
    cr_assert(names_others(about_cx(request(CX, CX_SAR), ALICE),
                           grouped(answer(CX), ASSOCIATED_REGISTERED, 0, DM_AVP_USER_NAME, NAME)));
}

static uint64_t client_of(struct message *asked, uint32_t code)
{
    struct rt_client client;
    struct rt_result result = {.code = code};
    bool is_one = rt_learn_client(&client, finish(asked), &result);
    cr_assert(!is_one || dm_bytes_equal(client.host, dm_text("c1.edge.example")));
    return is_one ? client.key : 0;
}

Test(learn, SRV_03_who_registers_a_user_is_his_client)
{
    struct rt_key key;
    rt_key_private(&key, dm_text(NAME), dm_text("core.example"));
    uint64_t client = rt_key_hash_as(&key, RT_KIND_CLIENT);
    cr_assert_eq(client_of(named(about(request(SIP, SAR), ALICE)), 2001), client);
    cr_assert_eq(client_of(named(about(request(SIP, SAR), ALICE)), 2006), client);
    cr_assert_eq(taught_by_code(named(about(request(SIP, SAR), ALICE)), 2001).client.key, client);
}

static uint64_t client_before(struct message *asked)
{
    struct rt_query query;
    struct dm_fault fault;
    struct rt_client client;
    cr_assert_eq(rt_query_read(&query, finish(asked), dm_text("a.example"), false, &fault), DM_OK);
    bool is_one = rt_learn_client_of(&client, &query);
    cr_assert(!is_one || dm_bytes_equal(client.host, dm_text("c1.edge.example")));
    cr_assert_eq(is_one, client.key != 0);
    return client.key;
}

Test(learn, SRV_03_a_request_says_whose_client_its_sender_is_to_be)
{
    cr_assert_eq(client_before(named(about(request(SIP, SAR), ALICE))),
                 client_of(named(about(request(SIP, SAR), ALICE)), 2001));
    cr_assert_eq(client_before(about(request(SIP, SAR), ALICE)), 0);
    cr_assert_eq(client_before(named(about(request(SIP, UAR), ALICE))), 0);
    cr_assert_eq(client_before(named(about_cx(request(CX, CX_SAR), ALICE))), 0);
    cr_assert(rt_learn_is_registered(&(struct rt_result){.code = 2001}));
    cr_assert_not(rt_learn_is_registered(&(struct rt_result){.code = 5012}));
}

Test(learn, SRV_03_who_fails_to_register_or_does_not_name_the_user_is_nobodys_client)
{
    cr_assert_eq(client_of(named(about(request(SIP, SAR), ALICE)), 5012), 0);
    cr_assert_eq(client_of(about(request(SIP, SAR), ALICE), 2001), 0);
    cr_assert_eq(client_of(named(about(request(SIP, UAR), ALICE)), 2001), 0);
    cr_assert_eq(client_of(named(about_cx(request(CX, CX_SAR), ALICE)), 2001), 0);
}

Test(learn, other_applications_are_not_read)
{
    cr_assert_eq(expected(named(about(request(4, 272), ALICE)), false), RT_TEACHES_NOTHING);
}
