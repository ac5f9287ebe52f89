/* link_kind.h — what carries the octets of links: tcp, tls, sctp or dtls. For link*.c.
 *
 * A stream hands on octets as they come and takes any of what is queued; an association hands on
 * and takes whole messages. `link->carrier` is the kind's own. All calls are of the loop's thread,
 * and none comes once the link is buried. */
#pragma once

#include <sys/types.h>

#include "bench/link.h"

struct link_kind {
    /* Both 0 or -errno. A dialled link is CONNECTING until the kind calls link_connected. */
    int (*dial)(struct link *link, const struct link_address *to);
    int (*adopt)(struct link *link, struct link_arrival arrival);
    /* The descriptor of link->watch; NULL: the kind has none. */
    void (*ready)(struct link *link, uint32_t events);
    /* Takes from the front of what is queued and says how much; 0: it cannot now, and posts
     * link->flush when it can. Or -errno, with more in link->why if it knows. */
    ssize_t (*write)(struct link *link, dm_bytes queued);
    /* After writing: shall it read on? */
    void (*wish)(struct link *link, bool reading);
    /* Lets go of everything. What was taken still leaves. */
    void (*bury)(struct link *link);
    /* Our addresses: how many. */
    size_t (*local)(const struct link *link, struct sockaddr_storage at[LINK_ADDRESSES_MAX]);
    /* Does the peer's certificate speak for others, and not for this host? NULL: it has none. */
    bool (*denies)(const struct link *link, dm_bytes host);
    /* Listens, sets `name`; 0 or -errno. */
    int (*listen)(struct link_listener *listener, struct link_net *net,
                  const struct link_address *address);
    void (*unlisten)(struct link_listener *listener);
};

extern const struct link_kind link_tcp, link_tls, link_sctp, link_dtls;

/* ---- link.c, for kinds ---- */

/* The transport is there: the CER goes. */
void link_connected(struct link *link);
/* Octets that came, as far as they have come. */
void link_take_octets(struct link *link, dm_bytes octets);
/* One message with its boundary. SCT-02. */
void link_take_message(struct link *link, dm_bytes message);
/* The other side has ended it. */
void link_ended(struct link *link);
/* Tells the kind whether to read. */
void link_wish(struct link *link);
/* Is there so much queued that nothing more is read? */
bool link_is_full(const struct link *link);

/* ---- link_tcp.c, for kinds that have a descriptor ---- */

int link_fd_dial(struct link *link, const struct link_address *to);
int link_fd_adopt(struct link *link, struct link_arrival arrival);
/* What became of connect(): 0 or -errno. */
int link_fd_connected(const struct link *link);
size_t link_fd_local(const struct link *link, struct sockaddr_storage at[LINK_ADDRESSES_MAX]);
int link_fd_listen(struct link_listener *listener, struct link_net *net,
                   const struct link_address *address);
void link_fd_unlisten(struct link_listener *listener);
