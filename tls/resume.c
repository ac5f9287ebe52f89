/* resume.c — sessions by the name of the peer: buckets of a few, the newest first. */
#include "tls/resume.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RESUME_BUCKETS = 256, RESUME_DEPTH = 16 };

struct entry {
    struct entry *next;
    SSL_SESSION *session;
    char peer[];
};

struct tls_resume {
    CRYPTO_RWLOCK *lock;
    struct entry *buckets[RESUME_BUCKETS];
};

struct tls_resume *tls_resume_new(void)
{
    struct tls_resume *resume = calloc(1, sizeof *resume);
    if (!resume)
        return NULL;
    resume->lock = CRYPTO_THREAD_lock_new();
    if (resume->lock)
        return resume;
    free(resume);
    return NULL;
}

static void entry_free(struct entry *entry)
{
    if (!entry)
        return;
    SSL_SESSION_free(entry->session);
    free(entry);
}

void tls_resume_free(struct tls_resume *resume)
{
    if (!resume)
        return;
    for (size_t i = 0; i < RESUME_BUCKETS; i++) {
        while (resume->buckets[i]) {
            struct entry *entry = resume->buckets[i];
            resume->buckets[i] = entry->next;
            entry_free(entry);
        }
    }
    CRYPTO_THREAD_lock_free(resume->lock);
    free(resume);
}

/* FNV-1a. */
static struct entry **bucket_of(struct tls_resume *resume, const char *peer)
{
    uint32_t hash = 2166136261U;
    for (const char *c = peer; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    return &resume->buckets[hash % RESUME_BUCKETS];
}

/* Takes the peer's entry out of the bucket, or else one that lies too deep; NULL: neither is there.
 */
static struct entry *unlink_entry(struct entry **at, const char *peer, size_t depth)
{
    for (size_t i = 0; *at; at = &(*at)->next, i++) {
        if (strcmp((*at)->peer, peer) == 0 || i >= depth) {
            struct entry *found = *at;
            *at = found->next;
            return found;
        }
    }
    return NULL;
}

static struct entry *entry_new(const char *peer, SSL_SESSION *session)
{
    size_t size = strlen(peer) + 1;
    struct entry *entry = malloc(sizeof *entry + size);
    if (!entry)
        return NULL;
    entry->session = session;
    memcpy(entry->peer, peer, size);
    return entry;
}

void tls_resume_put(struct tls_resume *resume, const char *peer, SSL_SESSION *session)
{
    struct entry *entry = entry_new(peer, session);
    if (!entry || !CRYPTO_THREAD_write_lock(resume->lock)) {
        SSL_SESSION_free(session);
        free(entry);
        return;
    }
    struct entry **bucket = bucket_of(resume, peer);
    struct entry *old = unlink_entry(bucket, peer, RESUME_DEPTH - 1);
    entry->next = *bucket;
    *bucket = entry;
    (void)CRYPTO_THREAD_unlock(resume->lock);
    entry_free(old);
}

SSL_SESSION *tls_resume_take(struct tls_resume *resume, const char *peer)
{
    if (!CRYPTO_THREAD_write_lock(resume->lock))
        return NULL;
    struct entry *entry = unlink_entry(bucket_of(resume, peer), peer, SIZE_MAX);
    (void)CRYPTO_THREAD_unlock(resume->lock);
    if (!entry)
        return NULL;
    SSL_SESSION *session = entry->session;
    free(entry);
    return session;
}
