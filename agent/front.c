/* front.c — who comes in by the door? */
#include "agent/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/log.h"
#include "agent/net/tcp.h"

enum { ACCEPTS_PER_TURN = 64, FIRST_ROOM = 1024, ANSWER_ROOM = 4096 };
#define LINGER               NS_PER_S
#define NO_DESCRIPTORS_PAUSE (100 * NS_PER_MS)

struct front_listener {
    uv_poll_t poll;
    struct front *front;
    struct front_listener *next;
    union conf_socket address; /* as configured: the port may be 0 */
    int descriptor;
    bool is_wanted;
};

/* A connection without a name. */
struct arrival {
    uv_poll_t poll;
    struct front *front;
    struct arrival *next;
    struct arrival **link; /* the pointer that points here */
    union conf_socket source;
    int descriptor;
    bool is_waiting;   /* its CER is read; a slot is about to be free */
    bool is_lingering; /* it was answered and shut; what still comes is discarded */
    uint64_t until;    /* clock_now; of a lingering one clock_real */
    uint8_t *octets;
    uint32_t have;
    uint32_t room;
    rt_peer peer; /* whose connection it turned out to be */
    const struct registry_slot *slot;
    uint32_t cer_size;
};

/* --- the end of an arrival
 * ------------------------------------------------------------------------ */

static void set_listening(struct front *front, bool listening);

static void on_arrival_closed(uv_handle_t *handle)
{
    struct arrival *arrival = handle->data;
    memory_count(&arrival->front->agent->memory, -(int64_t)arrival->room);
    free(arrival->octets);
    free(arrival);
}

static void forget(struct arrival *arrival)
{
    struct front *front = arrival->front;
    *arrival->link = arrival->next;
    if (arrival->next)
        arrival->next->link = arrival->link;
    front->half_open--;
    if (front->is_paused && !front->paused_until)
        set_listening(front, true);
    uv_poll_stop(&arrival->poll);
}

static void end(struct arrival *arrival, bool reset)
{
    forget(arrival);
    uv_close((uv_handle_t *)&arrival->poll,
             on_arrival_closed); /* first: libuv forgets the descriptor */
    if (reset)
        tcp_abort(arrival->descriptor);
    else
        close(arrival->descriptor);
}

static void refuse(struct arrival *arrival, enum stats_refusal reason, const char *why)
{
    char source[64];
    tcp_address_text(&arrival->source, source, sizeof source);
    stats_add(&arrival->front->agent->stats.refused[reason], 1);
    log_warn("-", "refused", log_words("{source}: {why}"), log_text("source", source),
             log_text("why", why));
}

/* Answers with a CEA and closes: the answer is on the wire before the FIN. */
static void answer(struct arrival *arrival, dm_bytes cer, enum dm_result result,
                   const struct dm_fault *fault)
{
    struct agent *agent = arrival->front->agent;
    uint8_t octets[ANSWER_ROOM];
    uint8_t local[16];
    struct dm_header header;
    dm_header_read(&header, cer.at);
    struct dm_addresses addresses = {.count = 1};
    addresses.at[0] = dm_bytes_of(local, tcp_local_address(arrival->descriptor, local));
    size_t size = dm_cea_write(octets, sizeof octets, &agent->self, &agent->conf->advertise,
                               &addresses, &header, result, fault);
    if (!size) /* the offending AVP is too long to be shown */
        size = dm_cea_write(octets, sizeof octets, &agent->self, &agent->conf->advertise,
                            &addresses, &header, result, NULL);
    if (send(arrival->descriptor, octets, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        end(arrival, true);
        return;
    }
    shutdown(arrival->descriptor, SHUT_WR);
    arrival->is_lingering = true;
    arrival->until = clock_real() + LINGER;
}

/* --- a CER
 * ---------------------------------------------------------------------------------------- */

/* The letter is posted from here: libuv has forgotten the descriptor. */
static void on_arrival_named(uv_handle_t *handle)
{
    struct arrival *arrival = handle->data;
    struct agent *agent = arrival->front->agent;
    const struct registry_slot *slot = arrival->slot;
    struct arrival_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_ARRIVAL, sizeof *letter + arrival->have, true);
    letter->peer = arrival->peer;
    letter->name = name_ref(slot->name);
    letter->is_drained = orders_find(&agent->orders, name_bytes(slot->name)).is_drained;
    letter->descriptor = arrival->descriptor;
    letter->cer_size = arrival->cer_size;
    letter->rest_size = arrival->have - arrival->cer_size;
    memcpy(letter->octets, arrival->octets, arrival->have);
    on_arrival_closed(handle);
}

static void send_home(struct arrival *arrival, const struct registry_slot *slot, uint32_t cer_size)
{
    arrival->slot = slot;
    arrival->peer = registry_peer(&arrival->front->agent->registry, slot);
    arrival->cer_size = cer_size;
    forget(arrival);
    uv_close((uv_handle_t *)&arrival->poll, on_arrival_named);
}

static void refuse_unknown(struct arrival *arrival, dm_bytes cer)
{
    refuse(arrival, STATS_REFUSED_unknown_peer, "no row of `peers` admits its Origin-Host");
    if (arrival->front->agent->conf->compatibility.unknown_peer == CONF_PEER_CLOSE)
        end(arrival, false);
    else
        answer(arrival, cer, DM_UNKNOWN_PEER, NULL);
}

/* Somebody (perhaps its own former self) is giving a slot back: it is asked for again at the next
 * tick. */
static void wait_for_slot(struct arrival *arrival)
{
    arrival->is_waiting = true;
    uv_poll_stop(&arrival->poll);
}

static void admit(struct arrival *arrival, dm_bytes cer, dm_bytes identity)
{
    struct agent *agent = arrival->front->agent;
    const struct conf *conf = agent->conf;
    bool accepts = conf->compatibility.unknown_peer == CONF_PEER_ACCEPT;
    int row = conf_peer_for(conf, identity, &arrival->source);
    if (dm_identity_equal(identity, dm_text(conf->identity)) || (row == -1 && !accepts)) {
        refuse_unknown(arrival, cer);
        return;
    }
    if (row == -2) {
        refuse(arrival, STATS_REFUSED_source, "its address is not in `from`");
        answer(arrival, cer, DM_UNKNOWN_PEER, NULL);
        return;
    }
    if (orders_find(&agent->orders, identity).is_disabled) {
        refuse(arrival, STATS_REFUSED_disabled, "an operator has disabled it");
        answer(arrival, cer, DM_UNKNOWN_PEER, NULL);
        return;
    }
    struct registry_slot *slot = registry_admit(&agent->registry, identity);
    if (!slot && agent->registry.leaving) {
        wait_for_slot(arrival);
        return;
    }
    if (!slot) {
        refuse(arrival, STATS_REFUSED_limit, "no slot is free");
        answer(arrival, cer, DM_TOO_BUSY, NULL);
        return;
    }
    send_home(arrival, slot, (uint32_t)cer.size);
}

/* Only the name is needed here; the whole CER is checked at the peer's home, as strictly as its row
 * says. */
static void read_cer(struct arrival *arrival, dm_bytes cer)
{
    struct dm_avp origin_host;
    if (dm_avp_find(cer, 0, DM_AVP_ORIGIN_HOST, &origin_host) &&
        dm_identity_is_valid(origin_host.data)) {
        admit(arrival, cer, origin_host.data);
        return;
    }
    struct dm_fault fault = {0};
    struct dm_caps caps;
    enum dm_result wrong =
        dm_check(cer, arrival->front->agent->conf->compatibility.strictness, &fault);
    if (!wrong)
        wrong = dm_caps_read(&caps, cer, &fault);
    refuse(arrival, STATS_REFUSED_malformed, "a CER without a usable Origin-Host");
    answer(arrival, cer, wrong ? wrong : DM_INVALID_AVP_VALUE, &fault);
}

static bool begins_a_cer(const struct arrival *arrival)
{
    const uint8_t *octets = arrival->octets;
    uint32_t have = arrival->have;
    if (have >= 1 && octets[0] != DM_VERSION)
        return false;
    if (have >= 4) {
        uint32_t length = dm_get24(octets + 1);
        if (length < DM_HEADER_SIZE || length % 4 ||
            length > arrival->front->agent->conf->limits.message_size)
            return false;
    }
    if (have >= 5 && !(octets[4] & DM_FLAG_REQUEST))
        return false;
    return have < 8 || dm_get24(octets + 5) == DM_CAPABILITIES_EXCHANGE;
}

static void look(struct arrival *arrival)
{
    if (!begins_a_cer(arrival)) { /* CEX-21, HDR-06 */
        refuse(arrival, STATS_REFUSED_malformed, "what it sent first is no CER");
        end(arrival, true);
        return;
    }
    if (arrival->have < DM_HEADER_SIZE)
        return;
    uint32_t length = dm_get24(arrival->octets + 1);
    if (arrival->have >= length)
        read_cer(arrival, dm_bytes_of(arrival->octets, length));
}

/* --- reading
 * -------------------------------------------------------------------------------------- */

static void make_room(struct arrival *arrival)
{
    if (arrival->have < arrival->room)
        return;
    uint32_t more = arrival->room ? arrival->room : FIRST_ROOM;
    memory_count(&arrival->front->agent->memory, more);
    arrival->room += more;
    arrival->octets = realloc(arrival->octets, arrival->room);
    if (!arrival->octets)
        abort();
}

static void discard(struct arrival *arrival)
{
    uint8_t octets[4096];
    ssize_t got = read(arrival->descriptor, octets, sizeof octets);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        end(arrival, false);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct arrival *arrival = poll->data;
    (void)events;
    if (status < 0) {
        end(arrival, true);
        return;
    }
    if (arrival->is_lingering) {
        discard(arrival);
        return;
    }
    make_room(arrival);
    ssize_t got =
        read(arrival->descriptor, arrival->octets + arrival->have, arrival->room - arrival->have);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end(arrival, false);
        return;
    }
    arrival->have += (uint32_t)got;
    look(arrival);
}

/* --- accepting
 * ------------------------------------------------------------------------------------ */

static void take(struct front *front, int descriptor, const union conf_socket *source)
{
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (!arrival || uv_poll_init(&front->agent->loop, &arrival->poll, descriptor)) {
        free(arrival);
        close(descriptor);
        return;
    }
    arrival->poll.data = arrival;
    arrival->front = front;
    arrival->descriptor = descriptor;
    arrival->source = *source;
    arrival->until = clock_now() + front->agent->conf->timers.capabilities;
    arrival->next = front->first;
    arrival->link = &front->first;
    if (front->first)
        front->first->link = &arrival->next;
    front->first = arrival;
    front->half_open++;
    uv_poll_start(&arrival->poll, UV_READABLE, on_readable);
}

static bool is_full(const struct agent *agent)
{
    uint64_t open = agent->front.half_open;
    for (unsigned i = 0; i < agent->worker_count; i++)
        open += stats_read(&agent->workers[i]->stats.connections);
    return open >= agent->connections;
}

static void pause_for(struct front *front, uint64_t until)
{
    front->paused_until = until;
    set_listening(front, false);
}

static void accept_one(struct front *front, int descriptor, const union conf_socket *source)
{
    if (is_full(front->agent)) {
        stats_add(&front->agent->stats.refused[STATS_REFUSED_limit], 1);
        log_warn("-", "refused", log_words("`limits.connections` is reached"));
        close(descriptor);
        return;
    }
    take(front, descriptor, source);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct front_listener *listener = poll->data;
    struct front *front = listener->front;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && !front->is_paused; i++) {
        union conf_socket source;
        int descriptor = tcp_accept(listener->descriptor, &source);
        if (descriptor == -EMFILE || descriptor == -ENFILE || descriptor == -ENOMEM) {
            log_error("-", "accept", log_words("{error}"),
                      log_text("error", uv_strerror(descriptor)));
            pause_for(front, clock_real() + NO_DESCRIPTORS_PAUSE);
        }
        if (descriptor < 0)
            return;
        accept_one(front, descriptor, &source);
        if (front->half_open >= front->agent->conf->limits.half_open) {
            stats_add(&front->agent->stats.refused[STATS_REFUSED_half_open], 1);
            pause_for(front, 0);
        }
    }
}

/* Fewer that finish, instead of all that time out. */
static void set_listening(struct front *front, bool listening)
{
    front->is_paused = !listening;
    for (struct front_listener *at = front->listeners; at; at = at->next) {
        if (listening)
            uv_poll_start(&at->poll, UV_READABLE, on_acceptable);
        else
            uv_poll_stop(&at->poll);
    }
    if (listening)
        front->paused_until = 0;
}

/* --- open, tick, close
 * ---------------------------------------------------------------------------- */

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_listener(struct front_listener *listener)
{
    uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
    close(listener->descriptor);
}

static void add_listener(struct front *front, const union conf_socket *address, int descriptor)
{
    struct front_listener *listener = calloc(1, sizeof *listener);
    if (!listener || uv_poll_init(&front->agent->loop, &listener->poll, descriptor))
        abort();
    listener->front = front;
    listener->address = *address;
    listener->descriptor = descriptor;
    listener->is_wanted = true;
    listener->poll.data = listener;
    listener->next = front->listeners;
    front->listeners = listener;
    if (!front->is_paused)
        uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
}

static bool open_listener(struct front *front, const union conf_socket *wanted, FILE *complaints)
{
    char address[64];
    tcp_address_text(wanted, address, sizeof address);
    int descriptor = tcp_listen(wanted);
    if (descriptor < 0) {
        fprintf(complaints, "listen: tcp %s: %s\n", address, uv_strerror(descriptor));
        return false;
    }
    add_listener(front, wanted, descriptor);
    union conf_socket bound = tcp_bound_address(descriptor); /* of port 0: the one that was free */
    tcp_address_text(&bound, address, sizeof address);
    log_info("-", "listening", log_words("tcp {address}"), log_text("address", address));
    return true;
}

static struct front_listener *find_listener(const struct front *front,
                                            const union conf_socket *address)
{
    struct front_listener *at = front->listeners;
    while (at && !conf_is_same_socket(&at->address, address))
        at = at->next;
    return at;
}

static void close_unwanted(struct front *front)
{
    for (struct front_listener **at = &front->listeners; *at;) {
        struct front_listener *listener = *at;
        if (listener->is_wanted) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        char address[64];
        union conf_socket bound = tcp_bound_address(listener->descriptor);
        tcp_address_text(&bound, address, sizeof address);
        log_info("-", "listening", log_words("no more: tcp {address}"),
                 log_text("address", address));
        close_listener(listener);
    }
}

/* Ends those that were opened since `before` was the first. */
static void take_back(struct front *front, const struct front_listener *before)
{
    while (front->listeners != before) {
        struct front_listener *listener = front->listeners;
        front->listeners = listener->next;
        close_listener(listener);
    }
}

bool front_listen(struct front *front, const struct conf *conf, FILE *complaints)
{
    struct front_listener *before = front->listeners;
    for (size_t i = 0; i < conf->listen_count; i++) {
        const union conf_socket *address = conf->listen[i].addresses.at;
        if (!find_listener(front, address) && !open_listener(front, address, complaints)) {
            take_back(front, before);
            return false;
        }
    }
    for (struct front_listener *at = front->listeners; at; at = at->next)
        at->is_wanted = false;
    for (size_t i = 0; i < conf->listen_count; i++)
        find_listener(front, conf->listen[i].addresses.at)->is_wanted = true;
    close_unwanted(front);
    return true;
}

bool front_open(struct front *front, struct agent *agent)
{
    char *why = NULL;
    size_t size = 0;
    *front = (struct front){.agent = agent};
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

static void try_again(struct arrival *arrival)
{
    arrival->is_waiting = false;
    uv_poll_start(&arrival->poll, UV_READABLE, on_readable);
    look(arrival);
}

void front_tick(struct front *front)
{
    uint64_t now = clock_now();
    uint64_t real = clock_real();
    if (front->is_paused && front->paused_until && real >= front->paused_until)
        set_listening(front, true);
    struct arrival *next;
    for (struct arrival *arrival = front->first; arrival; arrival = next) {
        next = arrival->next;
        if ((arrival->is_lingering ? real : now) < arrival->until) {
            if (arrival->is_waiting)
                try_again(arrival);
            continue;
        }
        if (!arrival->is_lingering)
            refuse(arrival, STATS_REFUSED_timeout, "no CER in time");
        end(arrival, false);
    }
}

void front_close(struct front *front)
{
    take_back(front, NULL);
    front->is_paused = false;
    while (front->first)
        end(front->first, false);
}
