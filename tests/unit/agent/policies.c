/* policies.c — policies as the configuration has them, applied to messages. PXY-02, AVP-16. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/conf.h"
#include "agent/conf/conf_policies.h"

#define BEFORE                                                                                     \
    "version: 1\nidentity: m.agent.example\nrealm: agent.example\n"                                \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"                                           \
    "peers: [{ identity: s1.core.example }]\n"                                                     \
    "pools: [{ name: core, members: [{ peer: s1.core.example }] }]\n"                              \
    "routes: [{ name: r, realm: \"*\", action: proxy, pool: core, policies: [p] }]\n"              \
    "policies:\n  - "

enum { ROOM = 1024, LIMIT = 512 };

/* --- messages --- */

struct message {
    uint8_t octets[ROOM];
    struct dm_writer writer;
};

static void begin(struct message *it)
{
    const struct dm_header header = {
        .version = 1, .flags = DM_FLAG_REQUEST, .command = 285, .application = 6};
    dm_writer_init(&it->writer, it->octets, sizeof it->octets);
    dm_write_header(&it->writer, &header);
}

static dm_bytes end(struct message *it)
{
    return dm_bytes_of(it->octets, dm_writer_finish(&it->writer));
}

static void text(struct message *it, uint32_t code, const char *value)
{
    dm_write_text(&it->writer, 0, code, DM_AVP_MANDATORY, value);
}

/* --- policies --- */

struct applied {
    enum rt_policy_outcome outcome;
    dm_bytes message;
    struct rt_rejection rejection;
    uint8_t room[RT_POLICY_WORK(LIMIT)];
};

static struct conf *load(const char *policy)
{
    char file[4096];
    int size = snprintf(file, sizeof file, BEFORE "%s\n", policy);
    struct conf *conf = conf_load_octets("F", file, (size_t)size, stderr);
    cr_assert_not_null(conf);
    return conf;
}

/* The configuration is gone afterwards: what is left lies in `it`, but for a rejection's texts. */
static void apply_side(struct applied *it, const char *policy, enum rt_side side, dm_bytes message)
{
    struct conf *conf = load(policy);
    it->message = message;
    it->outcome = rt_policies_apply(conf->tables.routes[0].policies, side, &it->message,
                                    (struct rt_policy_room){it->room, LIMIT}, &it->rejection, NULL);
    conf_free(conf);
}

static enum rt_policy_outcome apply(struct applied *it, const char *policy, struct message *message)
{
    apply_side(it, policy, RT_REQUESTS, end(message));
    return it->outcome;
}

static bool is(dm_bytes a, struct message *b)
{
    return dm_bytes_equal(a, end(b));
}

/* --- conditions --- */

/* Does a policy with this condition apply to a message with one AVP more than User-Name? */
static bool holds(const char *condition, uint32_t vendor, uint32_t code, const void *value,
                  size_t size)
{
    char policy[512];
    struct applied it;
    struct message message;
    snprintf(policy, sizeof policy, "{ name: p, when: [%s], do: [{ reject: 5003 }] }", condition);
    begin(&message);
    text(&message, DM_AVP_USER_NAME, "alice");
    if (size)
        dm_write_avp(&message.writer, vendor, code, 0, dm_bytes_of(value, size));
    return apply(&it, policy, &message) == RT_POLICY_REJECTED;
}

static bool holds_text(const char *condition, uint32_t code, const char *value)
{
    return holds(condition, 0, code, value, strlen(value));
}

Test(policies, an_AVP_is_present_or_not)
{
    cr_assert(holds("{ avp: User-Name, present: true }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: User-Name, present: false }", 0, 0, "", 0));
    cr_assert(holds("{ avp: SIP-AOR, present: false }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: SIP-AOR, present: true }", 0, 0, "", 0));
}

Test(policies, an_absent_AVP_fulfils_not_and_matches_nothing)
{
    cr_assert(holds("{ avp: SIP-AOR, not: \"*\" }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: SIP-AOR, matches: \"*\" }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: SIP-AOR, matches: \"/.*/\" }", 0, 0, "", 0));
}

Test(policies, of_several_instances_one_is_enough_and_for_not_none_may_match)
{
    cr_assert(holds_text("{ avp: User-Name, matches: \"b*\" }", DM_AVP_USER_NAME, "bob"));
    cr_assert(holds_text("{ avp: User-Name, matches: \"a*\" }", DM_AVP_USER_NAME, "bob"));
    cr_assert_not(holds_text("{ avp: User-Name, not: \"b*\" }", DM_AVP_USER_NAME, "bob"));
    cr_assert(holds_text("{ avp: User-Name, not: \"c*\" }", DM_AVP_USER_NAME, "bob"));
}

Test(policies, all_conditions_must_hold)
{
    cr_assert(
        holds("{ avp: User-Name, matches: alice }, { avp: SIP-AOR, present: false }", 0, 0, "", 0));
    cr_assert_not(
        holds("{ avp: User-Name, matches: alice }, { avp: SIP-AOR, present: true }", 0, 0, "", 0));
}

Test(policies, a_glob_is_compared_with_the_whole_value)
{
    cr_assert_not(holds("{ avp: User-Name, matches: lic }", 0, 0, "", 0));
    cr_assert(holds("{ avp: User-Name, matches: \"*lic*\" }", 0, 0, "", 0));
    cr_assert(holds("{ avp: User-Name, matches: \"a?i*e\" }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: User-Name, matches: \"a?e\" }", 0, 0, "", 0));
}

Test(policies, an_expression_is_looked_for_anywhere)
{
    cr_assert(holds("{ avp: User-Name, matches: \"/lic/\" }", 0, 0, "", 0));
    cr_assert_not(holds("{ avp: User-Name, matches: \"/^lic/\" }", 0, 0, "", 0));
    cr_assert(holds("{ avp: User-Name, not: \"/[0-9]/\" }", 0, 0, "", 0));
}

Test(policies, case_counts_but_in_a_DiameterIdentity)
{
    cr_assert_not(holds("{ avp: User-Name, matches: Alice }", 0, 0, "", 0));
    cr_assert(holds_text("{ avp: Origin-Host, matches: \"S1.*\" }", DM_AVP_ORIGIN_HOST, "s1.CORE"));
    cr_assert(
        holds_text("{ avp: Origin-Host, matches: \"/Core$/\" }", DM_AVP_ORIGIN_HOST, "s1.CORE"));
}

Test(policies, numbers_are_compared_in_decimal)
{
    cr_assert(holds("{ avp: DRMP, matches: 10 }", 0, 301, "\0\0\0\x0a", 4));
    cr_assert(holds("{ avp: DRMP, matches: -1 }", 0, 301, "\xff\xff\xff\xff", 4));
    cr_assert(holds("{ avp: Result-Code, matches: 4294967295 }", 0, 268, "\xff\xff\xff\xff", 4));
    cr_assert(holds("{ avp: Result-Code, matches: \"0x0102\" }", 0, 268, "\1\2", 2));
}

Test(policies, a_time_is_compared_in_seconds_since_1970)
{
    cr_assert(holds("{ avp: Event-Timestamp, matches: 1000000000 }", 0, 55, "\xbf\x45\x48\x80", 4));
}

Test(policies, addresses_are_compared_as_RFC_5952_writes_them)
{
    cr_assert(holds("{ avp: Host-IP-Address, matches: 10.0.0.* }", 0, 257, "\0\1\x0a\0\0\7", 6));
    cr_assert(holds("{ avp: Host-IP-Address, matches: \"2001:db8::a\" }", 0, 257,
                    "\0\2\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0a", 18));
    cr_assert(holds("{ avp: Host-IP-Address, matches: \"0x0003ff\" }", 0, 257, "\0\3\xff", 3));
}

Test(policies, octets_of_unknown_AVPs_and_groups_are_compared_as_hex)
{
    cr_assert(holds("{ avp: \"4711:1\", matches: \"0x13f1*\" }", 4711, 1, "\x13\xf1\x84", 3));
    cr_assert(holds("{ avp: \"99999\", matches: \"0x616263\" }", 0, 99999, "abc", 3));
    cr_assert(holds("{ avp: Failed-AVP, matches: \"0x6162*\" }", 0, 279, "abcd", 4));
    cr_assert(
        holds("{ avp: Visited-Network-Identifier, matches: \"home*\" }", 10415, 600, "home", 4));
}

Test(policies, a_condition_looks_into_groups)
{
    static const uint8_t list[] = "\0\0\x02\x76\x80\0\0\x10\0\0\x28\xaf\0\0\0\7";
    cr_assert(holds("{ avp: Supported-Features/Feature-List, matches: 7 }", 10415, 628, list, 16));
    cr_assert_not(
        holds("{ avp: Supported-Features/Feature-List, matches: 6 }", 10415, 628, list, 16));
    cr_assert_not(holds("{ avp: Feature-List, present: true }", 10415, 628, list, 16));
}

/* --- changes --- */

static void set_up(struct message *it)
{
    begin(it);
    text(it, DM_AVP_USER_NAME, "alice");
    text(it, DM_AVP_SIP_AOR, "sip:alice@core.example");
    text(it, DM_AVP_USER_NAME, "bob");
}

Test(policies, set_replaces_the_first_instance_and_keeps_its_flags)
{
    struct message message, wanted;
    struct applied it;
    set_up(&message);
    begin(&wanted);
    text(&wanted, DM_AVP_USER_NAME, "carol");
    text(&wanted, DM_AVP_SIP_AOR, "sip:alice@core.example");
    text(&wanted, DM_AVP_USER_NAME, "bob");
    cr_assert_eq(apply(&it, "{ name: p, do: [{ set: User-Name, to: carol }] }", &message),
                 RT_POLICY_CHANGED);
    cr_assert(is(it.message, &wanted));
}

Test(policies, set_takes_the_M_bit_that_is_said)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    text(&message, DM_AVP_USER_NAME, "alice");
    begin(&wanted);
    dm_write_text(&wanted.writer, 0, DM_AVP_USER_NAME, 0, "carol");
    apply(&it, "{ name: p, do: [{ set: User-Name, to: carol, mandatory: false }] }", &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, set_appends_where_there_is_none)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    text(&message, DM_AVP_SIP_AOR, "a");
    begin(&wanted);
    text(&wanted, DM_AVP_SIP_AOR, "a");
    text(&wanted, DM_AVP_USER_NAME, "carol");
    apply(&it, "{ name: p, do: [{ set: User-Name, to: carol }] }", &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, remove_takes_all_and_says_when_there_was_none)
{
    struct message message, wanted;
    struct applied it;
    set_up(&message);
    begin(&wanted);
    text(&wanted, DM_AVP_SIP_AOR, "sip:alice@core.example");
    cr_assert_eq(apply(&it, "{ name: p, do: [{ remove: User-Name }] }", &message),
                 RT_POLICY_CHANGED);
    cr_assert(is(it.message, &wanted));
    cr_assert_eq(apply(&it, "{ name: p, do: [{ remove: DRMP }] }", &message), RT_POLICY_UNCHANGED);
    cr_assert_eq(it.message.at, message.octets);
}

Test(policies, replace_changes_every_instance_that_matches)
{
    struct message message, wanted;
    struct applied it;
    set_up(&message);
    begin(&wanted);
    text(&wanted, DM_AVP_USER_NAME, "<li>ace");
    text(&wanted, DM_AVP_SIP_AOR, "sip:alice@core.example");
    text(&wanted, DM_AVP_USER_NAME, "bob");
    apply(&it, "{ name: p, do: [{ replace: User-Name, matches: \"/(a)(li)/\", by: '<\\2>\\1' }] }",
          &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, an_AVP_by_number_is_replaced_as_its_type_says)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    dm_write_text(&message.writer, 4711, 1, 0, "abc");
    begin(&wanted);
    dm_write_text(&wanted.writer, 4711, 1, 0, "a");
    apply(&it,
          "{ name: p, do: [{ replace: \"4711:1\", type: octets, matches: \"/bc/\", by: '' }] }",
          &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, a_group_that_is_not_there_is_made)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    text(&message, DM_AVP_USER_NAME, "alice");
    begin(&wanted);
    text(&wanted, DM_AVP_USER_NAME, "alice");
    size_t outer = dm_write_group(&wanted.writer, 10415, 628, 0);
    dm_write32(&wanted.writer, 10415, 630, 0, 7);
    dm_write_group_end(&wanted.writer, outer);
    apply(&it, "{ name: p, do: [{ add: Supported-Features/Feature-List, to: 7 }] }", &message);
    cr_assert(is(it.message, &wanted));
}

static void write_features(struct message *it, uint32_t first, uint32_t second)
{
    size_t mark = dm_write_group(&it->writer, 10415, 628, 0);
    dm_write32(&it->writer, 10415, 629, 0, 1);
    if (first)
        dm_write32(&it->writer, 10415, 630, 0, first);
    if (second)
        dm_write32(&it->writer, 10415, 630, 0, second);
    dm_write_group_end(&it->writer, mark);
    text(it, DM_AVP_USER_NAME, "alice");
}

Test(policies, add_goes_to_the_end_of_the_first_group)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    write_features(&message, 3, 0);
    write_features(&message, 4, 0);
    begin(&wanted);
    write_features(&wanted, 3, 7);
    write_features(&wanted, 4, 0);
    apply(&it, "{ name: p, do: [{ add: Supported-Features/Feature-List, to: 7 }] }", &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, remove_takes_from_every_group)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    write_features(&message, 3, 2);
    write_features(&message, 4, 0);
    begin(&wanted);
    write_features(&wanted, 0, 0);
    write_features(&wanted, 0, 0);
    apply(&it, "{ name: p, do: [{ remove: Supported-Features/Feature-List }] }", &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, a_malformed_group_stays_as_it_is)
{
    struct message message;
    struct applied it;
    begin(&message);
    dm_write_avp(&message.writer, 10415, 628, 0, dm_bytes_of("\0\0\2\x76\x80\0\0", 7));
    dm_bytes sent = end(&message);
    apply_side(&it, "{ name: p, do: [{ remove: Supported-Features/Feature-List }] }", RT_REQUESTS,
               sent);
    cr_assert_eq(it.outcome, RT_POLICY_UNCHANGED);
    apply_side(&it, "{ name: p, do: [{ add: Supported-Features/Feature-List, to: 1 }] }",
               RT_REQUESTS, sent);
    cr_assert_eq(it.outcome, RT_POLICY_CHANGED);
    cr_assert_eq(memcmp(it.message.at + 20, sent.at + 20, sent.size - 20), 0);
}

Test(policies, all_types_of_values_can_be_set)
{
    static const struct {
        const char *action;
        const char *octets;
        size_t size;
    } rows[] = {
        {"{ add: \"1:2\", type: unsigned32, to: 4294967295 }", "\xff\xff\xff\xff", 4},
        {"{ add: \"1:2\", type: integer64, to: -2 }", "\xff\xff\xff\xff\xff\xff\xff\xfe", 8},
        {"{ add: \"1:2\", type: float32, to: 1.5 }", "\x3f\xc0\0\0", 4},
        {"{ add: \"1:2\", type: time, to: 1000000000 }", "\xbf\x45\x48\x80", 4},
        {"{ add: \"1:2\", type: address, to: 10.0.0.7 }", "\0\1\x0a\0\0\7", 6},
        {"{ add: \"1:2\", type: utf8, to: abc }", "abc", 3},
        {"{ add: \"1:2\", type: identity, to: h.example }", "h.example", 9},
        {"{ add: \"1:2\", type: uri, to: \"aaa://h\" }", "aaa://h", 7},
        {"{ add: \"1:2\", type: grouped, to: 0x0000000100000008 }", "\0\0\0\1\0\0\0\x08", 8},
        {"{ add: \"1:2\", to: 0x13f184 }", "\x13\xf1\x84", 3},
        {"{ add: \"1:2\", to: text }", "text", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char policy[256];
        struct message message;
        struct applied it;
        struct dm_avp avp;
        snprintf(policy, sizeof policy, "{ name: p, do: [%s] }", rows[i].action);
        begin(&message);
        apply(&it, policy, &message);
        cr_assert(dm_avp_find(it.message, 1, 2, &avp), "%s", policy);
        cr_assert(dm_bytes_equal(avp.data, dm_bytes_of(rows[i].octets, rows[i].size)), "%s",
                  policy);
    }
}

Test(policies, what_exceeds_the_limit_is_too_large_and_the_message_is_as_it_was)
{
    struct message message;
    struct applied it;
    char value[300];
    memset(value, 'x', sizeof value);
    begin(&message);
    dm_write_avp(&message.writer, 0, DM_AVP_USER_NAME, 0, dm_bytes_of(value, sizeof value));
    dm_write_avp(&message.writer, 0, 33, 0, dm_bytes_of(value, LIMIT - 20 - 308 - 8));
    dm_bytes sent = end(&message);
    cr_assert_eq(sent.size, LIMIT);
    apply_side(&it, "{ name: p, do: [{ add: DRMP, to: 1 }] }", RT_REQUESTS, sent);
    cr_assert_eq(it.outcome, RT_POLICY_TOO_LARGE);
    cr_assert_eq(it.message.at, sent.at);
    apply_side(&it, "{ name: p, do: [{ remove: User-Name }, { add: DRMP, to: 1 }] }", RT_REQUESTS,
               sent);
    cr_assert_eq(it.outcome, RT_POLICY_CHANGED);
}

/* --- sides, order, rejections --- */

Test(policies, a_policy_is_for_requests_unless_it_says_otherwise)
{
    static const struct {
        const char *policy;
        bool requests, answers;
    } rows[] = {
        {"{ name: p, do: [{ add: DRMP, to: 1 }] }", true, false},
        {"{ name: p, apply_to: answer, do: [{ add: DRMP, to: 1 }] }", false, true},
        {"{ name: p, apply_to: both, do: [{ add: DRMP, to: 1 }] }", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message;
        struct applied it;
        begin(&message);
        dm_bytes sent = end(&message);
        apply_side(&it, rows[i].policy, RT_REQUESTS, sent);
        cr_assert_eq(it.outcome == RT_POLICY_CHANGED, rows[i].requests);
        apply_side(&it, rows[i].policy, RT_ANSWERS, sent);
        cr_assert_eq(it.outcome == RT_POLICY_CHANGED, rows[i].answers);
    }
}

Test(policies, a_rejection_has_a_code_a_vendor_and_words)
{
    struct conf *conf =
        load("{ name: p, do: [{ remove: DRMP }, { reject: \"10415:5004\", message: no }] }");
    const struct rt_change *change = &conf->policies->policies[0].changes[1];
    cr_assert_eq(change->rejection.result, 5004);
    cr_assert_eq(change->rejection.vendor, 10415);
    cr_assert_str_eq(change->rejection.message, "no");
    cr_assert_str_eq(change->rejection.policy, "p");
    conf_free(conf);
}

Test(policies, PXY_04_an_origin_that_is_hidden_takes_its_state_along)
{
    struct message message, wanted;
    struct applied it;
    begin(&message);
    text(&message, DM_AVP_ORIGIN_HOST, "s1.core.example");
    dm_write32(&message.writer, 0, DM_AVP_ORIGIN_STATE_ID, DM_AVP_MANDATORY, 7);
    begin(&wanted);
    text(&wanted, DM_AVP_ORIGIN_HOST, "hss.example");
    apply(&it, "{ name: p, do: [{ set: Origin-Host, to: hss.example }] }", &message);
    cr_assert(is(it.message, &wanted));
}

Test(policies, a_request_may_keep_its_policies_longer_than_the_configuration_lives)
{
    struct message message;
    struct rt_rejection rejection;
    struct applied it;
    struct conf *conf = load("{ name: p, apply_to: answer, when: [{ avp: User-Name, matches: "
                             "\"/a(l)/\" }], do: [{ replace: User-Name, matches: \"/a(l)/\", "
                             "by: 'x' }] }");
    struct rt_policies *kept = conf_policies_keep(conf->tables.routes[0].policies);
    conf_free(conf);
    begin(&message);
    text(&message, DM_AVP_USER_NAME, "alice");
    dm_bytes sent = end(&message);
    cr_assert_eq(rt_policies_apply(kept, RT_ANSWERS, &sent, (struct rt_policy_room){it.room, LIMIT},
                                   &rejection, NULL),
                 RT_POLICY_CHANGED);
    conf_policies_drop(kept);
}

Test(policies, reasons_say_what_was_done_and_no_secret)
{
    char words[1024] = "";
    struct rt_reasons reasons = {words, sizeof words, 0};
    struct message message;
    struct rt_rejection rejection;
    struct applied it;
    struct conf *conf = load("{ name: p, do: [{ add: DRMP, to: 10 }, { remove: SIP-AOR }, "
                             "{ set: Digest-HA1, to: abc }] }");
    begin(&message);
    dm_bytes sent = end(&message);
    rt_policies_apply(conf->tables.routes[0].policies, RT_REQUESTS, &sent,
                      (struct rt_policy_room){it.room, LIMIT}, &rejection, &reasons);
    cr_assert_str_eq(words, "policy p: add DRMP 10\npolicy p: remove SIP-AOR: nothing to do\n"
                            "policy p: set Digest-HA1\n");
    conf_free(conf);
}

/* --- what an agent that only proxies advertises --- */

Test(policies, PXY_01_CEX_06_only_what_is_proxied_is_advertised)
{
    struct conf *conf = load("{ name: p, do: [{ remove: DRMP }] }");
    cr_assert_eq(conf->advertise.count, 3); /* a route for any application */
    cr_assert_not(conf->advertise.relay);
    conf_free(conf);
}
