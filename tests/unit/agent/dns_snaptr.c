/* From a realm to the hosts that serve an application, by the records of a zone that the test
 * writes. */
#include "agent/dns/snaptr.h"

#include <stdio.h>

#include <criterion/criterion.h>

enum { SIP = 6, ZONE = 40 };
#define ALL      15U
#define TCP      CONF_TRANSPORT_BIT(CONF_TCP)
#define REALM    "core.example"
#define PORT     3868
#define PORT_TLS 5868

/* `flags` NULL: an SRV record. */
struct row {
    const char *name;
    unsigned order;
    unsigned rank;
    const char *flags;
    const char *service;
    const char *to;
    unsigned port;
    unsigned ttl;
    const char *regexp;
};

static struct {
    struct row rows[ZONE];
    const char *silent; /* of this name nobody says anything */
    const char *allowed;
    bool is_unverified;
    char asked[1000];
} zone;

static void answer(struct dns_reply *reply, const struct dns_question *question)
{
    *reply = (struct dns_reply){.outcome = DNS_NOTHING, .ttl = 30};
    snprintf(zone.asked + strlen(zone.asked), sizeof zone.asked - strlen(zone.asked), "%s%s",
             *zone.asked ? " " : "", question->name);
    if (zone.silent && !strcmp(zone.silent, question->name))
        *reply = (struct dns_reply){.outcome = DNS_FAILED};
    for (const struct row *row = zone.rows; row->name; row++) {
        bool is_srv = row->flags == NULL;
        if (strcmp(row->name, question->name) != 0 || is_srv != (question->type == DNS_SRV))
            continue;
        struct dns_record *record = &reply->records[reply->count++];
        unsigned ttl = row->ttl ? row->ttl : 60;
        reply->ttl = reply->outcome == DNS_FOUND && reply->ttl < ttl ? reply->ttl : ttl;
        reply->outcome = DNS_FOUND;
        *record = (struct dns_record){.type = question->type,
                                      .order = (uint16_t)row->order,
                                      .rank = (uint16_t)row->rank,
                                      .port = (uint16_t)(row->port ? row->port : PORT),
                                      .has_regexp = row->regexp != NULL};
        snprintf(record->name, sizeof record->name, "%s", row->to);
        if (!is_srv) {
            snprintf(record->flags, sizeof record->flags, "%s", row->flags);
            snprintf(record->service, sizeof record->service, "%s", row->service);
        }
    }
}

static uint64_t draw(void *context)
{
    static uint64_t state = 88172645463325252U;
    (void)context;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static bool allows(void *context, const char *name)
{
    (void)context;
    return zone.allowed && dns_is_within(name, zone.allowed);
}

static struct snaptr search;

static void look(uint32_t application, unsigned transports)
{
    struct snaptr_wish wish = {.realm = REALM,
                               .application = application,
                               .transports = transports,
                               .is_unverified = zone.is_unverified,
                               .chance = {draw, NULL},
                               .allows = allows};
    struct dns_question question;
    struct dns_reply reply;
    snaptr_begin(&search, &wish);
    while (snaptr_next(&search, &question)) {
        answer(&reply, &question);
        snaptr_take(&search, &reply);
    }
}

static enum dns_outcome outcome(void)
{
    uint32_t ttl;
    return snaptr_outcome(&search, &ttl);
}

/* "tls:s1.core.example:5868 tcp:…" */
static const char *found(void)
{
    static char text[2000];
    text[0] = '\0';
    for (unsigned i = 0; i < search.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%s:%u", i ? " " : "",
                 conf_transport_name(search.candidates[i].transport), search.candidates[i].host,
                 search.candidates[i].port);
    return text;
}

static void put(struct row row)
{
    struct row *at = zone.rows;
    while (at->name)
        at++;
    *at = row;
}

/* NAPTR of the realm, to a host. */
static void host(unsigned order, unsigned preference, const char *service, const char *to)
{
    put((struct row){REALM, order, preference, "a", service, to, 0, 0, NULL});
}

static void srv(const char *name, unsigned priority, unsigned weight, const char *to, unsigned port)
{
    put((struct row){name, priority, weight, NULL, NULL, to, port, 0, NULL});
}

/* --- services --- */

Test(dns_snaptr, DNS_03_the_application_with_its_protocol_comes_before_the_application_alone)
{
    host(1, 1, "aaa+ap6", "s2." REALM);
    host(9, 9, "aaa+ap6:diameter.tcp", "s1." REALM);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:3868 tcp:s2.core.example:3868");
}

Test(dns_snaptr, DNS_03_a_protocol_for_any_application_comes_before_any_protocol)
{
    host(1, 1, "aaa", "s2." REALM);
    host(9, 9, "aaa:diameter.tcp", "s1." REALM);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:3868 tcp:s2.core.example:3868");
}

Test(dns_snaptr, DNS_03_several_protocols_may_follow_and_the_secure_one_is_tried_first)
{
    host(1, 1, "aaa+ap6:diameter.sctp:diameter.tls.tcp", "s1." REALM);
    look(SIP, ALL);
    cr_assert_str_eq(found(), "tls:s1.core.example:5868 sctp:s1.core.example:3868");
}

Test(dns_snaptr, DNS_03_a_vendors_application_has_its_own_tag)
{
    host(1, 1, "aaa+ap16777216:diameter.tls.tcp", "hss." REALM);
    host(1, 2, "aaa+ap6:diameter.sctp", "sip." REALM);
    look(16777216, ALL);
    cr_assert_str_eq(found(), "tls:hss.core.example:5868");
    look(SIP, ALL);
    cr_assert_str_eq(found(), "sctp:sip.core.example:3868");
}

Test(dns_snaptr, DNS_03_tags_are_compared_whole)
{
    host(1, 1, "aaa+ap60:diameter.tcp", "s1." REALM);
    host(1, 1, "aaa+ap6:diameter.tcp.new", "s2." REALM);
    look(SIP, ALL);
    cr_assert_eq(search.count, 0);
}

Test(dns_snaptr, DNS_04_a_realm_that_names_applications_but_not_ours_is_abandoned)
{
    host(1, 1, "aaa+ap4:diameter.tcp", "s1." REALM);
    host(1, 2, "aaa:diameter.tcp", "s2." REALM);
    srv("_diameter._tcp." REALM, 0, 0, "s3." REALM, 0);
    look(SIP, ALL);
    cr_assert_eq(outcome(), DNS_NOTHING);
    cr_assert_str_eq(zone.asked, REALM);
}

Test(dns_snaptr, DNS_04_a_realm_without_a_transport_of_ours_is_abandoned)
{
    host(1, 1, "aaa+ap6:diameter.sctp", "s1." REALM);
    host(1, 2, "aaa:diameter.tcp", "s2." REALM);
    look(SIP, TCP);
    cr_assert_eq(outcome(), DNS_NOTHING);
}

Test(dns_snaptr, DNS_05_each_tag_of_a_transport_is_known)
{
    static const struct {
        const char *service;
        const char *found;
    } zones[] = {
        {"aaa:diameter.tcp", "tcp:s1.core.example:3868"},
        {"aaa:diameter.sctp", "sctp:s1.core.example:3868"},
        {"aaa:diameter.tls.tcp", "tls:s1.core.example:5868"},
        {"aaa:diameter.dtls.sctp", "dtls:s1.core.example:5868"},
        {"aaa:diameter.dtls", "dtls:s1.core.example:5868"},
    };
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        memset(&zone, 0, sizeof zone);
        host(1, 1, zones[i].service, "s1." REALM);
        look(SIP, ALL);
        cr_assert_str_eq(found(), zones[i].found);
    }
}

Test(dns_snaptr, DNS_13_services_of_rfc_3588_are_taken_last)
{
    host(1, 1, "aaa+d2t", "old." REALM);
    host(1, 2, "aaa+d2s", "older." REALM);
    host(9, 9, "aaa:diameter.tcp", "new." REALM);
    look(SIP, ALL);
    cr_assert_str_eq(found(), "tcp:new.core.example:3868 tcp:old.core.example:3868 "
                              "sctp:older.core.example:3868");
}

/* --- flags, order, chains --- */

Test(dns_snaptr, DNS_06_order_comes_before_preference)
{
    host(2, 1, "aaa:diameter.tcp", "c." REALM);
    host(1, 2, "aaa:diameter.tcp", "b." REALM);
    host(1, 1, "aaa:diameter.tcp", "a." REALM);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:a.core.example:3868 tcp:b.core.example:3868 "
                              "tcp:c.core.example:3868");
}

Test(dns_snaptr, DNS_06_a_chain_of_three_leads_to_the_host)
{
    put((struct row){REALM, 1, 1, "", "aaa:diameter.tcp", "n1." REALM, 0, 90, NULL});
    put((struct row){"n1." REALM, 1, 1, "", "aaa:diameter.tcp", "n2." REALM, 0, 50, NULL});
    put((struct row){"n2." REALM, 1, 1, "s", "aaa:diameter.tcp", "_x._tcp." REALM, 0, 0, NULL});
    srv("_x._tcp." REALM, 0, 0, "s1." REALM, 4444);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:4444");
    cr_assert_eq(search.candidates[0].ttl, 50);
}

Test(dns_snaptr, DNS_06_what_leads_nowhere_is_left_for_the_next)
{
    put((struct row){REALM, 1, 1, "s", "aaa:diameter.tcp", "_x._tcp." REALM, 0, 0, NULL});
    put((struct row){REALM, 1, 2, "", "aaa:diameter.tcp", "n1." REALM, 0, 0, NULL});
    host(2, 1, "aaa:diameter.tcp", "s1." REALM);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:3868");
    cr_assert_str_eq(zone.asked, "core.example _x._tcp.core.example n1.core.example");
}

Test(dns_snaptr, DNS_06_a_loop_ends)
{
    put((struct row){REALM, 1, 1, "", "aaa:diameter.tcp", "n1." REALM, 0, 0, NULL});
    put((struct row){"n1." REALM, 1, 1, "", "aaa:diameter.tcp", REALM, 0, 0, NULL});
    put((struct row){"n1." REALM, 1, 2, "", "aaa:diameter.tcp", "n1." REALM, 0, 0, NULL});
    look(SIP, TCP);
    cr_assert_eq(outcome(), DNS_NOTHING);
    cr_assert_leq(search.questions, 25);
}

Test(dns_snaptr, DNS_06_records_with_expressions_or_other_flags_are_passed_over)
{
    put((struct row){REALM, 1, 1, "u", "aaa:diameter.tcp", "a." REALM, 0, 0, NULL});
    put((struct row){REALM, 1, 2, "a", "aaa:diameter.tcp", "b." REALM, 0, 0, "!x!y!"});
    put((struct row){REALM, 1, 3, "a", "aaa:diameter.tcp", "", 0, 0, NULL});
    host(1, 4, "aaa:diameter.tcp", "s1." REALM);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:3868");
}

/* --- SRV --- */

Test(dns_snaptr, DNS_02_DNS_07_without_naptr_records_srv_is_asked_the_secure_ones_first)
{
    srv("_diameter._tcp." REALM, 0, 0, "t." REALM, 0);
    srv("_diameters._tcp." REALM, 0, 0, "t." REALM, PORT_TLS);
    srv("_diameter._sctp." REALM, 0, 0, "s." REALM, 0);
    srv("_diameters._sctp." REALM, 0, 0, "s." REALM, PORT_TLS);
    look(SIP, ALL);
    cr_assert_str_eq(found(), "tls:t.core.example:5868 dtls:s.core.example:5868 "
                              "tcp:t.core.example:3868 sctp:s.core.example:3868");
    cr_assert_str_eq(zone.asked,
                     "core.example _diameters._tcp.core.example _diameters._sctp.core.example "
                     "_diameter._tcp.core.example _diameter._sctp.core.example");
}

Test(dns_snaptr, DNS_07_naptr_records_of_other_services_do_not_stand_in_the_way)
{
    host(1, 1, "sip+d2t", "sip." REALM);
    srv("_diameter._tcp." REALM, 0, 0, "s1." REALM, 0);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:3868");
}

Test(dns_snaptr, SCT_21_DNS_07_only_transports_that_we_have_are_asked_for)
{
    look(SIP, TCP);
    cr_assert_str_eq(zone.asked, "core.example _diameter._tcp.core.example");
    cr_assert_eq(outcome(), DNS_NOTHING);
}

Test(dns_snaptr, DNS_09_the_port_of_an_srv_record_counts)
{
    srv("_diameter._tcp." REALM, 0, 0, "s1." REALM, 4444);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.core.example:4444");
}

Test(dns_snaptr, DNS_08_a_target_that_is_a_dot_is_no_service)
{
    srv("_diameter._tcp." REALM, 0, 0, "", 0);
    look(SIP, TCP);
    cr_assert_eq(outcome(), DNS_NOTHING);
}

Test(dns_snaptr, DNS_08_lower_priorities_come_first)
{
    srv("_diameter._tcp." REALM, 20, 9, "b." REALM, 0);
    srv("_diameter._tcp." REALM, 10, 1, "a." REALM, 0);
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:a.core.example:3868 tcp:b.core.example:3868");
}

Test(dns_snaptr, DNS_08_weights_of_one_to_three_are_drawn_as_one_to_three)
{
    unsigned heavy = 0;
    srv("_diameter._tcp." REALM, 0, 100, "light." REALM, 0);
    srv("_diameter._tcp." REALM, 0, 300, "heavy." REALM, 0);
    for (int i = 0; i < 10000; i++) {
        zone.asked[0] = '\0';
        look(SIP, TCP);
        cr_assert_eq(search.count, 2);
        heavy += search.candidates[0].host[0] == 'h';
    }
    cr_assert(heavy > 7300 && heavy < 7700, "%u of 10000", heavy);
}

/* --- other domains --- */

Test(dns_snaptr, DNS_11_SEC_17_a_replacement_in_another_domain_is_refused)
{
    put((struct row){REALM, 1, 1, "s", "aaa:diameter.tcp", "_d._tcp.evil.example", 0, 0, NULL});
    host(1, 2, "aaa:diameter.tcp", "s1.evil.example");
    host(1, 3, "aaa:diameter.tcp", "xcore.example");
    srv("_d._tcp.evil.example", 0, 0, "s2.evil.example", 0);
    look(SIP, TCP);
    cr_assert_eq(search.count, 0);
    cr_assert_str_eq(zone.asked, REALM);
}

Test(dns_snaptr, DNS_11_a_target_in_another_domain_is_refused)
{
    srv("_diameter._tcp." REALM, 0, 0, "s1.evil.example", 0);
    look(SIP, TCP);
    cr_assert_eq(search.count, 0);
}

Test(dns_snaptr, DNS_11_a_domain_that_the_configuration_allows_is_not_refused)
{
    zone.allowed = "partner.example";
    host(1, 1, "aaa:diameter.tcp", "s1.partner.example");
    look(SIP, TCP);
    cr_assert_str_eq(found(), "tcp:s1.partner.example:3868");
}

/* RFC 7075 §2: the new realm may be any; whether it is right is for its certificate to say. */
Test(dns_snaptr,
     DNS_11_SEC_17_a_realm_that_is_replaced_by_another_is_reached_securely_or_not_at_all)
{
    put((struct row){REALM, 1, 1, "", "aaa:diameter.tcp:diameter.tls.tcp", "new.example", 0, 0,
                     NULL});
    put((struct row){"new.example", 1, 1, "a", "aaa:diameter.tls.tcp:diameter.tcp",
                     "s1.new.example", 0, 0, NULL});
    put((struct row){"new.example", 1, 2, "a", "aaa:diameter.tls.tcp", "s1.third.example", 0, 0,
                     NULL});
    look(SIP, ALL);
    cr_assert_str_eq(found(), "tls:s1.new.example:5868");
    zone.is_unverified = true; /* then no certificate says anything */
    look(SIP, ALL);
    cr_assert_str_eq(found(), "");
    zone.is_unverified = false;
    zone.allowed = "new.example";
    look(SIP, ALL);
    cr_assert_str_eq(found(), "tls:s1.new.example:5868 tcp:s1.new.example:3868");
}

/* --- the end --- */

Test(dns_snaptr, DNS_14_when_nobody_answers_the_search_has_failed)
{
    zone.silent = REALM;
    look(SIP, TCP);
    cr_assert_eq(outcome(), DNS_FAILED);
    cr_assert_str_eq(zone.asked, REALM);
}

Test(dns_snaptr, what_is_found_twice_is_tried_once)
{
    host(1, 1, "aaa:diameter.tcp", "s1." REALM);
    host(1, 2, "aaa", "s1." REALM);
    look(SIP, TCP);
    cr_assert_eq(search.count, 1);
}

Test(dns_snaptr, a_realm_with_very_many_hosts_gives_the_best_of_them)
{
    char names[DNS_RECORDS_MAX][40];
    for (unsigned i = 0; i < DNS_RECORDS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "s%02u." REALM, i);
        host(1, DNS_RECORDS_MAX - i, "aaa:diameter.tcp", names[i]);
    }
    look(SIP, TCP);
    cr_assert_eq(search.count, SNAPTR_CANDIDATES);
    cr_assert_str_eq(search.candidates[0].host, "s31.core.example");
}
