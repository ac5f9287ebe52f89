/* context.c — how channels are set up: versions, ciphers, whom we trust, what may be resumed.
 *
 * The files are read in context_files.c. All that is set here holds for both sides and for TLS and
 * DTLS but where it says so; whatever the system's openssl.cnf sets is overridden. */
#include "tls/context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls/context_private.h"
#include "tls/core.h"

enum {
    SECURITY_LEVEL = 2,       /* 112 bits: RSA and DH from 2048, curves from 224 */
    SESSION_SECONDS = 3600,   /* how long a session may be resumed */
    CERTIFICATES_MAX = 65536, /* octets of a chain that a stranger may send */
};

/* SEC-08: AEAD with ephemeral keys. Those of TLS 1.3 are so all. */
static const char CIPHERS[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char SUITES[] =
    "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
static const char GROUPS[] = "X25519:P-256:P-384";

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_core *core = SSL_get_app_data(ssl);
    if (!core->peer)
        return 0;
    tls_resume_put(core->context->resume, core->peer, session);
    return 1;
}

/* Tickets work without the server's cache, which is off; the client's sessions are kept in
 * resume.c. */
static bool set_up_resuming(SSL_CTX *ctx)
{
    static const unsigned char name[] = "antipode";
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_new_session);
    SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
    return SSL_CTX_set_num_tickets(ctx, 1) &&
           SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1);
}

static bool set_up(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATES_MAX);
    SSL_CTX_set_read_ahead(ctx, 1);
    return SSL_CTX_set_cipher_list(ctx, CIPHERS) && SSL_CTX_set1_groups_list(ctx, GROUPS) &&
           set_up_resuming(ctx);
}

static bool set_up_stream(SSL_CTX *ctx, uint16_t minimum_version)
{
    return set_up(ctx) && SSL_CTX_set_ciphersuites(ctx, SUITES) &&
           SSL_CTX_set_min_proto_version(ctx, minimum_version) &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
}

/* RFC 6083 has no resumption of its own rule for the keys of SCTP-AUTH; an association lives long.
 */
static bool set_up_message(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
    return set_up(ctx) && SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION);
}

static void context_free(struct tls_context *context)
{
    SSL_CTX_free(context->stream);
    SSL_CTX_free(context->message);
    tls_resume_free(context->resume);
    for (size_t i = 0; i < context->file_count; i++)
        free((char *)context->files[i].path);
    free(context);
}

static struct tls_context *context_new(const struct tls_options *options)
{
    struct tls_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    atomic_init(&context->holders, 1);
    context->verify = options->verify;
    context->stream = SSL_CTX_new(TLS_method());
    context->message = SSL_CTX_new(DTLS_method());
    context->resume = tls_resume_new();
    if (context->stream && context->message && context->resume &&
        set_up_stream(context->stream, options->minimum_version) &&
        set_up_message(context->message))
        return context;
    context_free(context);
    return NULL;
}

struct tls_context *tls_context_new(const struct tls_options *options, char why[TLS_WHY_SIZE])
{
    ERR_clear_error();
    struct tls_context *context = context_new(options);
    if (!context) {
        (void)snprintf(why, TLS_WHY_SIZE, "OpenSSL: %s",
                       ERR_reason_error_string(ERR_peek_last_error()));
        return NULL;
    }
    if (tls_context_read(context, options, why))
        return context;
    context_free(context);
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add_explicit(&context->holders, 1, memory_order_relaxed);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (context && atomic_fetch_sub_explicit(&context->holders, 1, memory_order_acq_rel) == 1)
        context_free(context);
}

size_t tls_context_files(const struct tls_context *context, const struct tls_file **files)
{
    *files = context->files;
    return context->file_count;
}

enum tls_verify tls_context_verify(const struct tls_context *context)
{
    return context->verify;
}

const char *tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
