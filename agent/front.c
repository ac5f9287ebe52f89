/* front.c — who comes in by the door? */
#include "agent/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/arrival.h"
#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/log.h"
#include "agent/net/listen.h"
#include "agent/net/sctp_net.h"
#include "agent/net/tcp.h"

/* PATIENCE: who has said nothing for such a part of `timers.capabilities` idles. */
enum { ACCEPTS_PER_TURN = 64, PATIENCE_PARTS = 5 };
#define NO_DESCRIPTORS_PAUSE (100 * NS_PER_MS)

/* --- letting in, or not -------------------------------------------------------------------------
 */

/* Fewer that finish, instead of all that time out. */
static void set_listening(struct front *front, bool listening)
{
    front->is_paused = !listening;
    for (struct listener *at = front->listeners; at; at = at->next)
        at->kind->wait(at, listening);
    if (listening)
        front->paused_until = 0;
}

static void pause_for(struct front *front, uint64_t until)
{
    front->paused_until = until;
    set_listening(front, false);
}

void front_has_left(struct front *front)
{
    front->half_open--;
    if (front->is_paused && !front->paused_until)
        set_listening(front, true);
}

static bool is_full(const struct agent *agent)
{
    uint64_t open = agent->front.half_open;
    for (unsigned i = 0; i < agent->worker_count; i++)
        open += stats_connections(&agent->workers[i]->stats);
    return open >= agent->connections;
}

static void let_in(struct front *front, struct wire *wire)
{
    if (is_full(front->agent)) {
        stats_add(&front->agent->stats.refused[STATS_REFUSED_limit], 1);
        log_warn("-", "refused", log_words("`limits.connections` is reached"));
        wire_close(wire, false, NULL);
        return;
    }
    arrival_begin(front, wire);
    if (front->half_open >= front->agent->conf->limits.half_open) {
        stats_add(&front->agent->stats.refused[STATS_REFUSED_half_open], 1);
        pause_for(front, 0);
    }
}

static bool is_want_of_descriptors(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

static void on_acceptable(struct listener *listener)
{
    struct front *front = listener->owner;
    for (int i = 0; i < ACCEPTS_PER_TURN && !front->is_paused; i++) {
        int error = 0;
        struct wire *wire = listener->kind->accept(listener, &error);
        if (is_want_of_descriptors(error)) {
            log_error("-", "accept", log_words("{error}"), log_text("error", uv_strerror(error)));
            pause_for(front, clock_real() + NO_DESCRIPTORS_PAUSE);
        }
        if (!wire)
            return;
        let_in(front, wire);
    }
}

/* --- listeners ----------------------------------------------------------------------------------
 */

static void say(const char *words, const struct listener *listener)
{
    char address[80];
    struct conf_addresses bound = {0};
    listener->kind->bound(listener, &bound); /* of port 0: the one that was free */
    for (unsigned i = 0; i < bound.count; i++) {
        tcp_address_text(&bound.at[i], address, sizeof address);
        log_info("-", "listening", log_words(words),
                 log_text("transport", conf_transport_name(listener->kind->transport)),
                 log_text("address", address));
    }
}

static bool open_listener(struct front *front, const struct conf_endpoint *wanted, FILE *complaints)
{
    const struct listen_kind *kind = listen_kinds[wanted->transport];
    char address[80];
    char why[LISTEN_WHY] = "not built";
    struct listener *listener = kind ? kind->open(&front->agent->wires, wanted, why) : NULL;
    if (!listener) {
        tcp_address_text(&wanted->addresses.at[0], address, sizeof address);
        fprintf(complaints, "listen: %s %s: %s\n", conf_transport_name(wanted->transport), address,
                why);
        return false;
    }
    listener->owner = front;
    listener->on_acceptable = on_acceptable;
    listener->is_wanted = true;
    listener->next = front->listeners;
    front->listeners = listener;
    if (!front->is_paused)
        kind->wait(listener, true);
    say("{transport} {address}", listener);
    return true;
}

static struct listener *find_listener(const struct front *front, const struct conf_endpoint *wanted)
{
    struct listener *at = front->listeners;
    while (at && !conf_is_same_endpoint(&at->at, wanted))
        at = at->next;
    return at;
}

static void close_unwanted(struct front *front)
{
    for (struct listener **at = &front->listeners; *at;) {
        struct listener *listener = *at;
        if (listener->is_wanted) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        say("no more: {transport} {address}", listener);
        listener->kind->close(listener);
    }
}

/* Ends those that were opened since `before` was the first. */
static void take_back(struct front *front, const struct listener *before)
{
    while (front->listeners != before) {
        struct listener *listener = front->listeners;
        front->listeners = listener->next;
        listener->kind->close(listener);
    }
}

bool front_listen(struct front *front, const struct conf *conf, FILE *complaints)
{
    struct listener *before = front->listeners;
    char why[LISTEN_WHY];
    if (!sctp_net_prepare(conf, why, sizeof why)) {
        fprintf(complaints, "listen: sctp: %s\n", why);
        return false;
    }
    for (size_t i = 0; i < conf->listen_count; i++) {
        const struct conf_endpoint *wanted = &conf->listen[i];
        if (!find_listener(front, wanted) && !open_listener(front, wanted, complaints)) {
            take_back(front, before);
            sctp_net_restore(front->agent->conf);
            return false;
        }
    }
    for (struct listener *at = front->listeners; at; at = at->next)
        at->is_wanted = false;
    for (size_t i = 0; i < conf->listen_count; i++)
        find_listener(front, &conf->listen[i])->is_wanted = true;
    close_unwanted(front);
    return true;
}

bool front_open(struct front *front, struct agent *agent)
{
    char *why = NULL;
    size_t size = 0;
    *front = (struct front){.agent = agent};
    uv_random(NULL, NULL, &front->crowds.seed, sizeof front->crowds.seed, 0, NULL);
    FILE *complaints = open_memstream(&why, &size);
    if (!complaints)
        abort();
    bool works = front_listen(front, agent->conf, complaints);
    fclose(complaints);
    if (!works) {
        why[strcspn(why, "\n")] = '\0';
        log_error("-", "listen", log_words("{why}"), log_text("why", why + strlen("listen: ")));
    }
    free(why);
    return works;
}

/* --- time, and the end --------------------------------------------------------------------------
 */

/* `half_open` is full: one goes that idles at the expense of others, and there is room. The next
 * tick sees to the next one. */
static void thin_out(struct front *front, uint64_t now)
{
    const struct conf *conf = front->agent->conf;
    unsigned share = crowds_share(conf->limits.half_open);
    uint64_t patience = conf->timers.capabilities / PATIENCE_PARTS;
    struct crowd_member *idle = crowds_idle(&front->crowds, share, patience, now);
    if (idle)
        arrival_crowd_out(idle);
}

void front_tick(struct front *front)
{
    uint64_t now = clock_now();
    uint64_t real = clock_real();
    if (front->is_paused && front->paused_until && real >= front->paused_until)
        set_listening(front, true);
    if (front->is_paused && !front->paused_until)
        thin_out(front, now);
    struct arrival *next;
    for (struct arrival *arrival = front->first; arrival; arrival = next) {
        next = arrival_next(arrival);
        arrival_tick(arrival, now, real);
    }
}

void front_close(struct front *front)
{
    take_back(front, NULL);
    front->is_paused = false;
    while (front->first)
        arrival_end(front->first);
}
