/* hss_users.c — the words, and the H(A1)s beside them.
 *
 *     63      62    60 59    40 39     20 19     0
 *     registered  0    host     pending   server */
#include "bench/hss_users.h"

#include <assert.h>
#include <stdlib.h>

#include "bench/names.h"

enum { NUMBER_BITS = 20 };

static_assert(HSS_TEXT_SLOTS < 1 << NUMBER_BITS, "a text's number fits the word");

static uint64_t pack(struct hss_user user)
{
    return (uint64_t)user.server | (uint64_t)user.pending << NUMBER_BITS |
           (uint64_t)user.host << 2 * NUMBER_BITS | (uint64_t)user.registered << 63;
}

static struct hss_user unpack(uint64_t word)
{
    const uint64_t mask = (1 << NUMBER_BITS) - 1;
    return (struct hss_user){.server = (uint32_t)(word & mask),
                             .pending = (uint32_t)(word >> NUMBER_BITS & mask),
                             .host = (uint32_t)(word >> 2 * NUMBER_BITS & mask),
                             .registered = word >> 63};
}

void hss_users_init(struct hss_users *users, uint32_t count, dm_bytes realm)
{
    *users = (struct hss_users){.count = count, .realm = realm};
    users->words = calloc(count ? count : 1, sizeof(*users->words));
    users->secrets = calloc(count ? count : 1, sizeof(*users->secrets));
    if (!users->words || !users->secrets)
        abort();
}

void hss_users_fini(struct hss_users *users)
{
    free(users->words);
    free(users->secrets);
}

void hss_users_register_all(struct hss_users *users, uint32_t server)
{
    uint64_t word = pack((struct hss_user){.server = server, .registered = true});
    for (uint32_t i = 0; i < users->count; i++)
        atomic_store_explicit(&users->words[i], word, memory_order_relaxed);
}

uint64_t hss_users_registered(const struct hss_users *users)
{
    uint64_t registered = 0;
    for (uint32_t i = 0; i < users->count; i++)
        registered += hss_user_read(users, i).registered;
    return registered;
}

struct hss_user hss_user_read(const struct hss_users *users, uint32_t index)
{
    return unpack(atomic_load_explicit(&users->words[index], memory_order_relaxed));
}

bool hss_user_equal(struct hss_user a, struct hss_user b)
{
    return pack(a) == pack(b);
}

bool hss_user_write(struct hss_users *users, uint32_t index, struct hss_user *was,
                    struct hss_user to)
{
    uint64_t expected = pack(*was), wanted = pack(to);
    if (expected == wanted) /* most requests repeat what is known */
        return true;
    if (atomic_compare_exchange_strong_explicit(&users->words[index], &expected, wanted,
                                                memory_order_relaxed, memory_order_relaxed))
        return true;
    *was = unpack(expected);
    return false;
}

static void compute_ha1(const struct hss_users *users, uint32_t index, struct digest *digest,
                        char to[DIGEST_HEX])
{
    char name[NAME_SIZE_MAX], secret[NAME_SIZE_MAX];
    size_t name_size = name_user(name, index, users->realm);
    size_t secret_size = name_secret(secret, index);
    digest_ha1(digest, dm_bytes_of(name, name_size), users->realm, dm_bytes_of(secret, secret_size),
               to);
}

void hss_user_ha1(struct hss_users *users, uint32_t index, struct digest *digest,
                  char to[DIGEST_HEX])
{
    struct hss_secret *secret = &users->secrets[index];
    if (atomic_load_explicit(&secret->made, memory_order_acquire) == 2) {
        memcpy(to, secret->ha1, DIGEST_HEX);
        return;
    }
    compute_ha1(users, index, digest, to);
    uint8_t none = 0;
    if (!atomic_compare_exchange_strong(&secret->made, &none, 1))
        return; /* another thread keeps it */
    memcpy(secret->ha1, to, DIGEST_HEX);
    atomic_store_explicit(&secret->made, 2, memory_order_release);
}
