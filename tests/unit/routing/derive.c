/* derive.c — public identities by rule: the same key whichever identity arrives. sip-app.md §9.4.
 */
#include "routing/derive.h"

#include <criterion/criterion.h>

#include "routing/learn.h"

static struct rt_derive_rule rules[2];
static struct rt_derive derive = {2, rules};
static struct rt_domains domains = {0, NULL, &derive};

static void set_up(void)
{
    const char *why;
    rules[0].private_name = rt_pattern_new(dm_text("(.*)@ims\\.(.*)"), true, &why);
    rules[0].public_name = dm_text("sip:\\1@\\2");
    rules[1].private_name = rt_pattern_new(dm_text("([0-9]+)@numbers"), true, &why);
    rules[1].public_name = dm_text("tel:+\\1");
}

static void tear_down(void)
{
    rt_pattern_free(rules[0].private_name);
    rt_pattern_free(rules[1].private_name);
}

static struct rt_key derived(const char *user_name)
{
    struct rt_key key;
    rt_key_private(&key, dm_text(user_name), dm_text("ims.home.example"));
    (void)rt_derive_public(&key, &domains);
    return key;
}

static struct rt_key key_of(const char *identity)
{
    struct rt_key key;
    rt_key_public(&key, dm_text(identity), &domains);
    return key;
}

static void claim_same(struct rt_key a, struct rt_key b)
{
    cr_assert_eq(a.size, b.size);
    cr_assert_eq(memcmp(a.octets, b.octets, a.size), 0);
}

TestSuite(derive, .init = set_up, .fini = tear_down);

Test(derive, a_private_identity_that_a_rule_takes_has_the_key_of_its_public_one)
{
    claim_same(derived("alice@ims.home.example"), key_of("sip:alice@home.example"));
    claim_same(derived("4930123@numbers"), key_of("tel:+4930123"));
}

Test(derive, rules_see_the_canonical_name)
{
    claim_same(derived("alice@IMS.Home.Example"), key_of("sip:alice@home.example"));
    claim_same(derived("ims.home.example!alice@visited.example"), key_of("sip:alice@home.example"));
    claim_same(derived("alice"), key_of("sip:alice@home.example"));
}

Test(derive, a_name_that_no_rule_takes_stays_private)
{
    struct rt_key key = derived("alice@other.example");
    cr_assert_eq(key.octets[0], RT_KIND_PRIVATE);
}

Test(derive, what_comes_out_and_is_no_uri_is_not_taken)
{
    struct rt_key key = derived("alice@ims.no host");
    cr_assert_eq(key.octets[0], RT_KIND_PRIVATE);
}

static struct rt_query query_of(uint32_t command, const char *public_name, const char *user_name)
{
    return (struct rt_query){.header = {.application = RT_APPLICATION_CX, .command = command},
                             .public_identity = dm_text(public_name),
                             .user_name = dm_text(user_name),
                             .destination_realm = dm_text("home.example")};
}

Test(derive, STK_02_a_command_with_the_private_identity_alone_has_the_key_of_those_with_both)
{
    struct rt_key both;
    struct rt_key alone;
    struct rt_query sar = query_of(301, "sip:alice@home.example", "alice@ims.home.example");
    struct rt_query ppr = query_of(305, "", "alice@ims.home.example");
    rt_key_of(&both, &sar, &domains);
    rt_key_of(&alone, &ppr, &domains);
    claim_same(both, alone);
}

/* --- what is learnt --- */

static dm_bytes message_of(uint8_t *room, size_t size, uint8_t flags, const char *aor)
{
    struct dm_writer writer;
    dm_writer_init(&writer, room, size);
    dm_write_header(&writer, &(struct dm_header){.version = DM_VERSION,
                                                 .flags = flags,
                                                 .command = 284,
                                                 .application = RT_APPLICATION_SIP});
    dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, "s;1;1");
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, "ps.home.example");
    dm_write_text(&writer, 0, DM_AVP_DESTINATION_REALM, DM_AVP_MANDATORY, "home.example");
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, "alice@ims.home.example");
    dm_write_text(&writer, 0, DM_AVP_SIP_AOR, DM_AVP_MANDATORY, aor);
    return dm_bytes_of(room, dm_writer_finish(&writer));
}

static struct rt_lesson taught_by(const char *aor)
{
    uint8_t sar[512];
    uint8_t saa[512];
    struct rt_taught taught;
    struct rt_result success = {.code = 2001};
    struct rt_tables tables = {.own_identity = dm_text("a.home.example"), .domains = domains};
    rt_learn_read(&taught, message_of(sar, sizeof sar, 0xc0, aor),
                  message_of(saa, sizeof saa, 0x40, aor), &success, &tables, true);
    return taught.lesson;
}

Test(derive, a_lesson_has_the_key_under_which_the_private_identity_will_be_looked_for)
{
    struct rt_key key = derived("alice@ims.home.example");
    struct rt_lesson lesson = taught_by("sip:alice.smith@home.example");
    cr_assert_eq(lesson.count, 2);
    cr_assert_eq(lesson.keys[1], rt_key_hash(&key));
    cr_assert_eq(taught_by("sip:alice@home.example").count, 1, "both are one key");
}
