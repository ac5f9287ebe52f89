/* conn_private.h — what the parts of a connection say to each other. */
#pragma once

#include "agent/net/conn.h"

/* Tells the wire what is waited for now, and the worker where input lies ready. */
void conn_arm(struct conn *conn);

/* It has something to write in this turn. */
void conn_touch(struct conn *conn);

/* Reads what is there, within what a turn allows. */
void conn_read(struct conn *conn);

/* Ends it for good; the owner is not told. */
void conn_end(struct conn *conn, bool reset);

/* The network or the other side has ended it. The owner is told once. */
void conn_broken(struct conn *conn, int error);

/* Shuts our side once all is written; the rest is waiting for the other. */
void conn_linger_on(struct conn *conn);
