/* carry.h — what carries the octets of one TLS session to the other. */
#pragma once

#include "tls/session.h"

/* All that one has to say goes to the other. Returns how much. */
static inline size_t carry(struct tls_session *from, struct tls_session *to)
{
    size_t size;
    const void *octets = tls_session_unsent(from, &size);
    if (size != 0) {
        (void)tls_session_feed(to, octets, size);
        tls_session_sent(from, size);
    }
    return size;
}
