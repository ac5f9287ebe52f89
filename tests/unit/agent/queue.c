/* queue.c — two lanes of whole messages: what leaves, in which order, and what is counted. */
#include "agent/net/queue.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "proto/header.h"

enum { REQUEST = 1, ANSWER = 0 };

static struct stats stats;
static struct memory memory;
static struct queue queue;

static void begin(void)
{
    stats_init(&stats, 0, 0);
    memory_init(&memory, &stats.memory, 1 << 30);
}

static void end(void)
{
    queue_clear(&queue, &memory);
    cr_expect_eq(stats_read(&stats.memory), 0);
    memory_fini(&memory);
    stats_fini(&stats);
}

TestSuite(queue, .init = begin, .fini = end);

/* A message of `size` octets that is known by its Hop-by-Hop. */
static void put_message(uint8_t *at, uint32_t size, uint32_t id, bool is_request)
{
    struct dm_header header = {.version = 1,
                               .flags = is_request ? DM_FLAG_REQUEST : 0,
                               .length = size,
                               .command = 285,
                               .application = 6,
                               .hop_by_hop = id,
                               .end_to_end = ~id};
    dm_header_write(&header, at);
    for (uint32_t i = DM_HEADER_SIZE; i < size; i++)
        at[i] = (uint8_t)(id + i);
}

static void push(bool urgent, uint32_t size, uint32_t id, bool is_request)
{
    struct queue_lane *lane = urgent ? &queue.urgent : &queue.ordinary;
    put_message(queue_reserve(lane, &memory, size), size, id, is_request);
    queue_commit(lane, size);
    if (!urgent)
        queue.pushed += size;
}

static void push_noted(uint32_t size, uint64_t since, uint32_t path)
{
    put_message(queue_reserve(&queue.ordinary, &memory, size), size, 0, REQUEST);
    queue_commit(&queue.ordinary, size);
    queue_note(&queue, size, since, path);
}

/* Copies what the queue would write, at most `room` octets, and says that it was written. */
static size_t write_to(uint8_t *to, size_t room, uint64_t now)
{
    struct iovec pieces[QUEUE_PIECES];
    int count = queue_pieces(&queue, pieces);
    size_t size = 0;
    for (int i = 0; i < count && size < room; i++) {
        size_t here = pieces[i].iov_len < room - size ? pieces[i].iov_len : room - size;
        memcpy(to + size, pieces[i].iov_base, here);
        size += here;
    }
    queue_written(&queue, &memory, size, now, &stats);
    return size;
}

/* Writes all; the Hop-by-Hops in the order in which they left. */
static size_t write_all(uint32_t *ids, const uint8_t *head, size_t head_size)
{
    size_t size = head_size, count = 0;
    size_t all = head_size + queue_octets(&queue);
    uint8_t *stream = malloc(all + 1);
    if (head_size)
        memcpy(stream, head, head_size);
    while (size < all) {
        size_t here = write_to(stream + size, all - size, 0);
        cr_assert_gt(here, 0);
        size += here;
    }
    for (size_t at = 0; at < size; at += dm_get24(stream + at + 1))
        ids[count++] = dm_get32(stream + at + 12);
    free(stream);
    return count;
}

static void assert_order(const uint32_t *ids, size_t count, const uint32_t *expected, size_t wanted)
{
    cr_assert_eq(count, wanted);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(ids[i], expected[i], "place %zu: %u instead of %u", i, ids[i], expected[i]);
}

#define ASSERT_ORDER(ids, count, ...)                                                              \
    assert_order(ids, count, (const uint32_t[]){__VA_ARGS__},                                      \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

Test(queue, empty_queue_has_nothing_to_write)
{
    struct iovec pieces[QUEUE_PIECES];
    cr_assert_eq(queue_octets(&queue), 0);
    cr_assert_eq(queue_pieces(&queue, pieces), 0);
    cr_assert_eq(queue_unsent_answers(&queue), 0);
}

Test(queue, messages_of_a_lane_lie_in_one_piece_in_their_order)
{
    uint32_t ids[8];
    struct iovec pieces[QUEUE_PIECES];
    push(false, 100, 1, REQUEST);
    push(false, 200, 2, ANSWER);
    push(false, 20, 3, REQUEST);
    cr_assert_eq(queue_pieces(&queue, pieces), 1);
    cr_assert_eq(pieces[0].iov_len, 320);
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 1, 2, 3);
}

Test(queue, urgent_goes_before_all_that_is_not_begun)
{
    uint32_t ids[8];
    push(false, 100, 1, REQUEST);
    push(false, 100, 2, REQUEST);
    push(true, 40, 9, REQUEST);
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 9, 1, 2);
}

Test(queue, urgent_waits_for_the_message_that_is_half_written)
{
    uint32_t ids[8];
    uint8_t head[130];
    push(false, 100, 1, REQUEST);
    push(false, 100, 2, REQUEST);
    push(false, 100, 3, REQUEST);
    cr_assert_eq(write_to(head, sizeof head, 0), 130);
    push(true, 40, 9, REQUEST);
    size_t count = write_all(ids, head, sizeof head);
    ASSERT_ORDER(ids, count, 1, 2, 9, 3);
}

Test(queue, urgent_goes_at_once_where_a_message_has_just_ended)
{
    uint32_t ids[8];
    uint8_t head[100];
    push(false, 100, 1, REQUEST);
    push(false, 100, 2, REQUEST);
    write_to(head, sizeof head, 0);
    push(true, 40, 9, REQUEST);
    size_t count = write_all(ids, head, sizeof head);
    ASSERT_ORDER(ids, count, 1, 9, 2);
}

Test(queue, half_written_urgent_message_is_finished_first)
{
    uint32_t ids[8];
    uint8_t head[50];
    push(true, 40, 8, REQUEST);
    push(true, 40, 9, REQUEST);
    write_to(head, sizeof head, 0);
    push(false, 100, 1, REQUEST);
    size_t count = write_all(ids, head, sizeof head);
    ASSERT_ORDER(ids, count, 8, 9, 1);
}

Test(queue, write_may_end_inside_what_goes_before_the_urgent_lane)
{
    uint32_t ids[8];
    uint8_t head[60];
    push(false, 100, 1, REQUEST);
    write_to(head, 30, 0);
    push(true, 40, 9, REQUEST);
    write_to(head + 30, 30, 0);
    cr_assert_eq(queue.urgent.octets, 40);
    size_t count = write_all(ids, head, sizeof head);
    ASSERT_ORDER(ids, count, 1, 9);
}

Test(queue, message_larger_than_a_chunk_lies_in_one)
{
    struct iovec pieces[QUEUE_PIECES];
    push(false, 20, 1, REQUEST);
    push(false, 200000, 2, REQUEST);
    push(false, 20, 3, REQUEST);
    cr_assert_eq(queue_pieces(&queue, pieces), 3);
    cr_assert_eq(pieces[1].iov_len, 200000);
    uint32_t ids[8];
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 1, 2, 3);
}

Test(queue, more_chunks_than_pieces_leave_in_several_writes)
{
    enum { MANY = 40 };
    uint32_t ids[MANY];
    struct iovec pieces[QUEUE_PIECES];
    for (uint32_t i = 0; i < MANY; i++)
        push(i % 2, 30000, i, REQUEST);
    cr_assert_eq(queue_pieces(&queue, pieces), QUEUE_PIECES);
    cr_assert_eq(write_all(ids, NULL, 0), MANY);
    for (uint32_t i = 0; i < MANY / 2; i++) {
        cr_assert_eq(ids[i], 2 * i + 1);
        cr_assert_eq(ids[MANY / 2 + i], 2 * i);
    }
}

Test(queue, written_queue_holds_no_memory)
{
    uint32_t ids[8];
    push(false, 100, 1, REQUEST);
    push(true, 100, 2, REQUEST);
    write_all(ids, NULL, 0);
    cr_assert_eq(stats_read(&stats.memory), 0);
}

/* --- cutting out -------------------------------------------------------------------------------
 */

static bool is_answer(void *context, dm_bytes message)
{
    unsigned *asked = context;
    ++*asked;
    return !(message.at[4] & DM_FLAG_REQUEST);
}

Test(queue, filter_cuts_whole_messages_and_closes_the_gaps)
{
    uint32_t ids[8];
    unsigned asked = 0;
    push(false, 100, 1, REQUEST);
    push(false, 60, 2, ANSWER);
    push(false, 100, 3, REQUEST);
    push(false, 60, 4, ANSWER);
    queue_filter(&queue, is_answer, &asked);
    cr_assert_eq(asked, 4);
    cr_assert_eq(queue_octets(&queue), 120);
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 2, 4);
}

Test(queue, filter_leaves_the_half_written_message)
{
    uint32_t ids[8];
    uint8_t head[30];
    unsigned asked = 0;
    push(false, 100, 1, REQUEST);
    push(false, 100, 2, REQUEST);
    push(false, 60, 3, ANSWER);
    write_to(head, sizeof head, 0);
    queue_filter(&queue, is_answer, &asked);
    cr_assert_eq(asked, 2);
    size_t count = write_all(ids, head, sizeof head);
    ASSERT_ORDER(ids, count, 1, 3);
}

Test(queue, filter_does_not_look_at_the_urgent_lane)
{
    uint32_t ids[8];
    unsigned asked = 0;
    push(true, 40, 9, REQUEST);
    queue_filter(&queue, is_answer, &asked);
    cr_assert_eq(asked, 0);
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 9);
}

Test(queue, queue_emptied_by_the_filter_takes_messages_again)
{
    uint32_t ids[8];
    unsigned asked = 0;
    push(false, 30000, 1, REQUEST);
    push(false, 30000, 2, REQUEST);
    queue_filter(&queue, is_answer, &asked);
    cr_assert_eq(queue_octets(&queue), 0);
    struct iovec pieces[QUEUE_PIECES];
    cr_assert_eq(queue_pieces(&queue, pieces), 0);
    push(false, 100, 3, REQUEST);
    size_t count = write_all(ids, NULL, 0);
    ASSERT_ORDER(ids, count, 3);
}

Test(queue, unsent_answers_are_those_whole_and_the_one_begun)
{
    uint8_t head[70];
    push(false, 60, 1, ANSWER);
    push(false, 60, 2, ANSWER);
    push(false, 60, 3, REQUEST);
    push(false, 32000, 4, ANSWER);
    push(false, 32000, 5, ANSWER);
    write_to(head, sizeof head, 0);
    cr_assert_eq(queue_unsent_answers(&queue), 3);
}

/* --- how long it took ---------------------------------------------------------------------------
 */

static uint64_t recorded(uint32_t path)
{
    uint64_t sum = 0;
    for (int i = 0; i < STATS_BUCKETS; i++)
        sum += stats_read(&stats.path[path].bucket[i]);
    return sum;
}

Test(queue, duration_is_recorded_when_the_last_octet_has_left)
{
    uint8_t to[100];
    push_noted(100, 1000, STATS_PATH_request);
    write_to(to, 99, 2000);
    cr_assert_eq(recorded(STATS_PATH_request), 0);
    write_to(to, 1, 61000);
    cr_assert_eq(stats_read(&stats.path[STATS_PATH_request].bucket[1]), 1);
    cr_assert_eq(stats_read(&stats.path[STATS_PATH_request].sum), 60000);
}

Test(queue, messages_read_together_are_one_run)
{
    uint8_t to[300];
    push_noted(100, 1000, STATS_PATH_request);
    push_noted(100, 1000, STATS_PATH_request);
    push_noted(100, 1000, STATS_PATH_answer);
    cr_assert_eq(queue.run_count, 2);
    write_to(to, 300, 2000);
    cr_assert_eq(recorded(STATS_PATH_request), 2);
    cr_assert_eq(recorded(STATS_PATH_answer), 1);
    cr_assert_eq(stats_read(&stats.path[STATS_PATH_request].sum), 2000);
}

Test(queue, more_runs_than_there_is_room_for_lose_no_message)
{
    enum { MANY = 3 * QUEUE_RUNS };
    uint8_t to[MANY * 20];
    for (uint32_t i = 0; i < MANY; i++)
        push_noted(20, i, STATS_PATH_request);
    cr_assert_eq(queue.run_count, QUEUE_RUNS);
    write_to(to, sizeof to, 1000);
    cr_assert_eq(recorded(STATS_PATH_request), MANY);
}

Test(queue, messages_of_our_own_are_not_recorded)
{
    uint8_t to[300];
    push(false, 100, 1, REQUEST);
    push_noted(100, 1000, STATS_PATH_local);
    push(false, 100, 2, REQUEST);
    write_to(to, 100, 2000);
    cr_assert_eq(recorded(STATS_PATH_local), 0);
    write_to(to, 200, 2000);
    cr_assert_eq(recorded(STATS_PATH_local), 1);
}

Test(queue, what_was_cut_out_took_no_time)
{
    uint8_t to[100];
    unsigned asked = 0;
    push_noted(100, 1000, STATS_PATH_request);
    put_message(queue_reserve(&queue.ordinary, &memory, 100), 100, 2, ANSWER);
    queue_commit(&queue.ordinary, 100);
    queue_note(&queue, 100, 1000, STATS_PATH_answer);
    queue_filter(&queue, is_answer, &asked);
    write_to(to, 99, 2000);
    cr_assert_eq(recorded(STATS_PATH_request), 0);
    cr_assert_eq(recorded(STATS_PATH_answer), 0);
    write_to(to, 1, 2000);
    cr_assert_eq(recorded(STATS_PATH_request), 0);
    cr_assert_eq(recorded(STATS_PATH_answer), 1);
    cr_assert_eq(queue.run_count, 0);
}

/* --- against a model ----------------------------------------------------------------------------
 */

enum { MODEL_ROOM = 512 };

struct model_message {
    uint32_t id;
    uint32_t size;
    bool is_request;
};

struct model_lane {
    struct model_message messages[MODEL_ROOM];
    size_t count;
};

static struct model_lane model[2]; /* ordinary, urgent */
static int model_begun = -1;       /* the lane whose first message is half written */
static uint32_t model_done;        /* octets of it */

static uint32_t draw(uint32_t below)
{
    static uint32_t seed = 2463534242u;
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static void model_remove(struct model_lane *lane, size_t at)
{
    lane->count--;
    memmove(lane->messages + at, lane->messages + at + 1,
            (lane->count - at) * sizeof *lane->messages);
}

/* Says what the next octets must be. */
static void model_check(const uint8_t *stream, size_t size)
{
    static uint8_t expected[300000];
    while (size > 0) {
        if (model_begun < 0) {
            model_begun = model[1].count ? 1 : 0;
            model_done = 0;
        }
        struct model_lane *lane = &model[model_begun];
        cr_assert_gt(lane->count, 0);
        struct model_message *message = &lane->messages[0];
        put_message(expected, message->size, message->id, message->is_request);
        size_t left = message->size - model_done;
        size_t here = left < size ? left : size;
        cr_assert_eq(memcmp(stream, expected + model_done, here), 0, "message %u at %u",
                     message->id, model_done);
        stream += here;
        size -= here;
        model_done += (uint32_t)here;
        if (here == left) {
            model_remove(lane, 0);
            model_begun = -1;
        }
    }
}

static void model_push(uint32_t id)
{
    bool urgent = draw(8) == 0;
    struct model_lane *lane = &model[urgent];
    if (lane->count == MODEL_ROOM)
        return;
    uint32_t sizes[] = {20 + draw(50) * 4, 20 + draw(1000) * 4, 20 + draw(10000) * 4,
                        20 + draw(60000) * 4};
    uint32_t size = sizes[draw(16) ? draw(2) : 2 + draw(2)];
    bool is_request = draw(2);
    lane->messages[lane->count++] = (struct model_message){id, size, is_request};
    push(urgent, size, id, is_request);
}

static bool keep_most(void *context, dm_bytes message)
{
    (void)context;
    return dm_get32(message.at + 12) % 3 != 0;
}

static void model_filter(void)
{
    queue_filter(&queue, keep_most, NULL);
    for (size_t i = model_begun == 0 ? 1 : 0; i < model[0].count;) {
        if (model[0].messages[i].id % 3 == 0)
            model_remove(&model[0], i);
        else
            i++;
    }
}

static void model_compare(void)
{
    uint64_t octets[2] = {0};
    size_t answers = 0;
    for (int lane = 0; lane < 2; lane++)
        for (size_t i = 0; i < model[lane].count; i++) {
            octets[lane] += model[lane].messages[i].size;
            answers += lane == 0 && !model[lane].messages[i].is_request;
        }
    if (model_begun >= 0)
        octets[model_begun] -= model_done;
    cr_assert_eq(queue.ordinary.octets, octets[0]);
    cr_assert_eq(queue.urgent.octets, octets[1]);
    cr_assert_eq(queue_unsent_answers(&queue), answers);
}

static void model_write(size_t room)
{
    static uint8_t stream[1 << 20];
    size_t size = write_to(stream, room < sizeof stream ? room : sizeof stream, 0);
    model_check(stream, size);
}

Test(queue, whatever_is_pushed_cut_and_written_leaves_whole_and_in_order, .timeout = 60)
{
    for (uint32_t step = 0; step < 40000; step++) {
        uint32_t what = draw(100);
        if (what < 50)
            model_push(step);
        else if (what < 75)
            model_write(draw(5000));
        else if (what < 97)
            model_write(draw(100000));
        else if (what < 99)
            model_write(SIZE_MAX);
        else
            model_filter();
        if (step % 16 == 0)
            model_compare();
    }
    while (queue_octets(&queue))
        model_write(SIZE_MAX);
    model_compare();
    cr_assert_eq(queue.run_count, 0);
}

Test(queue, what_waits_after_a_cut_is_recorded_at_its_own_end)
{
    uint8_t to[100];
    unsigned asked = 0;
    for (uint32_t i = 0; i < 3; i++) {
        push_noted(20, 1000 + i, STATS_PATH_request);
        put_message(queue_reserve(&queue.ordinary, &memory, 20), 20, i, ANSWER);
        queue_commit(&queue.ordinary, 20);
        queue_note(&queue, 20, 1000 + i, STATS_PATH_answer);
    }
    write_to(to, 10, 2000);
    queue_filter(&queue, is_answer, &asked);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(recorded(STATS_PATH_request), i > 0);
        cr_assert_eq(recorded(STATS_PATH_answer), i > 0 ? i - 1 : 0);
        write_to(to, i > 0 ? 20 : 10, 2000);
    }
    cr_assert_eq(queue_octets(&queue), 0);
    cr_assert_eq(recorded(STATS_PATH_answer), 3);
}
