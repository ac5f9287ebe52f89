/* queue.h — what waits to be written to one connection: two lanes of whole messages in flat chunks.
 *
 * DWR and DWA go in the urgent lane, before all messages not yet begun; everything else keeps its
 * order. A message never spans two chunks. How long each message took through the agent is recorded
 * when its last octet is written: messages read at one moment make one `run`. Owned by one
 * connection, hence one worker. */
#pragma once

#include <sys/uio.h>

#include "agent/memory.h"

enum { QUEUE_RUNS = 12, QUEUE_PIECES = 16 };

struct queue_lane {
    struct chunk *first;
    struct chunk *last;
    uint64_t octets; /* not yet written */
};

struct queue_run {
    uint64_t end;   /* the place in the stream of the ordinary lane where it is over */
    uint64_t since; /* when its messages were read, ns */
    uint32_t messages;
    uint32_t path; /* enum stats_path */
};

struct queue {
    struct queue_lane urgent;
    struct queue_lane ordinary;
    uint64_t pushed; /* octets ever put into the ordinary lane */
    uint32_t run_first;
    uint32_t run_count;
    struct queue_run runs[QUEUE_RUNS];
};

static inline uint64_t queue_octets(const struct queue *queue)
{
    return queue->urgent.octets + queue->ordinary.octets;
}

/* Room for a message of `size` octets, to be written at once, and then committed. */
uint8_t *queue_reserve(struct queue_lane *lane, struct memory *memory, size_t size);

static inline void queue_commit(struct queue_lane *lane, size_t size)
{
    lane->last->end += (uint32_t)size;
    lane->octets += size;
}

/* The message just committed to the ordinary lane was read at `since` and is of `path`. */
void queue_note(struct queue *queue, size_t size, uint64_t since, uint32_t path);

/* What to write next, in order: at most QUEUE_PIECES pieces. Returns how many. */
int queue_pieces(const struct queue *queue, struct iovec *pieces);

/* `written` octets of what queue_pieces gave have left, at `now`. */
void queue_written(struct queue *queue, struct memory *memory, size_t written, uint64_t now,
                   struct stats *stats);

/* Calls `keep` with each message of the ordinary lane that is not yet begun, and cuts out those it
 * says false to. */
void queue_filter(struct queue *queue, bool (*keep)(void *context, dm_bytes message),
                  void *context);

/* How many answers wait, whole or begun: what is lost when the connection closes. */
size_t queue_unsent_answers(const struct queue *queue);

void queue_clear(struct queue *queue, struct memory *memory);
