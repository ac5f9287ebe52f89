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

static bool is_over(const struct realm_entry *entry, uint64_t now)
{
    return entry->realm.until <= now && entry->asked <= now;
}

static void sweep(struct realms *realms, bool all, uint64_t now)
{
    for (unsigned i = 0; i < REALMS_BUCKETS; i++) {
        struct realm_entry **link = &realms->buckets[i];
        while (*link) {
            struct realm_entry *at = *link;
            if (!all && !is_over(at, now)) {
                link = &at->next;
                continue;
            }
            *link = at->next;
            realms->count--;
            free(at);
        }
    }
}

void realms_clear(struct realms *realms)
{
    sweep(realms, true, 0);
}

struct realm_entry *realms_at(struct realms *realms, dm_bytes name, uint32_t application,
                              uint64_t now)
{
    struct realm_entry *entry = realms_find(realms, name, application);
    if (entry)
        return entry;
    if (realms->count >= REALMS_MAX)
        sweep(realms, false, now);
    if (realms->count >= REALMS_MAX || name.size >= DNS_NAME_ROOM)
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
