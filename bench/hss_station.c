/* hss_station.c — connections come and go, requests are answered at once or after a while. */
#include "bench/hss_station.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proto/base.h"

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

static struct station_link *link_of(struct link *link)
{
    return OWNER(struct station_link, link, link);
}

/* ---- slots ---- */

static uint32_t free_slot(struct station *station)
{
    for (uint32_t i = 0; i < station->slot_count; i++)
        if (!station->slots[i].link)
            return i;
    uint32_t count = station->slot_count ? 2 * station->slot_count : 16;
    station->slots = realloc(station->slots, count * sizeof(*station->slots));
    if (!station->slots)
        abort();
    memset(station->slots + station->slot_count, 0,
           (count - station->slot_count) * sizeof(*station->slots));
    uint32_t slot = station->slot_count;
    station->slot_count = count;
    return slot;
}

static struct station_link *link_new(struct station *station)
{
    struct station_link *link = calloc(1, sizeof(*link));
    if (!link)
        abort();
    link->station = station;
    link->slot = free_slot(station);
    station->slots[link->slot].link = link;
    station->open_links++;
    return link;
}

struct station_link *station_find(struct station *station, struct hss_whither whither)
{
    if (whither.slot >= station->slot_count)
        return NULL;
    struct station_slot *slot = &station->slots[whither.slot];
    bool same = slot->link && slot->generation == whither.generation;
    return same && slot->link->link.state == LINK_OPEN ? slot->link : NULL;
}

struct hss_whither station_whither(const struct station_link *link)
{
    return (struct hss_whither){link->slot, link->station->slots[link->slot].generation};
}

/* ---- answers ---- */

static void plan_delay(struct station *station)
{
    if (station->delay.count)
        loop_timer_at(&station->loop, &station->delay_timer, hss_delay_next(&station->delay));
}

static void on_delay(struct loop_timer *timer)
{
    struct station *station = OWNER(struct station, delay_timer, timer);
    while (hss_delay_next(&station->delay) <= station->loop.now) {
        struct hss_delayed answer = hss_delay_take(&station->delay);
        struct station_link *link = station_find(station, answer.whither);
        if (link)
            link_send(&link->link, dm_bytes_of(answer.octets, answer.size));
        free(answer.octets);
    }
    plan_delay(station);
}

static uint64_t draw_delay(struct station *station)
{
    const struct hss_options *options = station->options;
    uint64_t span = options->delay_most - options->delay_least;
    return options->delay_least + (span ? hss_random(&station->worker) % (span + 1) : 0);
}

static void answer_later(struct station_link *link, const struct dm_header *header,
                         dm_bytes message)
{
    struct station *station = link->station;
    uint8_t *octets = malloc(hss_answer_room(message.size));
    size_t size = octets ? hss_answer(&station->worker, header, message, octets) : 0;
    struct hss_delayed answer = {.due = station->loop.now + draw_delay(station),
                                 .whither = station_whither(link),
                                 .octets = size ? realloc(octets, size) : NULL,
                                 .size = size};
    if (size == 0) {
        free(octets);
    } else if (!answer.octets || !hss_delay_add(&station->delay, answer)) {
        free(answer.octets ? answer.octets : octets);
        station->worker.counts.silent++; /* too many wait */
    }
    plan_delay(station);
}

static void answer_now(struct station_link *link, const struct dm_header *header, dm_bytes message)
{
    uint8_t *to = link_room(&link->link, hss_answer_room(message.size));
    size_t size = hss_answer(&link->station->worker, header, message, to);
    if (size)
        link_commit(&link->link, size);
}

/* ---- events of a connection ---- */

static void on_open(struct link *opened)
{
    struct station_link *link = link_of(opened);
    if (link->dialler)
        link->dialler->complained = false;
    if (link->dialler && link->dialler->to_mate)
        mate_opened(link);
}

static void on_message(struct link *from, const struct dm_header *header, dm_bytes message)
{
    struct station_link *link = link_of(from);
    struct station *station = link->station;
    if (!dm_header_is_request(header)) {
        push_answered(station, header, message);
        return;
    }
    if (header->command == HSS_MIRROR_COMMAND) {
        mate_message(link, message);
        return;
    }
    if (station->pusher.kind)
        push_learn(link, header, message);
    if (station->options->delay_most)
        answer_later(link, header, message);
    else
        answer_now(link, header, message);
}

static void complain(struct station_dialler *dialler, const char *why)
{
    if (!dialler->complained && !dialler->station->ending)
        fprintf(stderr, "antipode-hss: %s: %s; trying again every second\n", dialler->address->text,
                why);
    dialler->complained = true;
}

static void on_closed(struct link *closed, const char *why)
{
    struct station_link *link = link_of(closed);
    struct station *station = link->station;
    struct station_dialler *dialler = link->dialler;
    mate_closed(link);
    station->slots[link->slot].link = NULL;
    station->slots[link->slot].generation++;
    station->open_links--;
    if (dialler && !station->ending)
        loop_timer_at(&station->loop, &dialler->again, station->loop.now + LOOP_SECOND);
    if (dialler)
        complain(dialler, why);
    free(link);
    if (station->ending && station->open_links == 0)
        loop_stop(&station->loop);
}

void station_accept(struct station *station, struct link_arrival arrival)
{
    if (station->ending) {
        link_turn_away(arrival);
        return;
    }
    struct station_link *link = link_new(station);
    link_accept(&link->link, &station->loop, &station->setup, &station->hss->self, arrival);
}

static void on_again(struct loop_timer *timer)
{
    struct station_dialler *dialler = OWNER(struct station_dialler, again, timer);
    station_dial(dialler->station, dialler);
}

void station_dial(struct station *station, struct station_dialler *dialler)
{
    dialler->station = station;
    dialler->again.fire = on_again;
    if (station->ending)
        return;
    struct station_link *link = link_new(station);
    link->dialler = dialler;
    link_connect(&link->link, &station->loop, &station->setup, &station->hss->self,
                 dialler->address);
}

/* ---- mail from the first station ---- */

static bool is_end(struct link_arrival arrival)
{
    return arrival.fd < 0 && !arrival.assoc;
}

void station_mail(struct station *station, struct link_arrival arrival)
{
    ssize_t written = write(station->mail_out, &arrival, sizeof(arrival));
    if (written != sizeof(arrival))
        link_turn_away(arrival);
}

static void on_mail(struct loop_watch *watch, uint32_t events)
{
    struct station *station = OWNER(struct station, mail, watch);
    (void)events;
    for (struct link_arrival arrival;
         read(watch->fd, &arrival, sizeof(arrival)) == sizeof(arrival);) {
        if (is_end(arrival))
            station_end(station);
        else
            station_accept(station, arrival);
    }
}

/* ---- life ---- */

static void on_patience(struct loop_timer *timer)
{
    struct station *station = OWNER(struct station, patience, timer);
    for (uint32_t i = 0; i < station->slot_count; i++)
        if (station->slots[i].link)
            link_close(&station->slots[i].link->link, "no DPA");
}

void station_end(struct station *station)
{
    if (station->ending)
        return;
    station->ending = true;
    loop_timer_stop(&station->loop, &station->pusher.timer);
    if (station->open_links == 0) {
        loop_stop(&station->loop);
        return;
    }
    loop_timer_at(&station->loop, &station->patience, loop_clock() + 2 * LOOP_SECOND);
    for (uint32_t i = 0; i < station->slot_count; i++)
        if (station->slots[i].link)
            link_disconnect(&station->slots[i].link->link, DM_REBOOTING);
}

static int open_mail(struct station *station)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    station->mail_out = ends[1];
    station->mail = (struct loop_watch){.fd = ends[0], .events = EPOLLIN, .ready = on_mail};
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return loop_watch(&station->loop, &station->mail);
}

int station_init(struct station *station, const struct hss_options *options, struct hss *hss,
                 struct hss_mirror *mirror, const struct link_carrier *carrier, uint32_t number)
{
    *station = (struct station){.options = options, .hss = hss, .mirror = mirror};
    station->setup.net = &station->net;
    station->setup.events = (struct link_events){on_open, on_message, on_closed};
    dm_applications_add(&station->setup.applications, SIP_APPLICATION);
    dm_applications_add(&station->setup.applications, CX_APPLICATION);
    station->delay_timer.fire = on_delay;
    station->patience.fire = on_patience;
    if (!hss_worker_init(&station->worker, hss, number))
        return -ENOTSUP;
    int failed = loop_init(&station->loop);
    if (!failed)
        failed = link_net_open(&station->net, &station->loop, carrier);
    if (failed)
        return failed;
    push_init(station);
    return open_mail(station);
}

void station_fini(struct station *station)
{
    assert(station->open_links == 0);
    close(station->mail.fd);
    close(station->mail_out);
    hss_delay_fini(&station->delay);
    hss_worker_fini(&station->worker);
    link_net_close(&station->net);
    loop_fini(&station->loop);
    free(station->slots);
}
