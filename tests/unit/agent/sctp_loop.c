/* sctp_loop.c — what is posted to a loop, which one bell wakes. */
#include "agent/net/sctp_loop.h"

#include <criterion/criterion.h>

struct errand {
    struct sctp_woken woken; /* first */
    struct errand *then;     /* posted when this one has its turn */
    unsigned turns;
};

static uv_loop_t uv;
static struct wire_loop loop;

static void on_turn(struct sctp_woken *woken, bool by_stack)
{
    struct errand *errand = (struct errand *)(void *)woken;
    cr_assert_not(by_stack);
    errand->turns++;
    if (errand->then)
        sctp_loop_post(&loop, &errand->then->woken);
}

static void begin(void)
{
    uv_loop_init(&uv);
    loop = (struct wire_loop){.uv = &uv};
    sctp_loop_open(&loop);
}

static void end(void)
{
    sctp_loop_close(&loop);
    uv_run(&uv, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&uv), 0);
    sctp_loop_fini(&loop);
}

TestSuite(sctp_loop, .init = begin, .fini = end, .timeout = 240);

Test(sctp_loop, all_that_is_posted_has_its_turn_and_once)
{
    struct errand errands[3] = {0};
    for (int i = 0; i < 3; i++) {
        errands[i].woken.on_woken = on_turn;
        sctp_loop_post(&loop, &errands[i].woken);
        sctp_loop_post(&loop, &errands[i].woken);
    }
    uv_run(&uv, UV_RUN_ONCE);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(errands[i].turns, 1);
}

Test(sctp_loop, what_is_posted_in_a_turn_wakes_the_loop_once_more)
{
    struct errand last = {.woken.on_woken = on_turn};
    struct errand first = {.woken.on_woken = on_turn, .then = &last};
    sctp_loop_post(&loop, &first.woken);
    while (!first.turns)
        uv_run(&uv, UV_RUN_ONCE);
    while (!last.turns)
        uv_run(&uv, UV_RUN_ONCE);
    cr_assert_eq(first.turns + last.turns, 2);
}
