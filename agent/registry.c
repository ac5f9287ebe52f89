/* registry.c — who has which slot, and where is he at home? */
#include "agent/registry.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"

#define NO_SLOT UINT32_MAX
#define KEEP    (10 * 60 * NS_PER_S)

static uint16_t next_home(struct registry *registry)
{
    struct agent *agent = registry->agent;
    return agent->conf->spread ? (uint16_t)(registry->spread++ % agent->worker_count)
                               : (uint16_t)agent_least_busy(agent);
}

static void give_rows_their_slots(struct registry *registry)
{
    const struct conf *conf = registry->agent->conf;
    for (uint32_t row = 0; row < conf->peer_count; row++) {
        if (conf->peers[row].is_pattern)
            continue;
        struct registry_slot *slot = &registry->slots[row];
        slot->row = row;
        slot->generation = 1;
        slot->home = next_home(registry);
        slot->name = name_new(dm_text(conf->peers[row].identity), 1);
        directory_put(&registry->directory, slot->name, registry_peer(registry, slot));
    }
}

void registry_init(struct registry *registry, struct agent *agent)
{
    const struct conf *conf = agent->conf;
    *registry = (struct registry){.agent = agent, .fixed = (uint32_t)conf->peer_count};
    registry->size = registry->fixed + conf->limits.connections;
    registry->slots = calloc(registry->size, sizeof *registry->slots);
    if (!registry->slots)
        abort();
    directory_init(&registry->directory);
    registry->first_free = NO_SLOT;
    for (uint32_t i = registry->size; i-- > registry->fixed;) {
        registry->slots[i].next_free = registry->first_free;
        registry->first_free = i;
    }
    give_rows_their_slots(registry);
}

void registry_fini(struct registry *registry)
{
    directory_fini(&registry->directory);
    free(registry->slots);
}

static void tell_all(struct registry *registry, enum mail_kind kind, struct name *name,
                     rt_peer peer)
{
    struct agent *agent = registry->agent;
    for (unsigned i = 0; i < agent->worker_count; i++) {
        struct name_letter *letter = post_letter(&agent->post, i, kind, sizeof *letter, true);
        letter->name = name;
        letter->peer = peer;
    }
}

/* Asks the home to let go; the slot is free when it has. */
static void release(struct registry *registry, struct registry_slot *slot)
{
    struct agent *agent = registry->agent;
    slot->is_leaving = true;
    slot->releases++;
    registry->leaving++;
    struct idle_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_RELEASE, sizeof *letter, true);
    letter->peer = registry_peer(registry, slot);
}

/* The one that has been idle for longest makes room. Its slot is free after its home has answered.
 */
static void make_room(struct registry *registry)
{
    struct registry_slot *oldest = NULL;
    for (uint32_t i = registry->fixed; i < registry->size; i++) {
        struct registry_slot *slot = &registry->slots[i];
        if (slot->name && slot->is_idle && !slot->is_leaving &&
            (!oldest || slot->idle_since < oldest->idle_since))
            oldest = slot;
    }
    if (oldest)
        release(registry, oldest);
}

static struct registry_slot *take_free(struct registry *registry, dm_bytes identity, uint32_t row)
{
    if (registry->first_free == NO_SLOT) {
        make_room(registry);
        return NULL;
    }
    struct registry_slot *slot = &registry->slots[registry->first_free];
    registry->first_free = slot->next_free;
    uint32_t generation = slot->generation + 1;
    *slot = (struct registry_slot){.generation = generation ? generation : 1, .row = row};
    slot->home = next_home(registry);
    slot->name = name_new(identity, 1 + registry->agent->worker_count);
    rt_peer peer = registry_peer(registry, slot);
    directory_put(&registry->directory, slot->name, peer);
    tell_all(registry, MAIL_ADDED, slot->name, peer);
    return slot;
}

/* He was told to go and is here again: his home gets the arrival after the release, and makes him
 * anew in the same slot. */
static void stay(struct registry *registry, struct registry_slot *slot)
{
    slot->is_leaving = false;
    registry->leaving--;
    slot->arrivals = 0;
}

struct registry_slot *registry_admit(struct registry *registry, dm_bytes identity, uint32_t row)
{
    const struct directory_entry *entry = directory_find(&registry->directory, identity);
    struct registry_slot *slot =
        entry ? &registry->slots[entry->peer.slot] : take_free(registry, identity, row);
    if (!slot)
        return NULL;
    if (slot->is_leaving)
        stay(registry, slot);
    slot->arrivals++;
    slot->is_idle = false;
    return slot;
}

static struct registry_slot *slot_of(struct registry *registry, rt_peer peer)
{
    struct registry_slot *slot = &registry->slots[peer.slot];
    return slot->name && slot->generation == peer.generation ? slot : NULL;
}

void registry_idle(struct registry *registry, const struct idle_letter *letter)
{
    struct registry_slot *slot = slot_of(registry, letter->peer);
    if (!slot || letter->peer.slot < registry->fixed || slot->is_leaving ||
        slot->arrivals != letter->arrivals)
        return; /* another connection is on its way to it */
    slot->is_idle = true;
    slot->idle_since = clock_now();
    if (letter->is_orderly)
        release(registry, slot);
}

void registry_released(struct registry *registry, rt_peer peer)
{
    struct registry_slot *slot = slot_of(registry, peer);
    if (!slot || --slot->releases || !slot->is_leaving)
        return;
    tell_all(registry, MAIL_REMOVED,
             name_new(name_bytes(slot->name), registry->agent->worker_count), peer);
    directory_remove(&registry->directory, name_bytes(slot->name), peer);
    slot->name = NULL;
    registry->leaving--;
    slot->next_free = registry->first_free;
    registry->first_free = peer.slot;
}

uint64_t registry_expires_in(struct registry *registry, rt_peer peer, uint64_t now)
{
    const struct registry_slot *slot = slot_of(registry, peer);
    if (!slot || !slot->is_idle)
        return 0;
    uint64_t idle = now - slot->idle_since;
    return idle < KEEP ? KEEP - idle : 1;
}

void registry_tick(struct registry *registry, uint64_t now)
{
    for (uint32_t i = registry->fixed; i < registry->size; i++) {
        struct registry_slot *slot = &registry->slots[i];
        if (slot->name && slot->is_idle && !slot->is_leaving && now - slot->idle_since > KEEP)
            release(registry, slot);
    }
}
