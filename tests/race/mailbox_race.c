/* mailbox_race.c — four threads write letters to each other; each comes once, in its sender's
 * order.
 *
 * Every thread answers each letter it gets, under the limit on bags where it asks and beyond it
 * where it answers, as workers do with requests and answers. */
#include <stdatomic.h>
#include <string.h>

#include "agent/mailbox.h"
#include "tests/race/race.h"

enum { THREADS = 4, LETTERS = 20000, A_TURN = 64 };

struct number_letter {
    struct letter letter;
    uint64_t number;
    unsigned from;
    bool is_answer;
};

struct side {
    unsigned index;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_idle_t idle;
    struct mailbox box;
    struct post post;
    struct memory memory;
    stats_counter used;
    uv_thread_t thread;
    uint64_t asked[THREADS];
    uint64_t heard[THREADS];    /* requests of each other thread */
    uint64_t answered[THREADS]; /* answers of each */
    bool is_done;
};

static struct side sides[THREADS];
static struct mailbox *boxes[THREADS];
static _Atomic unsigned done;

static void answer(struct side *side, const struct number_letter *asked)
{
    struct number_letter *back =
        post_letter(&side->post, asked->from, MAIL_ANSWER, asked->letter.size, true);
    back->number = asked->number;
    back->from = side->index;
    back->is_answer = true;
}

static void open_letter(void *context, const struct letter *opened)
{
    struct side *side = context;
    const struct number_letter *letter = (const struct number_letter *)(const void *)opened;
    uint64_t *next = letter->is_answer ? side->answered : side->heard;
    claim(letter->number == next[letter->from]++, "letters come once and in their order");
    if (!letter->is_answer)
        answer(side, letter);
}

static void on_mail(void *context)
{
    struct side *side = context;
    post_open(&side->post, open_letter, side);
}

/* Asks the others, as far as bags go. */
static void ask(struct side *side, unsigned to)
{
    for (int i = 0; i < A_TURN && side->asked[to] < LETTERS; i++) {
        size_t size = sizeof(struct number_letter) + (side->asked[to] * 37) % 3000;
        struct number_letter *letter = post_letter(&side->post, to, MAIL_REQUEST, size, false);
        if (!letter)
            return;
        letter->number = side->asked[to]++;
        letter->from = side->index;
        letter->is_answer = false;
    }
}

/* Has it asked all, and heard all? */
static bool is_satisfied(const struct side *side)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (i != side->index && (side->answered[i] < LETTERS || side->heard[i] < LETTERS))
            return false;
    return true;
}

static void end(struct side *side)
{
    uv_close((uv_handle_t *)&side->prepare, NULL);
    uv_close((uv_handle_t *)&side->idle, NULL);
    bell_stop(&side->box.bell);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct side *side = prepare->data;
    for (unsigned to = 0; to < THREADS; to++)
        if (to != side->index)
            ask(side, to);
    post_flush(&side->post);
    if (!side->is_done && is_satisfied(side)) {
        side->is_done = true;
        atomic_fetch_add(&done, 1);
    }
    if (atomic_load(&done) == THREADS)
        end(side);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void run(void *argument)
{
    struct side *side = argument;
    uv_run(&side->loop, UV_RUN_DEFAULT);
}

static void prepare_side(unsigned index)
{
    struct side *side = &sides[index];
    side->index = index;
    uv_loop_init(&side->loop);
    mailbox_init(&side->box, &side->loop, on_mail, side);
    boxes[index] = &side->box;
    memory_init(&side->memory, &side->used, 1 << 30);
    uv_prepare_init(&side->loop, &side->prepare);
    uv_idle_init(&side->loop, &side->idle);
    side->prepare.data = side;
    uv_prepare_start(&side->prepare, on_prepare);
    uv_idle_start(&side->idle, on_idle);
    post_init(&side->post, index, THREADS, boxes, &side->memory);
}

int main(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        prepare_side(i);
    for (unsigned i = 0; i < THREADS; i++)
        uv_thread_create(&sides[i].thread, run, &sides[i]);
    for (unsigned i = 0; i < THREADS; i++)
        uv_thread_join(&sides[i].thread);
    for (unsigned i = 0; i < THREADS; i++) {
        post_trim(&sides[i].post);
        claim(stats_read(&sides[i].used) == 0, "all bags are home");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        claim(uv_loop_close(&sides[i].loop) == 0, "loops end");
        mailbox_fini(&sides[i].box);
        post_fini(&sides[i].post);
        memory_fini(&sides[i].memory);
    }
    return 0;
}
