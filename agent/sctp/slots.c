/* slots.c — marking, on the stack's threads; looking, on the owner's. */
#include "agent/sctp/slots.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { CHUNK = 256, CHUNKS = 256 };

static_assert(sizeof(void *) >= 8, "a name is a generation and an index");

static _Atomic(struct sctp_slot *) chunks[CHUNKS];
static pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct sctp_slot *first_free;
static uint32_t chunk_count;

/* --- taking and giving --------------------------------------------------------------------------
 */

static bool add_chunk(void)
{
    struct sctp_slot *slots = chunk_count < CHUNKS ? calloc(CHUNK, sizeof *slots) : NULL;
    if (!slots)
        return false;
    for (uint32_t i = CHUNK; i-- > 0;) {
        slots[i].index = chunk_count * CHUNK + i;
        slots[i].next_free = first_free;
        first_free = &slots[i];
    }
    atomic_store(&chunks[chunk_count++], slots);
    return true;
}

struct sctp_slot *slot_take(struct assoc *assoc)
{
    struct sctp_slot *slot = NULL;
    pthread_mutex_lock(&taking);
    if (first_free || add_chunk()) {
        slot = first_free;
        first_free = slot->next_free;
    }
    pthread_mutex_unlock(&taking);
    if (slot)
        slot->assoc = assoc;
    return slot;
}

/* It may still stand in a list: sctp_owner_look finds that it has no owner. */
void slot_give(struct sctp_slot *slot)
{
    atomic_store(&slot->owner, NULL);
    atomic_fetch_add(&slot->generation, 1);
    slot->assoc = NULL;
    pthread_mutex_lock(&taking);
    slot->next_free = first_free;
    first_free = slot;
    pthread_mutex_unlock(&taking);
}

void slot_set_owner(struct sctp_slot *slot, struct sctp_owner *owner)
{
    atomic_store(&slot->owner, owner);
}

void *slot_name(const struct sctp_slot *slot)
{
    uint64_t generation = atomic_load(&slot->generation);
    return (void *)(uintptr_t)(generation << 32 | slot->index);
}

/* --- waking -------------------------------------------------------------------------------------
 */

static void push(struct sctp_owner *owner, struct sctp_slot *slot)
{
    struct sctp_slot *first = atomic_load(&owner->woken);
    do
        slot->next_woken = first;
    while (!atomic_compare_exchange_weak(&owner->woken, &first, slot));
    if (!first)
        owner->wake(owner->context);
}

/* Between two owners nobody is woken: the new one looks by itself. Who unmarks looks again, for a
 * mark that came meanwhile was taken for one that counts. */
static void mark(struct sctp_slot *slot)
{
    struct sctp_owner *owner;
    do {
        if (atomic_exchange(&slot->is_marked, true))
            return;
        owner = atomic_load(&slot->owner);
        if (owner) {
            push(owner, slot);
            return;
        }
        atomic_store(&slot->is_marked, false);
    } while (atomic_load(&slot->owner));
}

void slot_wake(void *name)
{
    uint64_t number = (uint64_t)(uintptr_t)name;
    uint32_t index = (uint32_t)number;
    struct sctp_slot *slots = atomic_load(&chunks[index / CHUNK]);
    struct sctp_slot *slot = &slots[index % CHUNK];
    if (atomic_load(&slot->generation) == (uint32_t)(number >> 32))
        mark(slot);
}

/* The list has the last first. */
static struct sctp_slot *reversed(struct sctp_slot *slot)
{
    struct sctp_slot *before = NULL;
    while (slot) {
        struct sctp_slot *next = slot->next_woken;
        slot->next_woken = before;
        before = slot;
        slot = next;
    }
    return before;
}

void sctp_owner_look(struct sctp_owner *owner, void (*on_woken)(void *context, struct assoc *assoc),
                     void *context)
{
    struct sctp_slot *next;
    struct sctp_slot *slot = reversed(atomic_exchange(&owner->woken, NULL));
    for (; slot; slot = next) {
        next = slot->next_woken; /* once unmarked, it may be put into a list again */
        atomic_store(&slot->is_marked, false);
        if (atomic_load(&slot->owner) == owner)
            on_woken(context, slot->assoc);
        else
            mark(slot); /* it moved: the wake-up goes after it */
    }
}
