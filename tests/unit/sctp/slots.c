/* Whom a packet wakes. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "agent/sctp/slots.h"

static int calls, looks;
static struct assoc *seen;

static void count_call(void *context)
{
    (*(int *)context)++;
}

static void see(void *context, struct assoc *assoc)
{
    (void)context;
    looks++;
    seen = assoc;
}

static struct assoc *some_assoc(int *number)
{
    return (struct assoc *)(void *)number;
}

static struct sctp_slot *owned_slot(struct sctp_owner *owner, int *number)
{
    struct sctp_slot *slot = slot_take(some_assoc(number));
    owner->wake = count_call;
    owner->context = &calls;
    atomic_store(&slot->owner, owner);
    return slot;
}

Test(slots, many_packets_wake_an_owner_once)
{
    struct sctp_owner owner = {0};
    int one = 1;
    struct sctp_slot *slot = owned_slot(&owner, &one);
    for (int i = 0; i < 100; i++)
        slot_wake(slot_name(slot));
    cr_assert_eq(calls, 1);
    sctp_owner_look(&owner, see, NULL);
    cr_assert_eq(looks, 1);
    cr_assert_eq(seen, some_assoc(&one));
}

Test(slots, two_associations_of_an_owner_make_one_call)
{
    struct sctp_owner owner = {0};
    int one = 1, two = 2;
    slot_wake(slot_name(owned_slot(&owner, &one)));
    slot_wake(slot_name(owned_slot(&owner, &two)));
    cr_assert_eq(calls, 1);
    sctp_owner_look(&owner, see, NULL);
    cr_assert_eq(looks, 2);
    cr_assert_eq(seen, some_assoc(&two));
}

Test(slots, after_a_look_a_packet_wakes_again)
{
    struct sctp_owner owner = {0};
    int one = 1;
    struct sctp_slot *slot = owned_slot(&owner, &one);
    slot_wake(slot_name(slot));
    sctp_owner_look(&owner, see, NULL);
    slot_wake(slot_name(slot));
    cr_assert_eq(calls, 2);
}

Test(slots, a_late_upcall_finds_the_next_generation)
{
    struct sctp_owner owner = {0};
    int one = 1, two = 2;
    struct sctp_slot *slot = owned_slot(&owner, &one);
    void *old = slot_name(slot);
    slot_give(slot);
    cr_assert_eq(owned_slot(&owner, &two), slot);
    slot_wake(old);
    cr_assert_eq(calls, 0);
}

Test(slots, one_that_was_given_back_in_between_is_not_looked_at)
{
    struct sctp_owner owner = {0};
    int one = 1;
    struct sctp_slot *slot = owned_slot(&owner, &one);
    slot_wake(slot_name(slot));
    slot_give(slot);
    sctp_owner_look(&owner, see, NULL);
    cr_assert_eq(looks, 0);
}

Test(slots, a_wake_up_goes_after_one_that_has_moved)
{
    struct sctp_owner before = {0}, after = {0};
    int one = 1, after_calls = 0;
    struct sctp_slot *slot = owned_slot(&before, &one);
    after.wake = count_call;
    after.context = &after_calls;
    slot_wake(slot_name(slot));
    atomic_store(&slot->owner, &after);
    sctp_owner_look(&before, see, NULL);
    cr_assert_eq(looks, 0);
    cr_assert_eq(after_calls, 1);
    sctp_owner_look(&after, see, NULL);
    cr_assert_eq(looks, 1);
}

Test(slots, while_nobody_owns_it_nobody_is_woken_and_the_next_owner_is)
{
    struct sctp_owner owner = {0};
    int one = 1;
    struct sctp_slot *slot = owned_slot(&owner, &one);
    atomic_store(&slot->owner, NULL);
    slot_wake(slot_name(slot));
    cr_assert_eq(calls, 0);
    atomic_store(&slot->owner, &owner);
    slot_wake(slot_name(slot));
    cr_assert_eq(calls, 1);
}

/* --- with threads -------------------------------------------------------------------------------
 */

enum { THREADS = 3, WAKES = 20000 };

static _Atomic(int) rung;

static void ring(void *context)
{
    (void)context;
    atomic_store(&rung, 1);
}

static void *wake_often(void *name)
{
    for (int i = 0; i < WAKES; i++)
        slot_wake(name);
    return NULL;
}

Test(slots, no_wake_up_is_lost_among_threads)
{
    struct sctp_owner owner = {.wake = ring};
    int one = 1;
    pthread_t threads[THREADS];
    struct sctp_slot *slot = slot_take(some_assoc(&one));
    atomic_store(&slot->owner, &owner);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, wake_often, slot_name(slot));
    for (int i = 0; i < WAKES; i++)
        sctp_owner_look(&owner, see, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    sctp_owner_look(&owner, see, NULL);
    looks = 0;
    atomic_store(&rung, 0);
    slot_wake(slot_name(slot));
    cr_assert_eq(atomic_load(&rung), 1);
    sctp_owner_look(&owner, see, NULL);
    cr_assert_eq(looks, 1);
}
