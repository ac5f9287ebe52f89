/* slots_race.c — packets wake associations on some threads while two owners look at them and hand
 * them to each other.
 *
 * A packet is a count that goes up before the slot is woken; the owner who looks takes it down as
 * seen. Whatever was counted must have been seen in the end: no wake-up is lost, not by a move
 * either. */
#include <stdatomic.h>

#include <uv.h>

#include "agent/sctp/slots.h"
#include "tests/race/race.h"

enum { WAKERS = 3, OWNERS = 2, SLOTS = 8, PACKETS = 100000, NOBODY = -1 };

/* Plain but for the count: the owner's. */
struct assoc {
    struct sctp_slot *slot;
    void *name;
    _Atomic int came;
    _Atomic int seen;
    _Atomic int moving_to; /* as a letter would bring it */
    unsigned looks;
};

static struct assoc assocs[SLOTS];
static struct sctp_owner owners[OWNERS];
static _Atomic int rung[OWNERS];
static _Atomic int waking = WAKERS;

static void ring(void *context)
{
    atomic_store((_Atomic int *)context, 1);
}

static void wake_many(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < PACKETS; i++) {
        struct assoc *assoc = &assocs[i % SLOTS];
        atomic_fetch_add(&assoc->came, 1);
        slot_wake(assoc->name);
    }
    atomic_fetch_sub(&waking, 1);
}

static void take(struct assoc *assoc, int me)
{
    atomic_store(&assoc->seen, atomic_load(&assoc->came));
    if (++assoc->looks % 3)
        return;
    slot_set_owner(assoc->slot, NULL);
    atomic_store(&assoc->moving_to, (me + 1) % OWNERS);
}

static void on_woken(void *context, struct assoc *assoc)
{
    take(assoc, *(const int *)context);
}

static bool all_is_seen(void)
{
    if (atomic_load(&waking))
        return false;
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load(&assocs[i].seen) != atomic_load(&assocs[i].came))
            return false;
    return true;
}

static void receive_letters(int me)
{
    for (int i = 0; i < SLOTS; i++) {
        int mine = me;
        if (!atomic_compare_exchange_strong(&assocs[i].moving_to, &mine, NOBODY))
            continue;
        slot_set_owner(assocs[i].slot, &owners[me]);
        take(&assocs[i], me); /* as if woken once */
    }
}

/* Looks only when it was rung for: a lost wake-up shows as one that never comes. */
static void own(void *argument)
{
    int me = *(const int *)argument;
    uint64_t end = uv_hrtime() + UINT64_C(60000000000);
    while (!all_is_seen()) {
        claim(uv_hrtime() < end, "a wake-up was lost");
        receive_letters(me);
        if (atomic_exchange(&rung[me], 0))
            sctp_owner_look(&owners[me], on_woken, &me);
    }
}

int main(void)
{
    uv_thread_t threads[WAKERS + OWNERS];
    int numbers[OWNERS] = {0, 1};
    for (int i = 0; i < OWNERS; i++)
        owners[i] = (struct sctp_owner){.wake = ring, .context = &rung[i]};
    for (int i = 0; i < SLOTS; i++) {
        assocs[i].slot = slot_take(&assocs[i]);
        assocs[i].name = slot_name(assocs[i].slot);
        atomic_store(&assocs[i].moving_to, NOBODY);
        slot_set_owner(assocs[i].slot, &owners[i % OWNERS]);
    }
    for (int i = 0; i < WAKERS; i++)
        uv_thread_create(&threads[i], wake_many, NULL);
    for (int i = 0; i < OWNERS; i++)
        uv_thread_create(&threads[WAKERS + i], own, &numbers[i]);
    for (int i = 0; i < WAKERS + OWNERS; i++)
        uv_thread_join(&threads[i]);
    return 0;
}
