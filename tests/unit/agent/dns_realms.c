/* What is remembered of DNS: realms with their hosts, and names that are not there. */
#include "agent/dns/realms.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "agent/dns/nothing.h"

enum { SIP = 6, CX = 16777216 };

/* --- realms --- */

static struct realm_entry *put(struct realms *realms, const char *name, uint64_t until)
{
    struct realm_entry *entry = realms_at(realms, dm_text(name), SIP, 0);
    if (entry)
        entry->realm.until = until;
    if (entry)
        entry->is_used = true;
    return entry;
}

Test(dns_realms, a_realm_is_found_by_name_and_application_whatever_the_case)
{
    struct realms *realms = realms_new();
    struct realm_entry *entry = put(realms, "core.example", 10);
    cr_assert_eq(realms_find(realms, dm_text("Core.Example"), SIP), entry);
    cr_assert_null(realms_find(realms, dm_text("core.example"), CX));
    cr_assert_null(realms_find(realms, dm_text("edge.example"), SIP));
    cr_assert_eq(realms_at(realms, dm_text("core.example"), SIP, 0), entry);
    realms_free(realms);
}

static void fill(struct realms *realms, uint64_t until)
{
    char name[40];
    for (unsigned i = 0; i < REALMS_MAX; i++) {
        snprintf(name, sizeof name, "r%u.example", i);
        cr_assert_not_null(put(realms, name, until));
    }
}

Test(dns_realms, there_are_no_more_than_so_many)
{
    struct realms *realms = realms_new();
    fill(realms, 100);
    cr_assert_null(realms_at(realms, dm_text("another.example"), SIP, 50));
    cr_assert_eq(realms->count, REALMS_MAX);
    realms_free(realms);
}

Test(dns_realms, DNS_10_what_is_over_makes_room)
{
    struct realms *realms = realms_new();
    fill(realms, 100);
    cr_assert_not_null(realms_at(realms, dm_text("another.example"), SIP, 101));
    cr_assert_eq(realms->count, REALMS_MAX);
    realms_free(realms);
}

Test(dns_realms, one_that_is_being_asked_for_is_not_over)
{
    struct realms *realms = realms_new();
    fill(realms, 100);
    struct realm_entry *entry = realms_find(realms, dm_text("r7.example"), SIP);
    entry->asked = 200;
    realms_at(realms, dm_text("another.example"), SIP, 101);
    cr_assert_eq(realms_find(realms, dm_text("r7.example"), SIP), entry);
    realms_free(realms);
}

/* All that is over goes before what is not. */
Test(dns_realms, DNS_10_what_is_good_stays_while_others_are_over)
{
    struct realms *realms = realms_new();
    char name[40];
    fill(realms, 100);
    struct realm_entry *good = realms_find(realms, dm_text("r7.example"), SIP);
    good->realm.until = 1000;
    good->is_used = false;
    for (unsigned i = 0; i < REALMS_MAX - 1; i++) {
        snprintf(name, sizeof name, "later%u.example", i);
        realms_at(realms, dm_text(name), SIP, 101)->asked = 200;
    }
    cr_assert_eq(realms_find(realms, dm_text("r7.example"), SIP), good);
    realms_free(realms);
}

Test(dns_realms, DNS_14_names_that_DNS_has_nobody_for_make_room)
{
    struct realms *realms = realms_new();
    fill(realms, 100);
    struct realm_entry *invented = realms_find(realms, dm_text("r7.example"), SIP);
    invented->realm.outcome = DNS_NOTHING;
    cr_assert_not_null(realms_at(realms, dm_text("another.example"), SIP, 50));
    cr_assert_null(realms_find(realms, dm_text("r7.example"), SIP));
    realms_free(realms);
}

Test(dns_realms, DNS_10_what_was_found_and_nobody_uses_makes_room_when_nothing_else_does)
{
    struct realms *realms = realms_new();
    fill(realms, 100);
    realms_find(realms, dm_text("r7.example"), SIP)->is_used = false;
    realms_find(realms, dm_text("r8.example"), SIP)->realm.outcome = DNS_FAILED;
    cr_assert_not_null(put(realms, "one.example", 100));
    cr_assert_not_null(realms_find(realms, dm_text("r7.example"), SIP));
    cr_assert_not_null(put(realms, "two.example", 100));
    cr_assert_null(realms_find(realms, dm_text("r7.example"), SIP));
    cr_assert_null(put(realms, "three.example", 100), "all are in use");
    realms_free(realms);
}

/* --- nothing --- */

static struct dns_nothing nothing;
static struct dns_reply reply;

#define S UINT64_C(1000000000)

static bool is_nothing(const char *name, enum dns_type type, uint64_t now)
{
    return dns_nothing_find(&nothing, name, type, now, &reply);
}

Test(dns_nothing, DNS_14_what_is_not_there_is_not_asked_for_again_until_its_time_is_over)
{
    const struct dns_reply none = {.outcome = DNS_NOTHING};
    dns_nothing_put(&nothing, "s1.example", DNS_A, &none, 30 * S);
    cr_assert(is_nothing("S1.Example", DNS_A, 10 * S));
    cr_assert_eq(reply.outcome, DNS_NOTHING);
    cr_assert_eq(reply.ttl, 20);
    cr_assert_not(is_nothing("s1.example", DNS_A, 30 * S));
}

Test(dns_nothing, another_type_or_name_is_another_question)
{
    const struct dns_reply none = {.outcome = DNS_FAILED};
    dns_nothing_put(&nothing, "s1.example", DNS_A, &none, 30 * S);
    cr_assert_not(is_nothing("s1.example", DNS_AAAA, 0));
    cr_assert_not(is_nothing("s2.example", DNS_A, 0));
    cr_assert(is_nothing("s1.example", DNS_A, 0));
    cr_assert_eq(reply.outcome, DNS_FAILED);
    dns_nothing_forget(&nothing);
    cr_assert_not(is_nothing("s1.example", DNS_A, 0));
}
