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

static void put_back(struct registry *registry, uint32_t slot)
{
    registry->slots[slot].next_free = registry->first_free;
    registry->first_free = slot;
    registry->free++;
}

void registry_init(struct registry *registry, struct agent *agent)
{
    *registry = (struct registry){.agent = agent, .size = agent->board_size};
    registry->slots = calloc(registry->size, sizeof *registry->slots);
    if (!registry->slots)
        abort();
    directory_init(&registry->directory);
    registry->first_free = NO_SLOT;
    for (uint32_t i = registry->size; i-- > 0;)
        put_back(registry, i);
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
        letter->name = name_ref(name);
        letter->peer = peer;
    }
}

/* Asks the home to let go; the slot is free when it has. */
static void release(struct registry *registry, struct registry_slot *slot)
{
    struct agent *agent = registry->agent;
    slot->is_leaving = true;
    slot->is_forgotten = false;
    slot->releases++;
    registry->leaving++;
    struct idle_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_RELEASE, sizeof *letter, true);
    letter->peer = registry_peer(registry, slot);
}

static bool may_go(const struct registry_slot *slot)
{
    return slot->name && slot->is_idle && !slot->is_leaving && !slot->is_row;
}

/* Until all workers use the newest snapshot, an older one may still name the slot. */
static bool is_settled(const struct registry *registry)
{
    return registry->agent->behind == 0;
}

/* The one that has been idle for longest makes room. Its slot is free after its home has answered.
 */
static void make_room(struct registry *registry)
{
    struct registry_slot *oldest = NULL;
    for (uint32_t i = 0; i < registry->size; i++) {
        struct registry_slot *slot = &registry->slots[i];
        if (may_go(slot) && (!oldest || slot->idle_since < oldest->idle_since))
            oldest = slot;
    }
    if (oldest && is_settled(registry))
        release(registry, oldest);
}

static struct registry_slot *take_free(struct registry *registry, dm_bytes identity)
{
    assert(registry->slots && registry->free > 0);
    struct registry_slot *slot = &registry->slots[registry->first_free];
    registry->first_free = slot->next_free;
    registry->free--;
    uint32_t generation = slot->generation + 1;
    *slot = (struct registry_slot){.generation = generation ? generation : 1};
    slot->home = next_home(registry);
    slot->name = name_new(identity, 1);
    rt_peer peer = registry_peer(registry, slot);
    directory_put(&registry->directory, slot->name, peer);
    if (registry->is_open)
        tell_all(registry, MAIL_ADDED, slot->name, peer);
    return slot;
}

static struct registry_slot *take_in(struct registry *registry, dm_bytes identity)
{
    if (registry->first_free == NO_SLOT || registry->strangers >= registry->agent->connections) {
        make_room(registry);
        return NULL;
    }
    registry->strangers++;
    return take_free(registry, identity);
}

/* He was told to go and is here again: his home gets the arrival after the release, and makes him
 * anew in the same slot. */
static void stay(struct registry *registry, struct registry_slot *slot)
{
    slot->is_leaving = false;
    registry->leaving--;
    slot->arrivals = 0;
}

struct registry_slot *registry_admit(struct registry *registry, dm_bytes identity)
{
    const struct directory_entry *entry = directory_find(&registry->directory, identity);
    struct registry_slot *slot =
        entry ? &registry->slots[entry->peer.slot] : take_in(registry, identity);
    if (!slot)
        return NULL;
    if (slot->is_leaving)
        stay(registry, slot);
    slot->arrivals++;
    slot->is_idle = slot->is_forgotten = false;
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
    if (!slot || slot->is_row || slot->is_leaving || slot->arrivals != letter->arrivals)
        return; /* another connection is on its way to it */
    slot->is_idle = true;
    slot->is_forgotten = letter->is_orderly;
    slot->idle_since = clock_now();
    if (slot->is_forgotten && is_settled(registry))
        release(registry, slot);
}

void registry_released(struct registry *registry, rt_peer peer)
{
    struct registry_slot *slot = slot_of(registry, peer);
    if (!slot || --slot->releases || !slot->is_leaving)
        return;
    tell_all(registry, MAIL_REMOVED, slot->name, peer);
    directory_remove(&registry->directory, name_bytes(slot->name), peer);
    slot->name = NULL;
    registry->leaving--;
    registry->strangers--;
    put_back(registry, peer.slot);
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
    for (uint32_t i = 0; i < registry->size && is_settled(registry); i++) {
        struct registry_slot *slot = &registry->slots[i];
        if (may_go(slot) && now - slot->idle_since > KEEP)
            release(registry, slot);
    }
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static struct registry_slot *slot_named(const struct registry *registry, const char *identity)
{
    const struct directory_entry *entry = directory_find(&registry->directory, dm_text(identity));
    return entry ? &registry->slots[entry->peer.slot] : NULL;
}

bool registry_has_room(const struct registry *registry, const struct conf *conf)
{
    size_t wanted = 0;
    for (size_t row = 0; row < conf->peer_count; row++)
        wanted += !conf->peers[row].is_pattern && !slot_named(registry, conf->peers[row].identity);
    return wanted <= registry->free;
}

static struct conf_seat sit_down(struct registry *registry, const struct conf_peer *peer,
                                 uint32_t number)
{
    struct registry_slot *slot = slot_named(registry, peer->identity);
    if (!slot)
        slot = take_free(registry, dm_text(peer->identity));
    if (slot->is_leaving)
        stay(registry, slot);
    slot->is_row = true;
    slot->is_idle = slot->is_forgotten = false;
    struct order order = orders_find(&registry->agent->orders, name_bytes(slot->name));
    return (struct conf_seat){registry_peer(registry, slot), number, slot->home, order.is_drained,
                              order.is_disabled};
}

static void count_strangers(struct registry *registry)
{
    registry->strangers = 0;
    for (uint32_t i = 0; i < registry->size; i++)
        registry->strangers += registry->slots[i].name && !registry->slots[i].is_row;
}

void registry_seat(struct registry *registry, struct conf *conf)
{
    for (uint32_t i = 0; i < registry->size; i++)
        registry->slots[i].is_row = false;
    for (size_t row = 0; row < conf->peer_count; row++)
        if (!conf->peers[row].is_pattern)
            conf->seats[row] = sit_down(registry, &conf->peers[row], conf->seats[row].number);
    count_strangers(registry);
}

void registry_settle(struct registry *registry)
{
    for (uint32_t i = 0; i < registry->size; i++)
        if (registry->slots[i].is_forgotten && may_go(&registry->slots[i]))
            release(registry, &registry->slots[i]);
}
