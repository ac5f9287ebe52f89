/* hss_mirror.h — two stand-in HSSs that know the same registrations, for failover between them.
 *
 * Whoever changes a user notes his number here; the thread that holds the connection to the mate
 * sends his state of that moment. What travels is a Diameter command of our own, 16777214 (RFC 6733
 * §11.2: for testing), over an ordinary link, without answers. A new connection begins with all
 * users that have a server, to be believed only where the mate knows nothing. */
#pragma once

#include "bench/hss.h"

enum { HSS_MIRROR_COMMAND = 16777214, HSS_MIRROR_ROOM = 4096 };

struct hss_mirror {
    pthread_mutex_t lock;
    _Atomic bool attached;  /* somebody sends what is noted */
    _Atomic uint8_t *noted; /* a user stands in `changed` at most once */
    uint32_t *changed, *taken;
    size_t count, users;
    int wake; /* an eventfd: readable when `changed` is not empty */
};

/* False with errno where there is no eventfd. */
bool hss_mirror_init(struct hss_mirror *mirror, size_t users);
void hss_mirror_fini(struct hss_mirror *mirror);

/* Any thread. The shape of hss.on_change. */
void hss_mirror_note(void *mirror, uint32_t index);
/* One thread at a time sends: false where another already does. */
bool hss_mirror_attach(struct hss_mirror *mirror);
void hss_mirror_detach(struct hss_mirror *mirror);
/* Takes what was noted: `*indexes` is good until the next call. Its sender's thread. */
size_t hss_mirror_take(struct hss_mirror *mirror, const uint32_t **indexes);

/* The message with which a dialler says that it is a mate, or with the state of a user. Return the
 * size, at most HSS_MIRROR_ROOM. `first`: to be believed only where nothing is known. */
size_t hss_mirror_hello(const struct hss *hss, uint8_t *to);
size_t hss_mirror_write(const struct hss *hss, uint32_t index, bool first, uint8_t *to);
/* Does what such a message says. False where it is malformed. */
bool hss_mirror_apply(struct hss *hss, dm_bytes message);
