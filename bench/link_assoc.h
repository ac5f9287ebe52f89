/* link_assoc.h — what links over SCTP and over DTLS/SCTP share: an association and its events. For
 * link_assoc.c, link_sctp.c and link_dtls.c. */
#pragma once

#include "agent/sctp/assoc.h"
#include "bench/link_kind.h"
#include "bench/link_net.h"

/* The user of an association, as the net finds it: a link's or a listener's. */
struct link_woken {
    void (*woken)(struct link_woken *woken);
};

struct tls_dtls;
struct link_assoc_kind;

struct link_assoc {
    struct link_woken head;
    const struct link_assoc_kind *kind;
    struct link *link;
    struct assoc *assoc;
    struct loop_task again; /* reads on after it has stopped */
    bool is_dialler;
    bool is_stopped; /* reads nothing, for too much is queued */
    bool is_proven; /* the other side has said something after the capabilities: RFC 6733 §2.1.1 */

    /* Of DTLS. */
    struct tls_dtls *dtls;
    bool is_authenticated; /* its packets are */
    bool has_key;          /* the association has the new key */
    bool awaits_dry, is_dry;
    bool is_secure; /* the handshake is done, the old key is gone */
};

static inline struct link_assoc *link_assoc_of(const struct link *link)
{
    return link->carrier;
}

/* What differs. */
struct link_assoc_kind {
    bool is_authenticated; /* the association, as DTLS demands */
    uint32_t ppid;
    uint32_t message_limit;
    void (*up)(struct link *link);
    void (*message)(struct link *link, const struct assoc_event *event);
    void (*woken)(struct link *link); /* all that came was taken; there may be room again */
    void (*dry)(struct link *link);   /* all that was sent has arrived */
};

int link_assoc_dial(struct link *link, const struct link_address *to,
                    const struct link_assoc_kind *kind);
int link_assoc_adopt(struct link *link, struct link_arrival arrival,
                     const struct link_assoc_kind *kind);
void link_assoc_wish(struct link *link, bool reading);
void link_assoc_bury(struct link *link);
size_t link_assoc_local(const struct link *link, struct sockaddr_storage at[LINK_ADDRESSES_MAX]);
int link_assoc_listen(struct link_listener *listener, struct link_net *net,
                      const struct link_address *address, const struct link_assoc_kind *kind);
void link_assoc_unlisten(struct link_listener *listener);

/* How a Diameter message goes: ordered on stream 0 until the other side must have opened, then
 * unordered. SCT-04, SCT-05. */
struct assoc_manner link_assoc_manner(const struct link *link);
/* 0; -EAGAIN: not now, or never since it is over, which the next reading says, behind what came
 * before that; -EMSGSIZE. */
int link_assoc_send(struct link *link, const uint8_t *octets, size_t size,
                    struct assoc_manner manner);
/* The other side has sent this message: it may know that we are open. */
void link_assoc_take(struct link *link, dm_bytes message);
