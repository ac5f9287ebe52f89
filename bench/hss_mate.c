/* hss_mate.c — the connection to the mate: at its beginning everybody who has a server, then each
 * change. */
#include "bench/hss_station.h"

#include <sys/epoll.h>

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

enum { QUEUE_ENOUGH = 256 << 10 };

static void send_user(struct station *station, uint32_t index, bool first)
{
    struct link *link = &station->mate->link;
    uint8_t *to = link_room(link, HSS_MIRROR_ROOM);
    link_commit(link, hss_mirror_write(station->hss, index, first, to));
}

/* The first account goes in pieces, no faster than the mate takes it. */
static void on_mirror_timer(struct loop_timer *timer)
{
    struct station *station = OWNER(struct station, mirror_timer, timer);
    const struct hss_users *users = &station->hss->users;
    while (station->mirror_next < users->count && station->mate->link.state == LINK_OPEN) {
        if (link_queued(&station->mate->link) > QUEUE_ENOUGH) {
            loop_timer_at(&station->loop, timer, station->loop.now + LOOP_MS);
            return;
        }
        uint32_t index = station->mirror_next++;
        struct hss_user user = hss_user_read(users, index);
        if (user.server || user.pending)
            send_user(station, index, true);
    }
}

static void on_noted(struct loop_watch *watch, uint32_t events)
{
    struct station *station = OWNER(struct station, mirror_watch, watch);
    const uint32_t *indexes;
    (void)events;
    size_t count = hss_mirror_take(station->mirror, &indexes);
    for (size_t i = 0; i < count && station->mate->link.state == LINK_OPEN; i++)
        send_user(station, indexes[i], false);
}

static void attach(struct station_link *link)
{
    struct station *station = link->station;
    if (link->is_mate)
        return;
    link->is_mate = true;
    if (!hss_mirror_attach(station->mirror)) /* we send to him on another connection already */
        return;
    station->mate = link;
    station->mirror_next = 0;
    station->mirror_timer.fire = on_mirror_timer;
    station->mirror_watch =
        (struct loop_watch){.fd = station->mirror->wake, .events = EPOLLIN, .ready = on_noted};
    if (loop_watch(&station->loop, &station->mirror_watch) != 0)
        link_close(&link->link, "no room to watch the mirror");
    else
        loop_timer_at(&station->loop, &station->mirror_timer, station->loop.now);
}

void mate_opened(struct station_link *link)
{
    uint8_t *to = link_room(&link->link, HSS_MIRROR_ROOM);
    link_commit(&link->link, hss_mirror_hello(link->station->hss, to));
    attach(link);
}

void mate_message(struct station_link *link, dm_bytes message)
{
    attach(link);
    if (!hss_mirror_apply(link->station->hss, message))
        link_close(&link->link, "the mate speaks of users that are not ours");
}

void mate_closed(struct station_link *link)
{
    struct station *station = link->station;
    if (station->mate != link)
        return;
    loop_unwatch(&station->loop, &station->mirror_watch);
    loop_timer_stop(&station->loop, &station->mirror_timer);
    station->mate = NULL;
    hss_mirror_detach(station->mirror);
}
