/* hss_users.h — what a stand-in HSS knows of each user: which SIP server serves him, and whether he
 * is registered.
 *
 * A user is one 64-bit word in a dense array, changed by compare and swap, so any thread may serve
 * any user. The rules by which the words change are pure functions in hss_registrar.h. */
#pragma once

#include <stdatomic.h>

#include "bench/digest.h"
#include "bench/hss_texts.h"

/* Numbers are of hss_texts; 0: none. */
struct hss_user {
    uint32_t server;  /* serves the user, registered or not */
    uint32_t pending; /* asked for a challenge: "authentication pending", RFC 4740 §8.8 */
    uint32_t host;    /* Origin-Host of the Diameter client that set one of them */
    bool registered;
};

struct hss_secret {
    _Atomic uint8_t made; /* 0: no, 1: somebody is at it, 2: `ha1` is good */
    char ha1[DIGEST_HEX];
};

struct hss_users {
    uint32_t count;
    dm_bytes realm; /* behind the @ */
    _Atomic uint64_t *words;
    struct hss_secret *secrets;
};

/* `realm` must live as long as the users. */
void hss_users_init(struct hss_users *users, uint32_t count, dm_bytes realm);
void hss_users_fini(struct hss_users *users);
/* Registers everybody at this server. */
void hss_users_register_all(struct hss_users *users, uint32_t server);
uint64_t hss_users_registered(const struct hss_users *users);

struct hss_user hss_user_read(const struct hss_users *users, uint32_t index);
/* Writes `to` if the user is still as he `was`; else reads him again into `was`. */
bool hss_user_write(struct hss_users *users, uint32_t index, struct hss_user *was,
                    struct hss_user to);

bool hss_user_equal(struct hss_user a, struct hss_user b);

/* H(A1) of this user, computed once. */
void hss_user_ha1(struct hss_users *users, uint32_t index, struct digest *digest,
                  char to[DIGEST_HEX]);
