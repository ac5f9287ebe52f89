/* mailbox.h — bags of mail between threads: outboxes, an inbox, a wake-up.
 *
 * Every thread (the workers, and the front desk as the last) has a post. Letters are copied into
 * the outbox for their receiver; at the end of a turn each outbox that has any is posted: one
 * splice under the receiver's mutex, and one wake-up if its inbox was empty. The receiver opens all
 * letters in order and the bag goes home whole, so message memory never crosses threads. Letters of
 * one sender to one receiver arrive in the order they were written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "agent/bell.h"
#include "agent/memory.h"

enum mail_kind {
    MAIL_REQUEST,  /* worker to worker: struct relay_request_letter */
    MAIL_ANSWER,   /* worker to worker: struct relay_answer_letter */
    MAIL_ARRIVAL,  /* front desk to a peer's home: struct arrival_letter */
    MAIL_ADDED,    /* front desk to all: a peer has a slot: struct name_letter */
    MAIL_REMOVED,  /* front desk to all: it has it no more */
    MAIL_IDLE,     /* home to front desk: a peer without connection may go: struct idle_letter */
    MAIL_RELEASE,  /* front desk to home: it goes */
    MAIL_RELEASED, /* home to front desk: it went */
    MAIL_ASK,      /* front desk to worker: report your peers: struct ask_letter */
    MAIL_ORDER,    /* front desk to a peer's home: an operator's order: struct order_letter */
    MAIL_REPORT,   /* worker to front desk: a peer, or the end of them: struct report_letter */
    MAIL_SEEK,     /* home to front desk: where is this peer? struct seek_letter */
    MAIL_FOUND,    /* front desk to home: there: struct found_letter */
    MAIL_DIAL,     /* worker to front desk: a redirect or DNS names this host: struct dial_letter */
    MAIL_DISCOVER, /* worker to front desk: who serves this realm? struct discover_letter */
    MAIL_REALM,    /* front desk to all: these do: struct realm_letter */
    MAIL_GUEST,    /* front desk to its home: struct guest_letter */
    MAIL_SETTLED,  /* to all workers: it is there, or will not be: struct settled_letter */
    MAIL_REDIRECT, /* worker to worker: something to remember, or to forget: follow_cache.c */
    MAIL_STAGE,    /* front desk to all: the end has reached this stage: struct stage_letter */
    MAIL_SNAPSHOT, /* front desk to all: there is a newer snapshot; nothing but a head */
    MAIL_SWITCHED, /* worker to front desk: it uses the newest snapshot; nothing but a head */
};

struct letter {
    uint32_t size; /* of the whole, a multiple of 8 */
    uint16_t kind;
    uint16_t snapshot; /* number of the one that its writer had */
};

/* The first bag of a turn is small: at a low rate each turn posts one, and its room counts against
 * MAIL_PER_PAIR, which is what one thread may have on its way to another. */
enum { BAG_SMALL = 4 * 1024, BAG_ROOM = 32 * 1024, MAIL_PER_PAIR = 128 * BAG_ROOM };

struct bag;

struct mailbox {
    uv_mutex_t lock;
    struct bag *first;
    struct bag *last;
    struct bag *returned; /* this thread's own bags, come home */
    struct bell bell;
};

struct outbox {
    struct bag *bag;  /* being filled */
    struct bag *full; /* to be posted before it */
    struct bag *full_last;
    size_t away; /* octets of room of the bags that are not home */
};

struct post {
    unsigned index;
    unsigned count;
    uint16_t snapshot;      /* stands on every letter */
    struct mailbox **boxes; /* of all threads, by index */
    struct outbox *outboxes;
    struct bag *free;       /* of BAG_ROOM */
    struct bag *free_small; /* of BAG_SMALL */
    struct memory *memory;  /* bags in use are counted here */
};

/* `on_mail` is called on `loop` when mail has come. */
void mailbox_init(struct mailbox *box, uv_loop_t *loop, void (*on_mail)(void *context),
                  void *context);
/* After all threads have ended: frees the letters that nobody opened. */
void mailbox_fini(struct mailbox *box);

void post_init(struct post *post, unsigned index, unsigned count, struct mailbox **boxes,
               struct memory *memory);
void post_fini(struct post *post);

/* Room for a letter of `size` octets (its struct and what follows it) to thread `to`, its head
 * filled in. NULL if no bag is to be had, which means that the receiver is behind; never NULL where
 * `must`. */
void *post_letter(struct post *post, unsigned to, enum mail_kind kind, size_t size, bool must);

/* Is so much mail on its way to thread `to` that it is time to hold back? */
bool post_is_behind(struct post *post, unsigned to);

/* Takes in the bags that have come home, which end to be counted, and gives half of those that lie
 * free back to the allocator. At a slow tick. */
void post_trim(struct post *post);

/* Posts all outboxes. At the end of a turn. */
void post_flush(struct post *post);

/* Opens all letters that are there. */
void post_open(struct post *post, void (*open)(void *context, const struct letter *letter),
               void *context);
