/* park.c — the parked list: places in one array, chained in rings by what they wait for. */
#include "agent/park.h"

#include <stdlib.h>

#include "agent/clock.h"
#include "agent/relay_request.h"

enum { RINGS = PARK_MAX, NONE = UINT16_MAX };

struct place {
    struct relay_request request;
    uint64_t what;
    uint16_t next; /* in its ring, or among the free */
    uint16_t before;
};

/* What all places have is apart from them, so that a look for those who are late reads 32 KiB. */
struct park {
    struct worker *worker;
    struct place *places;
    uint64_t *until; /* 0: free */
    uint16_t *rings; /* the first place of each, or NONE */
    uint16_t free;
    uint32_t used;
    uint64_t earliest; /* nobody is late before */
    uv_timer_t timer;
};

struct park *park_new(struct worker *worker)
{
    struct park *park = calloc(1, sizeof *park);
    if (!park)
        abort();
    park->worker = worker;
    return park;
}

void park_free(struct park *park)
{
    if (!park)
        return;
    free(park->places);
    free(park->until);
    free(park->rings);
    free(park);
}

/* The tick is too coarse for a store's 20 ms. What is late is looked for after the sockets were
 * read: perhaps what it waits for is there. The loop comes here before it waits for them, and up to
 * 1 ms early: the next time is soon, so that it does not wait until the tick. */
static void on_time(uv_timer_t *timer)
{
    struct park *park = timer->data;
    if (!park->used)
        return;
    park->worker->park_is_due = true;
    uv_timer_start(timer, on_time, 1, 0);
}

void park_open(struct park *park)
{
    uv_timer_init(&park->worker->loop, &park->timer);
    park->timer.data = park;
}

void park_close(struct park *park)
{
    uv_close((uv_handle_t *)&park->timer, NULL);
}

/* --- places and rings --- */

static void make_places(struct park *park)
{
    park->places = malloc(PARK_MAX * sizeof *park->places);
    park->until = calloc(PARK_MAX, sizeof *park->until);
    park->rings = malloc(RINGS * sizeof *park->rings);
    if (!park->places || !park->until || !park->rings)
        abort();
    for (unsigned i = 0; i < PARK_MAX; i++) {
        park->places[i].next = (uint16_t)(i + 1 < PARK_MAX ? i + 1 : NONE);
        park->rings[i] = NONE;
    }
    park->free = 0;
}

static uint16_t *ring_of(struct park *park, uint64_t what)
{
    return &park->rings[what % RINGS];
}

static void put_last(struct park *park, uint16_t number)
{
    struct place *place = &park->places[number];
    uint16_t *first = ring_of(park, place->what);
    if (*first == NONE) {
        *first = place->next = place->before = number;
        return;
    }
    struct place *head = &park->places[*first];
    place->next = *first;
    place->before = head->before;
    park->places[head->before].next = number;
    head->before = number;
}

static void cut(struct park *park, uint16_t number)
{
    struct place *place = &park->places[number];
    uint16_t *first = ring_of(park, place->what);
    park->places[place->before].next = place->next;
    park->places[place->next].before = place->before;
    if (*first == number)
        *first = place->next == number ? NONE : place->next;
}

/* Empties the place, which is in no ring. */
static struct relay_request vacate(struct park *park, uint16_t number)
{
    struct relay_request request = park->places[number].request;
    park->until[number] = 0;
    park->places[number].next = park->free;
    park->free = number;
    park->used--;
    stats_sub(&park->worker->stats.held_parked, 1);
    return request;
}

/* --- time --- */

static void arm(struct park *park)
{
    struct worker *worker = park->worker;
    uint64_t wait = park->earliest > worker->now ? park->earliest - worker->now : 0;
    uv_update_time(&worker->loop); /* the loop's time is that of the turn's beginning */
    uv_timer_start(&park->timer, on_time, wait / NS_PER_MS + 1, 0);
}

static void look_for_earliest(struct park *park)
{
    park->earliest = UINT64_MAX;
    for (unsigned i = 0; i < PARK_MAX; i++)
        if (park->until[i] && park->until[i] < park->earliest)
            park->earliest = park->until[i];
    if (park->used)
        arm(park);
}

static void mind(struct park *park, uint64_t until)
{
    if (park->used > 1 && park->earliest <= until)
        return;
    park->earliest = until;
    arm(park);
}

/* --- in and out --- */

bool park_request(struct worker *worker, struct relay_request *request, uint64_t what,
                  uint64_t until_ns)
{
    struct park *park = worker->park;
    if (!park->places)
        make_places(park);
    if (park->free == NONE)
        return false;
    uint16_t number = park->free;
    struct place *place = &park->places[number];
    park->free = place->next;
    park->used++;
    place->request = *request;
    place->what = what;
    park->until[number] = until_ns < request->deadline ? until_ns : request->deadline;
    put_last(park, number);
    stats_add(&worker->stats.held_parked, 1);
    mind(park, park->until[number]);
    return true;
}

/* Takes all who wait for `what` out of their ring and into a chain of their own, so that one who is
 * resumed and parks again is not met twice. The first of them, or NONE. */
static uint16_t gather(struct park *park, uint64_t what)
{
    uint16_t first = NONE;
    uint16_t *end = &first;
    uint16_t number = park->rings[what % RINGS];
    uint16_t last = number == NONE ? NONE : park->places[number].before;
    while (number != NONE) {
        uint16_t next = number == last ? NONE : park->places[number].next;
        if (park->places[number].what == what) {
            cut(park, number);
            *end = number;
            end = &park->places[number].next;
        }
        number = next;
    }
    *end = NONE;
    return first;
}

void park_wake(struct worker *worker, uint64_t what, bool is_known)
{
    struct park *park = worker->park;
    if (!park->used)
        return;
    uint16_t number = gather(park, what);
    while (number != NONE) {
        uint16_t next = park->places[number].next;
        struct relay_request request = vacate(park, number);
        relay_resume(worker, &request, !is_known);
        number = next;
    }
}

void park_tick(struct worker *worker)
{
    struct park *park = worker->park;
    bool was_due = worker->park_is_due;
    worker->park_is_due = false;
    if (!park->used)
        return;
    if (worker->now < park->earliest) { /* the loop's milliseconds begin before ours */
        if (was_due)
            arm(park);
        return;
    }
    for (unsigned i = 0; i < PARK_MAX; i++) {
        if (!park->until[i] || park->until[i] > worker->now)
            continue;
        cut(park, (uint16_t)i);
        struct relay_request request = vacate(park, (uint16_t)i);
        relay_resume(worker, &request, true);
    }
    look_for_earliest(park);
}

void park_delay(struct worker *worker, uint64_t late)
{
    struct park *park = worker->park;
    if (!park->used)
        return;
    for (unsigned i = 0; i < PARK_MAX; i++)
        if (park->until[i])
            park->until[i] += late;
    look_for_earliest(park);
}

void park_give_up(struct worker *worker)
{
    struct park *park = worker->park;
    for (unsigned i = 0; i < PARK_MAX && park->used; i++) {
        if (!park->until[i])
            continue;
        cut(park, (uint16_t)i);
        struct relay_request request = vacate(park, (uint16_t)i);
        relay_end(worker, &request, DM_UNABLE_TO_DELIVER);
    }
}
