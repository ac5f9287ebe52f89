/* roll.c — calling the roll. */
#include "agent/roll.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"

struct roll {
    struct agent *agent;
    struct roll *next;
    uint32_t ticket;
    unsigned awaited; /* workers that have not come to their end */
    roll_done done;
    void *context;
    struct roll_rows rows;
};

static struct roll *roll_new(struct agent *agent, roll_done done, void *context)
{
    unsigned count = 0;
    for (const struct roll *roll = agent->rolls; roll; roll = roll->next)
        count++;
    if (count >= ROLLS_MAX)
        return NULL;
    struct roll *roll = calloc(1, sizeof *roll);
    if (!roll)
        abort();
    roll->agent = agent;
    roll->ticket = ++agent->tickets;
    roll->done = done;
    roll->context = context;
    roll->next = agent->rolls;
    agent->rolls = roll;
    return roll;
}

void roll_cancel(struct roll *roll)
{
    struct roll **link = &roll->agent->rolls;
    while (*link != roll)
        link = &(*link)->next;
    *link = roll->next;
    roll_rows_free(&roll->rows);
    free(roll);
}

static void ask(struct roll *roll, unsigned worker, uint32_t slot)
{
    struct ask_letter *letter =
        post_letter(&roll->agent->post, worker, MAIL_ASK, sizeof *letter, true);
    letter->ticket = roll->ticket;
    letter->slot = slot;
}

struct roll *roll_call(struct agent *agent, roll_done done, void *context)
{
    struct roll *roll = roll_new(agent, done, context);
    if (!roll)
        return NULL;
    roll->awaited = agent->worker_count;
    for (unsigned i = 0; i < agent->worker_count; i++)
        ask(roll, i, 0);
    return roll;
}

struct roll *roll_order(struct agent *agent, rt_peer peer, unsigned home, enum peer_order order,
                        enum dm_disconnect_cause cause, roll_done done, void *context)
{
    struct roll *roll = roll_new(agent, done, context);
    if (!roll)
        return NULL;
    roll->awaited = 1;
    struct order_letter *letter = post_letter(&agent->post, home, MAIL_ORDER, sizeof *letter, true);
    letter->ticket = roll->ticket;
    letter->peer = peer;
    letter->order = order;
    letter->cause = cause;
    return roll;
}

/* --- what comes back
 * ------------------------------------------------------------------------------ */

static void add(struct roll *roll, const struct report_row *row)
{
    struct roll_rows *rows = &roll->rows;
    if (rows->room - rows->size < row->size) {
        rows->room = rows->room * 2 + row->size + 1024;
        rows->octets = realloc(rows->octets, rows->room);
        if (!rows->octets)
            abort();
    }
    struct report_row *kept = memcpy(rows->octets + rows->size, row, row->size);
    uint64_t idle = registry_expires_in(&roll->agent->registry, row->peer, clock_now());
    if (idle)
        kept->expires_in = idle;
    rows->size += row->size;
    rows->count++;
}

static void finish(struct roll *roll)
{
    struct roll_rows rows = roll->rows;
    roll_done done = roll->done;
    void *context = roll->context;
    roll->rows = (struct roll_rows){0};
    roll_cancel(roll);
    done(context, &rows);
}

void roll_take(struct agent *agent, const struct letter *opened)
{
    const struct report_letter *letter = (const struct report_letter *)(const void *)opened;
    struct roll *roll = agent->rolls;
    while (roll && roll->ticket != letter->ticket)
        roll = roll->next;
    if (!roll)
        return; /* whoever asked has gone */
    if (letter->row.size)
        add(roll, &letter->row);
    else if (letter->next != REPORT_END)
        ask(roll, letter->worker, letter->next);
    else if (--roll->awaited == 0)
        finish(roll);
}

void roll_rows_free(struct roll_rows *rows)
{
    free(rows->octets);
    *rows = (struct roll_rows){0};
}

const struct report_row *roll_next(const struct roll_rows *rows, size_t *at)
{
    if (*at >= rows->size)
        return NULL;
    const struct report_row *row = (const struct report_row *)(const void *)(rows->octets + *at);
    *at += row->size;
    return row;
}
