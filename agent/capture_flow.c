/* capture_flow.c — one direction of a TCP connection, put in order again, becomes messages.
 *
 * A segment beyond the next octet waits, sorted by sequence number, until what lies before it has
 * come; if too much waits, the capture has lost it, and reading goes on behind the gap. */
#include "agent/capture_flow.h"

#include <stdlib.h>

#include <xxhash.h>

enum { BUCKETS = 4096, WAITING_MAX = 1024 * 1024 };

struct waiting {
    struct waiting *next;
    uint32_t sequence;
    size_t size;
    uint8_t octets[];
};

/* Octets in order, on their way to be messages. */
struct stream {
    struct dm_framer framer;
    bool is_synced; /* what comes next goes on with a message or begins one */
    bool has_read;  /* a message, so that one of a bad length or version is no chance */
};

struct flow {
    struct flow *next_in_bucket;
    struct flow_key key;
    bool is_started;
    uint32_t expects; /* the sequence number of the next octet */
    struct stream stream;
    struct waiting *waiting;
    size_t waiting_size;
};

static void *owned(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* --- octets in order become messages --- */

static void lose(struct flows *flows, struct stream *stream)
{
    flows->counts->not_diameter++;
    dm_framer_fini(&stream->framer);
    stream->is_synced = false;
}

/* Does this begin a message? Asked where nothing before says so. */
static bool looks_like_message(dm_bytes octets, uint32_t limit)
{
    if (octets.size < DM_HEADER_SIZE)
        return false;
    struct dm_header header;
    dm_header_read(&header, octets.at);
    return header.version == DM_VERSION && header.length >= DM_HEADER_SIZE &&
           header.length <= limit && header.length % 4 == 0 && !(header.flags & DM_FLAG_RESERVED);
}

static void frame(struct flows *flows, struct stream *stream, dm_bytes octets)
{
    struct explain_message message;
    if (!stream->is_synced && !looks_like_message(octets, flows->limit)) {
        lose(flows, stream);
        return;
    }
    stream->is_synced = true;
    for (;;) {
        message.octets = dm_bytes_of("", 0); /* those of the last one are gone */
        message.frame = dm_framer_next(&stream->framer, &octets, flows->limit, &message.octets,
                                       &message.header);
        if (message.frame == DM_FRAME_MORE)
            return;
        bool is_message = message.frame == DM_FRAME_MESSAGE;
        if (is_message || (stream->has_read && message.frame != DM_FRAME_LOST))
            flows->on_message(flows->context, flows->counts->packets, &message);
        if (!is_message) {
            lose(flows, stream);
            return;
        }
        stream->has_read = true;
    }
}

void flows_take_whole(struct flows *flows, dm_bytes octets)
{
    struct stream stream = {0};
    frame(flows, &stream, octets);
    if (dm_framer_is_waiting(&stream.framer))
        flows->counts->not_diameter++;
    dm_framer_fini(&stream.framer);
}

/* --- segments become octets in order --- */

static uint32_t ahead_of(const struct flow *flow, uint32_t sequence)
{
    return sequence - flow->expects;
}

static bool is_behind(uint32_t ahead)
{
    return ahead > INT32_MAX;
}

/* Octets from `sequence` on, which is not beyond the next one; those read before are left out. */
static void deliver(struct flows *flows, struct flow *flow, uint32_t sequence, dm_bytes octets)
{
    size_t known = flow->expects - sequence;
    if (known >= octets.size)
        return;
    dm_bytes news = dm_bytes_of(octets.at + known, octets.size - known);
    flow->expects += (uint32_t)news.size;
    frame(flows, &flow->stream, news);
}

static void keep(struct flow *flow, uint32_t sequence, dm_bytes octets)
{
    struct waiting *waiting = owned(malloc(sizeof *waiting + octets.size));
    waiting->sequence = sequence;
    waiting->size = octets.size;
    memcpy(waiting->octets, octets.at, octets.size);
    struct waiting **at = &flow->waiting;
    while (*at && ahead_of(flow, (*at)->sequence) <= ahead_of(flow, sequence))
        at = &(*at)->next;
    waiting->next = *at;
    *at = waiting;
    flow->waiting_size += octets.size;
}

/* Reads what waited and is no longer beyond the next octet. */
static void drain(struct flows *flows, struct flow *flow)
{
    struct waiting *first = flow->waiting;
    while (first &&
           (first->sequence == flow->expects || is_behind(ahead_of(flow, first->sequence)))) {
        flow->waiting = first->next;
        flow->waiting_size -= first->size;
        deliver(flows, flow, first->sequence, dm_bytes_of(first->octets, first->size));
        free(first);
        first = flow->waiting;
    }
}

/* What lies before the first that waits will not come. */
static void jump(struct flows *flows, struct flow *flow)
{
    flows->counts->missing += ahead_of(flow, flow->waiting->sequence);
    flow->expects = flow->waiting->sequence;
    dm_framer_fini(&flow->stream.framer);
    flow->stream.is_synced = false;
    drain(flows, flow);
}

static void finish(struct flows *flows, struct flow *flow)
{
    while (flow->waiting)
        jump(flows, flow);
}

/* A connection begins with a message; where the capture begins, nobody knows. */
static void start(struct flows *flows, struct flow *flow, const struct flow_segment *segment)
{
    finish(flows, flow);
    dm_framer_fini(&flow->stream.framer);
    flow->stream = (struct stream){.is_synced = segment->is_start};
    flow->is_started = true;
    flow->expects = segment->sequence + segment->is_start;
}

static struct flow *flow_at(struct flows *flows, const struct flow_key *key)
{
    struct flow **at = &flows->buckets[XXH3_64bits(key, sizeof *key) % BUCKETS];
    while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
        at = &(*at)->next_in_bucket;
    if (!*at) {
        *at = owned(calloc(1, sizeof **at));
        (*at)->key = *key;
    }
    return *at;
}

void flows_take(struct flows *flows, const struct flow_key *key, const struct flow_segment *segment)
{
    struct flow *flow = flow_at(flows, key);
    if (segment->is_start || (!flow->is_started && segment->octets.size))
        start(flows, flow, segment);
    if (segment->is_start || segment->octets.size == 0)
        return;
    uint32_t ahead = ahead_of(flow, segment->sequence);
    if (ahead && !is_behind(ahead))
        keep(flow, segment->sequence, segment->octets);
    else
        deliver(flows, flow, segment->sequence, segment->octets);
    drain(flows, flow);
    while (flow->waiting_size > WAITING_MAX)
        jump(flows, flow);
}

/* --- all of them --- */

void flows_init(struct flows *flows)
{
    flows->buckets = owned(calloc(BUCKETS, sizeof(struct flow *)));
}

void flows_end(struct flows *flows)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct flow *flow = flows->buckets[i]; flow; flow = flow->next_in_bucket)
            finish(flows, flow);
}

static void flow_free(struct flow *flow)
{
    for (struct waiting *next; flow->waiting; flow->waiting = next) {
        next = flow->waiting->next;
        free(flow->waiting);
    }
    dm_framer_fini(&flow->stream.framer);
    free(flow);
}

void flows_fini(struct flows *flows)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct flow *next, *flow = flows->buckets[i]; flow; flow = next) {
            next = flow->next_in_bucket;
            flow_free(flow);
        }
    free(flows->buckets);
}
