/* mailbox.c — mail in bags. */
#include "agent/mailbox.h"

#include <assert.h>
#include <stdlib.h>

struct bag {
    struct bag *next;
    unsigned from;
    unsigned to;
    size_t room;
    size_t used;
    _Alignas(8) uint8_t octets[];
};

void mailbox_init(struct mailbox *box, uv_loop_t *loop, void (*on_mail)(void *context),
                  void *context)
{
    *box = (struct mailbox){0};
    if (uv_mutex_init(&box->lock))
        abort();
    bell_open(&box->bell, loop, on_mail, context);
}

static void free_bags(struct bag *bag)
{
    while (bag) {
        struct bag *next = bag->next;
        free(bag);
        bag = next;
    }
}

void mailbox_fini(struct mailbox *box)
{
    free_bags(box->first);
    free_bags(box->returned);
    bell_close(&box->bell);
    uv_mutex_destroy(&box->lock);
}

void post_init(struct post *post, unsigned index, unsigned count, struct mailbox **boxes,
               struct memory *memory)
{
    *post = (struct post){.index = index, .count = count, .boxes = boxes, .memory = memory};
    post->outboxes = calloc(count, sizeof *post->outboxes);
    if (!post->outboxes)
        abort();
}

void post_fini(struct post *post)
{
    for (unsigned i = 0; i < post->count; i++) {
        free(post->outboxes[i].bag);
        free_bags(post->outboxes[i].full);
    }
    free_bags(post->free);
    free_bags(post->free_small);
    free(post->outboxes);
}

/* The free bags of this room; NULL: such bags are not kept. */
static struct bag **free_list(struct post *post, size_t room)
{
    if (room == BAG_SMALL)
        return &post->free_small;
    return room == BAG_ROOM ? &post->free : NULL;
}

static size_t room_for(size_t size, bool is_first)
{
    if (is_first && size <= BAG_SMALL)
        return BAG_SMALL;
    return size <= BAG_ROOM ? BAG_ROOM : size;
}

static struct bag *new_bag(struct post *post, size_t room)
{
    struct bag **list = free_list(post, room);
    struct bag *bag = list ? *list : NULL;
    if (bag)
        *list = bag->next;
    else
        bag = malloc(sizeof *bag + room);
    if (!bag)
        abort();
    bag->next = NULL;
    bag->room = room;
    memory_count(post->memory, (int64_t)room);
    return bag;
}

static void bag_comes_home(struct post *post, struct bag *bag)
{
    post->outboxes[bag->to].away -= bag->room;
    memory_count(post->memory, -(int64_t)bag->room);
    struct bag **list = free_list(post, bag->room);
    if (!list) {
        free(bag);
        return;
    }
    bag->next = *list;
    *list = bag;
}

static void collect(struct post *post)
{
    struct mailbox *box = post->boxes[post->index];
    uv_mutex_lock(&box->lock);
    struct bag *bag = box->returned;
    box->returned = NULL;
    uv_mutex_unlock(&box->lock);
    while (bag) {
        struct bag *next = bag->next;
        bag_comes_home(post, bag);
        bag = next;
    }
}

bool post_is_behind(struct post *post, unsigned to)
{
    if (post->outboxes[to].away < MAIL_PER_PAIR / 2)
        return false;
    collect(post);
    return post->outboxes[to].away >= MAIL_PER_PAIR / 2;
}

static void trim(struct bag **list)
{
    unsigned count = 0;
    for (struct bag *bag = *list; bag; bag = bag->next)
        count++;
    for (unsigned n = count / 2; n > 0; n--) {
        struct bag *bag = *list;
        *list = bag->next;
        free(bag);
    }
}

void post_trim(struct post *post)
{
    collect(post);
    trim(&post->free);
    trim(&post->free_small);
}

/* One letter always fits, however large. */
static bool is_behind(const struct outbox *outbox, size_t room)
{
    return outbox->away && outbox->away + room > MAIL_PER_PAIR;
}

static struct bag *take_bag(struct post *post, unsigned to, size_t size, bool must)
{
    struct outbox *outbox = &post->outboxes[to];
    size_t room = room_for(size, !outbox->bag && !outbox->full);
    struct bag **list = free_list(post, room);
    if (!list || !*list || is_behind(outbox, room))
        collect(post);
    if (is_behind(outbox, room) && !must)
        return NULL;
    struct bag *bag = new_bag(post, room);
    bag->from = post->index;
    bag->to = to;
    bag->used = 0;
    outbox->away += room;
    return bag;
}

static void seal(struct outbox *outbox)
{
    if (!outbox->bag)
        return;
    if (outbox->full)
        outbox->full_last->next = outbox->bag;
    else
        outbox->full = outbox->bag;
    outbox->full_last = outbox->bag;
    outbox->bag = NULL;
}

void *post_letter(struct post *post, unsigned to, enum mail_kind kind, size_t size, bool must)
{
    assert(to < post->count && to != post->index);
    size = (size + 7) & ~(size_t)7;
    struct outbox *outbox = &post->outboxes[to];
    if (!outbox->bag || outbox->bag->room - outbox->bag->used < size) {
        struct bag *bag = take_bag(post, to, size, must);
        if (!bag)
            return NULL;
        seal(outbox);
        outbox->bag = bag;
    }
    struct bag *bag = outbox->bag;
    struct letter *letter = (struct letter *)(void *)(bag->octets + bag->used);
    *letter = (struct letter){(uint32_t)size, (uint16_t)kind, post->snapshot};
    bag->used += size;
    return letter;
}

static void post_outbox(struct post *post, unsigned to)
{
    struct outbox *outbox = &post->outboxes[to];
    seal(outbox);
    struct mailbox *box = post->boxes[to];
    uv_mutex_lock(&box->lock);
    bool was_empty = !box->first;
    if (was_empty)
        box->first = outbox->full;
    else
        box->last->next = outbox->full;
    box->last = outbox->full_last;
    uv_mutex_unlock(&box->lock);
    outbox->full = NULL;
    if (was_empty)
        bell_ring(&box->bell);
}

void post_flush(struct post *post)
{
    for (unsigned to = 0; to < post->count; to++)
        if (post->outboxes[to].bag || post->outboxes[to].full)
            post_outbox(post, to);
}

static void send_home(struct post *post, struct bag *bag)
{
    struct mailbox *box = post->boxes[bag->from];
    uv_mutex_lock(&box->lock);
    bag->next = box->returned;
    box->returned = bag;
    uv_mutex_unlock(&box->lock);
}

void post_open(struct post *post, void (*open)(void *context, const struct letter *letter),
               void *context)
{
    struct mailbox *box = post->boxes[post->index];
    uv_mutex_lock(&box->lock);
    struct bag *bag = box->first;
    box->first = box->last = NULL;
    uv_mutex_unlock(&box->lock);
    while (bag) {
        struct bag *next = bag->next;
        for (size_t at = 0; at < bag->used;) {
            const struct letter *letter = (const struct letter *)(const void *)(bag->octets + at);
            open(context, letter);
            at += letter->size;
        }
        send_home(post, bag);
        bag = next;
    }
}
