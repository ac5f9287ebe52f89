/* Two sessions joined in memory, with certificates made for the test; and an OpenSSL of a foreign
 * kind as the other side, for what ours does not do. */
#pragma once

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tests/certificates/carry.h"
#include "tests/certificates/certificates.h"
#include "tls/identity.h"
#include "tls/session.h"

static struct certificates certificates;

static void make_certificates(void)
{
    certificates_usual(&certificates);
}

static void remove_certificates(void)
{
    certificates_close(&certificates);
}

/* The files of `name`, which trusts "ca" and takes TLS 1.2. */
static inline struct tls_options options_of(const char *name)
{
    char certificate[64];
    char key[64];
    (void)snprintf(certificate, sizeof certificate, "%s.pem", name);
    (void)snprintf(key, sizeof key, "%s.key", name);
    return (struct tls_options){.certificate = certificates_path(&certificates, certificate),
                                .private_key = certificates_path(&certificates, key),
                                .ca = certificates_path(&certificates, "ca.pem"),
                                .minimum_version = TLS_VERSION_1_2};
}

static inline struct tls_context *context_with(const struct tls_options *options)
{
    char why[TLS_WHY_SIZE] = "";
    struct tls_context *context = tls_context_new(options, why);
    cr_assert(context, "%s", why);
    return context;
}

static inline struct tls_context *context_of(const char *name)
{
    struct tls_options options = options_of(name);
    return context_with(&options);
}

/* --- our own on both sides --- */

struct pair {
    struct tls_session *client;
    struct tls_session *server;
};

/* Sessions hold their contexts. */
static inline struct pair pair_of(struct tls_context *client, struct tls_context *server)
{
    struct pair pair = {tls_session_new(client, TLS_CLIENT, "agent.example.net"),
                        tls_session_new(server, TLS_SERVER, NULL)};
    cr_assert(pair.client && pair.server);
    return pair;
}

static inline void pair_free(struct pair *pair)
{
    tls_session_free(pair->client);
    tls_session_free(pair->server);
}

/* Until nobody says anything any more. */
static inline void shake(struct pair *pair)
{
    (void)tls_session_feed(pair->client, NULL, 0);
    while (carry(pair->client, pair->server) + carry(pair->server, pair->client) != 0)
        ;
}

static inline struct pair open_pair(void)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    struct pair pair = pair_of(client, server);
    tls_context_unref(client);
    tls_context_unref(server);
    shake(&pair);
    cr_assert_eq(tls_session_state(pair.client), TLS_OPEN, "%s", tls_session_why(pair.client));
    cr_assert_eq(tls_session_state(pair.server), TLS_OPEN, "%s", tls_session_why(pair.server));
    return pair;
}

static inline size_t say(struct tls_session *session, const char *text)
{
    struct iovec piece = {(char *)text, strlen(text)};
    return tls_session_write(session, &piece, 1);
}

/* What has been carried to it, as a text; one at a time. */
static inline const char *heard(struct tls_session *session)
{
    static char text[4096];
    size_t size = tls_session_read(session, NULL, 0, text, sizeof text - 1);
    text[size] = '\0';
    return text;
}

/* --- a foreigner: an OpenSSL with a configuration of its own --- */

struct foreigner {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static inline struct foreigner foreigner_of(const SSL_METHOD *method, const char *name)
{
    struct foreigner it = {.ctx = SSL_CTX_new(method)};
    char file[64];
    SSL_CTX_set_security_level(it.ctx, 0);
    SSL_CTX_set_min_proto_version(it.ctx, 0);
    if (name) {
        (void)snprintf(file, sizeof file, "%s.pem", name);
        cr_assert(SSL_CTX_use_certificate_file(it.ctx, certificates_path(&certificates, file),
                                               SSL_FILETYPE_PEM));
        (void)snprintf(file, sizeof file, "%s.key", name);
        cr_assert(SSL_CTX_use_PrivateKey_file(it.ctx, certificates_path(&certificates, file),
                                              SSL_FILETYPE_PEM));
    }
    return it;
}

static inline void foreigner_begin(struct foreigner *it)
{
    it->ssl = SSL_new(it->ctx);
    it->in = BIO_new(BIO_s_mem());
    it->out = BIO_new(BIO_s_mem());
    SSL_set_bio(it->ssl, it->in, it->out);
}

static inline void foreigner_end(struct foreigner *it)
{
    SSL_free(it->ssl);
    SSL_CTX_free(it->ctx);
}

static inline size_t foreigner_hears(struct foreigner *it, struct tls_session *session)
{
    size_t size;
    const void *octets = tls_session_unsent(session, &size);
    if (size != 0) {
        BIO_write(it->in, octets, (int)size);
        tls_session_sent(session, size);
    }
    return size;
}

static inline size_t foreigner_says(struct foreigner *it, struct tls_session *session)
{
    char room[65536];
    int size = BIO_read(it->out, room, sizeof room);
    if (size > 0)
        (void)tls_session_feed(session, room, (size_t)size);
    return size > 0 ? (size_t)size : 0;
}

/* Shakes hands with ours until nobody says anything any more; `shake` is SSL_connect or SSL_accept.
 */
static inline void foreigner_meets(struct foreigner *it, struct tls_session *session,
                                   int (*greet)(SSL *))
{
    size_t said = 1;
    (void)tls_session_feed(session, NULL, 0);
    while (said != 0) {
        size_t heard_now = foreigner_hears(it, session);
        (void)greet(it->ssl);
        said = foreigner_says(it, session) + heard_now;
    }
}
