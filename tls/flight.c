/* flight.c — the BIO of the DTLS handshake. */
#include "tls/flight.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <string.h>

enum { MTU = 16384 }; /* RFC 6083 §3.2 */

/* One read gives the whole record, as from a datagram. */
static int on_bio_read(BIO *bio, char *to, size_t room, size_t *size)
{
    struct tls_flight *flight = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *size = flight->lent_size < room ? flight->lent_size : room;
    if (*size == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(to, flight->lent, *size);
    flight->lent_size = 0;
    return 1;
}

static int on_bio_write(BIO *bio, const char *from, size_t size, size_t *written)
{
    struct tls_flight *flight = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *written = size;
    return tls_octets_put(&flight->unsent, from, size);
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return MTU;
    default:
        return 0;
    }
}

static BIO_METHOD *method;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "dtls flight");
    if (!method)
        return;
    BIO_meth_set_read_ex(method, on_bio_read);
    BIO_meth_set_write_ex(method, on_bio_write);
    BIO_meth_set_ctrl(method, on_bio_ctrl);
}

BIO *tls_flight_bio(struct tls_flight *flight)
{
    if (!CRYPTO_THREAD_run_once(&method_once, make_method) || !method)
        return NULL;
    BIO *bio = BIO_new(method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, flight);
    BIO_set_init(bio, 1);
    return bio;
}

/* Microseconds; more than any handshake is allowed to take. */
static unsigned int on_timer(SSL *ssl, unsigned int before)
{
    (void)ssl;
    (void)before;
    return UINT_MAX;
}

void tls_flight_calm(SSL *ssl)
{
    DTLS_set_timer_cb(ssl, on_timer);
    (void)SSL_set_mtu(ssl, MTU);
}
