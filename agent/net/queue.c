/* queue.c — two lanes of messages on their way out. */
#include "agent/net/queue.h"

#include <assert.h>

#include "proto/header.h"

uint8_t *queue_reserve(struct queue_lane *lane, struct memory *memory, size_t size)
{
    struct chunk *last = lane->last;
    if (!last || last->room - last->end < size) {
        struct chunk *chunk = memory_chunk(memory, size);
        if (last)
            last->next = chunk;
        else
            lane->first = chunk;
        lane->last = last = chunk;
    }
    return last->octets + last->end;
}

void queue_note(struct queue *queue, size_t size, uint64_t since, uint32_t path)
{
    queue->pushed += size;
    uint32_t last = (queue->run_first + queue->run_count + QUEUE_RUNS - 1) % QUEUE_RUNS;
    struct queue_run *run = &queue->runs[last];
    bool joins = queue->run_count > 0 &&
                 ((run->since == since && run->path == path) || queue->run_count == QUEUE_RUNS);
    if (!joins) {
        run = &queue->runs[(last + 1) % QUEUE_RUNS];
        *run = (struct queue_run){.since = since, .path = path};
        queue->run_count++;
    }
    run->end = queue->pushed;
    run->messages++;
}

static uint32_t size_at(const struct chunk *chunk, uint32_t at)
{
    return dm_get24(chunk->octets + at + 1);
}

/* The octets left of the ordinary lane's message that is half written: they go before all else. */
static size_t begun(const struct queue *queue)
{
    const struct chunk *chunk = queue->ordinary.first;
    if (!chunk || chunk->begin == chunk->boundary)
        return 0;
    return chunk->boundary + size_at(chunk, chunk->boundary) - chunk->begin;
}

static int add_lane(const struct queue_lane *lane, size_t skip, struct iovec *pieces, int count)
{
    for (struct chunk *chunk = lane->first; chunk && count < QUEUE_PIECES; chunk = chunk->next) {
        size_t size = chunk->end - chunk->begin - skip;
        if (size > 0)
            pieces[count++] = (struct iovec){chunk->octets + chunk->begin + skip, size};
        skip = 0;
    }
    return count;
}

int queue_pieces(const struct queue *queue, struct iovec *pieces)
{
    if (!queue->urgent.octets)
        return add_lane(&queue->ordinary, 0, pieces, 0);
    size_t rest = begun(queue);
    int count = 0;
    if (rest) {
        struct chunk *chunk = queue->ordinary.first;
        pieces[count++] = (struct iovec){chunk->octets + chunk->begin, rest};
    }
    count = add_lane(&queue->urgent, 0, pieces, count);
    return add_lane(&queue->ordinary, rest, pieces, count);
}

/* Moves the boundary to the message that holds `begin`. */
static void find_boundary(struct chunk *chunk)
{
    while (chunk->boundary < chunk->begin) {
        uint32_t next = chunk->boundary + size_at(chunk, chunk->boundary);
        if (next > chunk->begin)
            return;
        chunk->boundary = next;
    }
}

/* Takes up to `size` octets off the lane; returns how many. */
static size_t lane_take(struct queue_lane *lane, struct memory *memory, size_t size)
{
    size_t taken = 0;
    while (lane->first && taken < size) {
        struct chunk *chunk = lane->first;
        size_t here = chunk->end - chunk->begin;
        if (here > size - taken) {
            chunk->begin += (uint32_t)(size - taken);
            taken = size;
            find_boundary(chunk);
            break;
        }
        taken += here;
        lane->first = chunk->next;
        memory_chunk_free(memory, chunk);
    }
    if (!lane->first)
        lane->last = NULL;
    lane->octets -= taken;
    return taken;
}

static void end_runs(struct queue *queue, uint64_t now, struct stats *stats)
{
    uint64_t place = queue->pushed - queue->ordinary.octets;
    while (queue->run_count > 0) {
        struct queue_run *run = &queue->runs[queue->run_first];
        if (run->end > place)
            return;
        stats_record(&stats->path[run->path], now - run->since, run->messages);
        queue->run_first = (queue->run_first + 1) % QUEUE_RUNS;
        queue->run_count--;
    }
}

void queue_written(struct queue *queue, struct memory *memory, size_t written, uint64_t now,
                   struct stats *stats)
{
    if (queue->urgent.octets) {
        size_t rest = begun(queue);
        size_t first = rest < written ? rest : written;
        lane_take(&queue->ordinary, memory, first);
        written -= first;
        written -= lane_take(&queue->urgent, memory, written);
    }
    lane_take(&queue->ordinary, memory, written);
    end_runs(queue, now, stats);
}

/* A message at `place` of the stream leaves it: what follows moves up, and its time is not
 * recorded. */
static void cut_out(struct queue *queue, uint64_t place, uint32_t size)
{
    bool is_counted = false;
    for (uint32_t i = 0; i < queue->run_count; i++) {
        struct queue_run *run = &queue->runs[(queue->run_first + i) % QUEUE_RUNS];
        if (run->end <= place)
            continue;
        if (!is_counted && run->messages)
            run->messages--;
        is_counted = true;
        run->end -= size;
    }
    queue->pushed -= size;
    queue->ordinary.octets -= size;
}

struct sieve {
    bool (*keep)(void *context, dm_bytes message);
    void *context;
    uint64_t place; /* of the message in hand, in the stream of the ordinary lane */
};

/* Asks for all that is not begun in one chunk, and closes the gaps. */
static void filter_chunk(struct queue *queue, struct chunk *chunk, struct sieve *sieve)
{
    uint32_t to = chunk->begin;
    if (chunk->begin != chunk->boundary)
        to = chunk->boundary + size_at(chunk, chunk->boundary);
    sieve->place += to - chunk->begin;
    for (uint32_t at = to; at < chunk->end;) {
        uint32_t size = size_at(chunk, at);
        if (sieve->keep(sieve->context, dm_bytes_of(chunk->octets + at, size))) {
            memmove(chunk->octets + to, chunk->octets + at, size);
            sieve->place += size;
            to += size;
        } else {
            cut_out(queue, sieve->place, size);
        }
        at += size;
    }
    chunk->end = to;
}

void queue_filter(struct queue *queue, bool (*keep)(void *context, dm_bytes message), void *context)
{
    struct sieve sieve = {keep, context, queue->pushed - queue->ordinary.octets};
    for (struct chunk *chunk = queue->ordinary.first; chunk; chunk = chunk->next)
        filter_chunk(queue, chunk, &sieve);
}

size_t queue_unsent_answers(const struct queue *queue)
{
    size_t answers = 0;
    for (const struct chunk *chunk = queue->ordinary.first; chunk; chunk = chunk->next) {
        for (uint32_t at = chunk->boundary; at < chunk->end; at += size_at(chunk, at))
            answers += !(chunk->octets[at + 4] & DM_FLAG_REQUEST);
    }
    return answers;
}

static void lane_clear(struct queue_lane *lane, struct memory *memory)
{
    while (lane->first) {
        struct chunk *chunk = lane->first;
        lane->first = chunk->next;
        memory_chunk_free(memory, chunk);
    }
    *lane = (struct queue_lane){0};
}

void queue_clear(struct queue *queue, struct memory *memory)
{
    lane_clear(&queue->urgent, memory);
    lane_clear(&queue->ordinary, memory);
    queue->run_count = 0;
}
