/* flight.h — OpenSSL's DTLS handshake over messages: a BIO that hands it one record at a time, and
 * gathers its records. Of the folder.
 *
 * OpenSSL writes several records at once, and through a buffer that may end in the midst of one:
 * what is gathered is cut by the records' heads. */
#pragma once

#include <openssl/ssl.h>

#include "tls/octets.h"

struct tls_flight {
    const uint8_t *lent; /* the record that came, for the time of a call */
    size_t lent_size;
    struct tls_octets unsent; /* whole records, at the end of a call */
};

/* The flight must outlive it. NULL: no memory. */
BIO *tls_flight_bio(struct tls_flight *flight);

/* What of OpenSSL's DTLS is for unreliable transports is taken from this SSL: timers, and the
 * search for an MTU. RFC 6083 §3.2, §3.4, §3.5. */
void tls_flight_calm(SSL *ssl);
