/* roll.h — calling the roll: what the workers say of their peers, gathered at the front desk. Main
 * thread.
 *
 * Each worker is asked by letter and answers by letters, some peers at a time; nobody locks and
 * nobody waits. */
#pragma once

#include "agent/report_row.h"

struct agent;
struct roll;

/* struct report_row behind struct report_row, each `size` octets long; to be freed by
 * roll_rows_free.
 */
struct roll_rows {
    uint8_t *octets;
    size_t size;
    size_t room;
    size_t count;
};

/* Called once, when all have answered. Takes the rows. */
typedef void (*roll_done)(void *context, struct roll_rows *rows);

/* So many may be under way at a time. */
enum { ROLLS_MAX = 16 };

/* All peers. NULL: ROLLS_MAX are under way. */
struct roll *roll_call(struct agent *agent, roll_done done, void *context);

/* One peer, which carries out this order first. `home` is its worker. */
struct roll *roll_order(struct agent *agent, rt_peer peer, unsigned home, enum peer_order order,
                        enum dm_disconnect_cause cause, roll_done done, void *context);

/* `done` is not called any more. */
void roll_cancel(struct roll *roll);

/* A MAIL_REPORT. */
void roll_take(struct agent *agent, const struct letter *letter);

void roll_rows_free(struct roll_rows *rows);
/* The row at this place, which starts at 0 and moves on; NULL: that was all. */
const struct report_row *roll_next(const struct roll_rows *rows, size_t *at);
