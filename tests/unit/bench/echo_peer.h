/* echo_peer.h — a Diameter server for tests: answers every request with 2001 but for what a test
 * lets it do wrong.
 *
 * Runs in a thread of its own over the links that antipode-hss uses too. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/link.h"
#include "bench/sip_codes.h"

struct echo_peer;

/* Answers request `number` (from 1); echo_answer() is what the others do. */
typedef void echo_behaviour(struct echo_peer *peer, struct link *link, uint64_t number,
                            const struct dm_header *header, dm_bytes request);

struct echo_peer {
    struct loop loop;
    struct link_setup setup;
    struct dm_self self;
    struct link_listener listener;
    struct loop_timer timer;
    echo_behaviour *behave;
    uint64_t number;
    atomic_bool stop;
    pthread_t thread;
    char address[80];
};

struct echo_reply {
    uint32_t result;
    const char *origin;
    uint8_t flags;
    uint32_t end_to_end_off;
    const char *session; /* NULL: the right one */
};

static inline void echo_reply(struct link *link, const struct dm_header *header, dm_bytes request,
                              const struct echo_reply *reply)
{
    struct dm_header answer = *header;
    struct dm_avp session = {.code = 0};
    struct dm_writer writer;
    answer.flags = (header->flags & DM_FLAG_PROXIABLE) | reply->flags;
    answer.end_to_end += reply->end_to_end_off;
    uint8_t *to = link_room(link, 1024);
    dm_writer_init(&writer, to, 1024);
    dm_write_header(&writer, &answer);
    if (dm_avp_find(request, 0, DM_AVP_SESSION_ID, &session) && !reply->session)
        dm_write_raw(&writer, session.whole);
    if (reply->session)
        dm_write_text(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, reply->session);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, reply->result);
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, reply->origin);
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, "example.net");
    link_commit(link, dm_writer_finish(&writer));
}

static inline void echo_answer(struct link *link, const struct dm_header *header, dm_bytes request)
{
    echo_reply(link, header, request,
               &(struct echo_reply){.result = 2001, .origin = "hss1.example.net"});
}

static inline void echo_on_open(struct link *link)
{
    (void)link;
}

static inline void echo_on_message(struct link *link, const struct dm_header *header,
                                   dm_bytes message)
{
    struct echo_peer *peer = link->owner;
    if (peer->behave)
        peer->behave(peer, link, ++peer->number, header, message);
    else
        echo_answer(link, header, message);
}

static inline void echo_on_closed(struct link *link, const char *why)
{
    (void)why;
    free(link);
}

static inline void echo_on_accept(struct link_listener *listener, struct link_arrival arrival)
{
    struct echo_peer *peer =
        (struct echo_peer *)(void *)((char *)listener - offsetof(struct echo_peer, listener));
    struct link *link = calloc(1, sizeof(*link));
    link->owner = peer;
    link_accept(link, &peer->loop, &peer->setup, &peer->self, arrival);
}

static inline void *echo_main(void *argument)
{
    struct echo_peer *peer = argument;
    while (!atomic_load(&peer->stop))
        loop_turn(&peer->loop, loop_clock() + 10 * LOOP_MS);
    return NULL;
}

static inline struct echo_peer *echo_start(echo_behaviour *behave)
{
    struct echo_peer *peer = calloc(1, sizeof(*peer));
    struct link_address address;
    peer->behave = behave;
    peer->self = (struct dm_self){.origin_host = dm_text("hss1.example.net"),
                                  .origin_realm = dm_text("example.net"),
                                  .product_name = "echo"};
    peer->setup.events = (struct link_events){echo_on_open, echo_on_message, echo_on_closed};
    dm_applications_add(&peer->setup.applications, SIP_APPLICATION);
    if (loop_init(&peer->loop) || link_address(&address, "127.0.0.1:0") ||
        link_listen(&peer->listener, &peer->loop, NULL, &address))
        abort();
    peer->listener.on_accept = echo_on_accept;
    snprintf(peer->address, sizeof(peer->address), "%s", peer->listener.name);
    pthread_create(&peer->thread, NULL, echo_main, peer);
    return peer;
}

/* All clients have gone before. */
static inline void echo_stop(struct echo_peer *peer)
{
    atomic_store(&peer->stop, true);
    pthread_join(peer->thread, NULL);
    link_unlisten(&peer->listener);
    loop_fini(&peer->loop);
    free(peer);
}
