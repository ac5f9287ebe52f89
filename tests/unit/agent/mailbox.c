/* mailbox.c — mail between posts: order, bags that come home, and the limit on those away.
 *
 * Most tests play three posts on one thread, each with its own loop; the last runs two threads. */
#include "agent/mailbox.h"

#include <criterion/criterion.h>

enum { POSTS = 3, A = 0, B = 1, C = 2, WHOLE_BAG = BAG_ROOM };

struct number_letter {
    struct letter letter;
    uint64_t number;
};

struct side {
    uv_loop_t loop;
    struct mailbox box;
    struct post post;
    struct memory memory;
    stats_counter used;
    unsigned woken;
};

static struct side sides[POSTS];
static struct mailbox *boxes[POSTS];

static void on_wake(void *context)
{
    ((struct side *)context)->woken++;
}

static void begin(void)
{
    for (unsigned i = 0; i < POSTS; i++) {
        struct side *side = &sides[i];
        uv_loop_init(&side->loop);
        mailbox_init(&side->box, &side->loop, on_wake, side);
        boxes[i] = &side->box;
        memory_init(&side->memory, &side->used, 1 << 30);
        post_init(&side->post, i, POSTS, boxes, &side->memory);
    }
}

static void end(void)
{
    for (unsigned i = 0; i < POSTS; i++) {
        struct side *side = &sides[i];
        bell_stop(&side->box.bell);
        uv_run(&side->loop, UV_RUN_DEFAULT);
        cr_expect_eq(uv_loop_close(&side->loop), 0);
    }
    for (unsigned i = 0; i < POSTS; i++) {
        mailbox_fini(&sides[i].box);
        post_fini(&sides[i].post);
        memory_fini(&sides[i].memory);
    }
}

TestSuite(mailbox, .init = begin, .fini = end, .timeout = 240);

/* Writes `number` from `from` to `to`, and fills the rest of `size`. */
static bool write_number(unsigned from, unsigned to, uint64_t number, size_t size, bool must)
{
    struct number_letter *letter = post_letter(&sides[from].post, to, MAIL_REQUEST, size, must);
    if (!letter)
        return false;
    cr_assert_eq((uintptr_t)letter % 8, 0);
    letter->number = number;
    memset(letter + 1, (int)(number & 0xff), size - sizeof *letter);
    return true;
}

struct reader {
    uint64_t next; /* the number that must come */
    unsigned count;
};

static void read_number(void *context, const struct letter *letter)
{
    struct reader *reader = context;
    const struct number_letter *number = (const struct number_letter *)(const void *)letter;
    cr_assert_eq(letter->kind, MAIL_REQUEST);
    cr_assert_eq(number->number, reader->next);
    const uint8_t *octets = (const uint8_t *)(number + 1);
    if (letter->size > sizeof *number)
        cr_assert_eq(octets[0], number->number & 0xff);
    reader->next++;
    reader->count++;
}

static unsigned open_all(unsigned at, uint64_t first)
{
    struct reader reader = {.next = first};
    post_open(&sides[at].post, read_number, &reader);
    return reader.count;
}

static unsigned wakes(unsigned at)
{
    sides[at].woken = 0;
    uv_run(&sides[at].loop, UV_RUN_NOWAIT);
    return sides[at].woken;
}

Test(mailbox, letters_arrive_in_the_order_in_which_they_were_written)
{
    for (uint64_t i = 0; i < 5000; i++)
        cr_assert(write_number(A, B, i, 16 + i % 400, false));
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), 5000);
    cr_assert_eq(open_all(B, 0), 0);
}

Test(mailbox, letter_is_not_there_before_the_flush)
{
    write_number(A, B, 0, 16, false);
    cr_assert_eq(open_all(B, 0), 0);
    cr_assert_eq(wakes(B), 0);
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), 1);
}

Test(mailbox, size_of_a_letter_is_rounded_up_and_told)
{
    struct letter *letter = post_letter(&sides[A].post, B, MAIL_ANSWER, 17, false);
    cr_assert_eq(letter->size, 24);
    cr_assert_eq(letter->kind, MAIL_ANSWER);
}

Test(mailbox, receiver_is_woken_where_its_inbox_was_empty)
{
    write_number(A, B, 0, 16, false);
    post_flush(&sides[A].post);
    cr_assert_eq(wakes(B), 1);
    write_number(A, B, 1, 16, false);
    post_flush(&sides[A].post);
    cr_assert_eq(wakes(B), 0);
    cr_assert_eq(open_all(B, 0), 2);
    write_number(A, B, 2, 16, false);
    post_flush(&sides[A].post);
    cr_assert_eq(wakes(B), 1);
}

Test(mailbox, flush_of_nothing_wakes_nobody)
{
    post_flush(&sides[A].post);
    cr_assert_eq(wakes(B) + wakes(C), 0);
}

Test(mailbox, mail_goes_to_its_receiver_alone)
{
    write_number(A, B, 5, 16, false);
    write_number(A, C, 7, 16, false);
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(C, 7), 1);
    cr_assert_eq(open_all(B, 5), 1);
}

Test(mailbox, two_senders_keep_their_order_each)
{
    for (uint64_t i = 0; i < 100; i++) {
        write_number(i % 2 ? A : C, B, i, 16, false);
        post_flush(&sides[i % 2 ? A : C].post);
    }
    cr_assert_eq(open_all(B, 0), 100);
}

Test(mailbox, letter_larger_than_a_bag_arrives_whole_and_in_its_place)
{
    const size_t sizes[] = {16, 100000, 16, WHOLE_BAG, WHOLE_BAG + 8, 1 << 20, 16};
    for (unsigned i = 0; i < 7; i++)
        cr_assert(write_number(A, B, i, sizes[i], false));
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), 7);
}

Test(mailbox, bags_away_from_one_receiver_are_limited)
{
    uint64_t count = 0;
    while (write_number(A, B, count, WHOLE_BAG, false))
        count++;
    cr_assert_eq(count, MAIL_PER_PAIR / BAG_ROOM);
    post_flush(&sides[A].post);
    cr_assert_not(write_number(A, B, count, WHOLE_BAG, false));
    cr_assert(write_number(A, C, 0, WHOLE_BAG, false), "the limit holds for each pair");
}

Test(mailbox, a_thousand_turns_of_one_letter_do_not_fill_the_way_to_a_slow_receiver)
{
    for (uint64_t i = 0; i < 1000; i++) {
        cr_assert(write_number(A, B, i, 400, false));
        post_flush(&sides[A].post);
    }
    cr_assert_eq(open_all(B, 0), 1000);
}

Test(mailbox, a_letter_larger_than_the_limit_goes_alone)
{
    cr_assert(write_number(A, B, 0, MAIL_PER_PAIR + 8, false));
    cr_assert_not(write_number(A, B, 1, WHOLE_BAG, false));
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), 1);
}

Test(mailbox, what_must_go_goes_beyond_the_limit)
{
    uint64_t count = 0;
    while (write_number(A, B, count, WHOLE_BAG, false))
        count++;
    for (int i = 0; i < 50; i++)
        cr_assert(write_number(A, B, count++, WHOLE_BAG, true));
    cr_assert_not(write_number(A, B, count, WHOLE_BAG, false));
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), count);
}

Test(mailbox, refusal_loses_nothing_and_ends_when_bags_come_home)
{
    uint64_t count = 0;
    while (write_number(A, B, count, WHOLE_BAG - 16, false))
        count++;
    cr_assert(write_number(A, B, count++, 16, false), "the last bag has room for it");
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), count);
    cr_assert(write_number(A, B, count, WHOLE_BAG, false));
}

Test(mailbox, bags_are_counted_while_they_are_away)
{
    write_number(A, B, 0, 16, false);
    cr_assert_eq(stats_read(&sides[A].used), BAG_SMALL);
    write_number(A, C, 1, 100000, false);
    cr_assert_eq(stats_read(&sides[A].used), BAG_SMALL + 100000);
    post_flush(&sides[A].post);
    open_all(B, 0);
    open_all(C, 1);
    cr_assert_eq(stats_read(&sides[B].used) + stats_read(&sides[C].used), 0);
    post_trim(&sides[A].post);
    cr_assert_eq(stats_read(&sides[A].used), 0);
}

Test(mailbox, bags_go_round)
{
    for (uint64_t i = 0; i < 10000; i++) {
        cr_assert(write_number(A, B, i, 1000, false));
        post_flush(&sides[A].post);
        cr_assert_eq(open_all(B, i), 1);
    }
    cr_assert_leq(stats_read(&sides[A].used), BAG_ROOM);
}

Test(mailbox, bags_of_a_burst_are_given_back)
{
    for (uint64_t i = 0; i < 100; i++)
        write_number(A, B, i, WHOLE_BAG, false);
    post_flush(&sides[A].post);
    open_all(B, 0);
    for (int i = 0; i < 8; i++)
        post_trim(&sides[A].post);
    cr_assert_eq(stats_read(&sides[A].used), 0);
    cr_assert_not_null(sides[A].post.free);
    for (uint64_t i = 0; i < 3; i++)
        cr_assert(write_number(A, B, i, WHOLE_BAG, false));
    post_flush(&sides[A].post);
    cr_assert_eq(open_all(B, 0), 3);
}

/* The leak check of the runner says whether it is true. */
Test(mailbox, mail_that_nobody_posted_or_opened_is_freed)
{
    for (uint64_t i = 0; i < 10; i++)
        write_number(A, B, i, WHOLE_BAG, false);
    post_flush(&sides[A].post);
    for (uint64_t i = 0; i < 10; i++)
        write_number(A, B, i, WHOLE_BAG, false);
    write_number(B, A, 0, 100000, false);
}

static void answer(void *context, const struct letter *letter)
{
    struct side *side = context;
    const struct number_letter *asked = (const struct number_letter *)(const void *)letter;
    struct number_letter *back = post_letter(&side->post, A, MAIL_REQUEST, sizeof *back, true);
    back->number = asked->number;
}

Test(mailbox, letters_may_be_written_while_letters_are_opened)
{
    for (uint64_t i = 0; i < 100; i++)
        write_number(A, B, i, 16, false);
    post_flush(&sides[A].post);
    post_open(&sides[B].post, answer, &sides[B]);
    post_flush(&sides[B].post);
    cr_assert_eq(open_all(A, 0), 100);
}

/* --- two threads --------------------------------------------------------------------------------
 */

enum { LETTERS = 100000 };

static void run_b(void *unused)
{
    (void)unused;
    uv_run(&sides[B].loop, UV_RUN_DEFAULT);
}

static void stop_b(void *context, const struct letter *letter)
{
    if (letter->kind == MAIL_STAGE) {
        uv_stop(&sides[B].loop);
        return;
    }
    answer(context, letter);
}

static void on_mail_or_end(void *context)
{
    struct side *side = context;
    post_open(&side->post, stop_b, side);
    post_flush(&side->post);
}

Test(mailbox, every_letter_to_another_thread_is_answered_in_order)
{
    uv_thread_t thread;
    sides[B].box.bell.on_ring = on_mail_or_end;
    uv_thread_create(&thread, run_b, NULL);
    uint64_t written = 0;
    struct reader reader = {0};
    while (reader.count < LETTERS) {
        for (int i = 0; i < 50 && written < LETTERS; i++)
            written += write_number(A, B, written, 16 + written % 500, false);
        post_flush(&sides[A].post);
        uv_run(&sides[A].loop, UV_RUN_NOWAIT);
        post_open(&sides[A].post, read_number, &reader);
    }
    post_letter(&sides[A].post, B, MAIL_STAGE, sizeof(struct letter), true);
    post_flush(&sides[A].post);
    uv_thread_join(&thread);
    cr_assert_eq(reader.next, LETTERS);
    post_trim(&sides[A].post);
    cr_assert_eq(stats_read(&sides[A].used), 0);
}
