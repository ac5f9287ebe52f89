/* realms.c — a table of realms. */
#include "agent/dns/realms.h"

#include <stdlib.h>

struct realms *realms_new(void)
{
    struct realms *realms = calloc(1, sizeof *realms);
    if (!realms)
        abort();
    return realms;
}

void realms_free(struct realms *realms)
{
    if (realms)
        realms_clear(realms);
    free(realms);
}

static struct realm_entry **bucket_of(struct realms *realms, dm_bytes name, uint32_t application)
{
    return &realms->buckets[(dm_identity_hash(name) + application) % REALMS_BUCKETS];
}

struct realm_entry *realms_find(struct realms *realms, dm_bytes name, uint32_t application)
{
    struct realm_entry *at = *bucket_of(realms, name, application);
    while (at && (at->realm.application != application ||
                  !dm_identity_equal(dm_text(at->realm.name), name)))
        at = at->next;
    return at;
}

/* --- room ---------------------------------------------------------------------------------------
 */

static void drop(struct realms *realms, struct realm_entry **link)
{
    struct realm_entry *entry = *link;
    *link = entry->next;
    realms->count--;
    free(entry);
}

void realms_clear(struct realms *realms)
{
    for (unsigned i = 0; i < REALMS_BUCKETS; i++)
        while (realms->buckets[i])
            drop(realms, &realms->buckets[i]);
}

/* Requests wait for what is being asked for. */
static bool is_spare(const struct realm_entry *entry, bool even_found, uint64_t now)
{
    bool is_good = entry->realm.outcome == DNS_FOUND && entry->realm.until > now;
    return entry->asked <= now && (!is_good || (even_found && !entry->is_used));
}

/* The hand goes on where it was, so that what goes is sought for once and not at each newcomer. */
static bool drop_one(struct realms *realms, bool even_found, uint64_t now)
{
    for (unsigned i = 0; i < REALMS_BUCKETS; i++) {
        realms->hand = (realms->hand + 1) % REALMS_BUCKETS;
        struct realm_entry **link = &realms->buckets[realms->hand];
        while (*link && !is_spare(*link, even_found, now))
            link = &(*link)->next;
        if (*link) {
            drop(realms, link);
            return true;
        }
    }
    return false;
}

static bool has_room(struct realms *realms, uint64_t now)
{
    return realms->count < REALMS_MAX || drop_one(realms, false, now) ||
           drop_one(realms, true, now);
}

struct realm_entry *realms_at(struct realms *realms, dm_bytes name, uint32_t application,
                              uint64_t now)
{
    struct realm_entry *entry = realms_find(realms, name, application);
    if (entry)
        return entry;
    if (name.size >= DNS_NAME_ROOM || !has_room(realms, now))
        return NULL;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        abort();
    entry->realm.application = application;
    memcpy(entry->realm.name, name.at, name.size);
    struct realm_entry **bucket = bucket_of(realms, name, application);
    entry->next = *bucket;
    *bucket = entry;
    realms->count++;
    return entry;
}
