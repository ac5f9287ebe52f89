/* core.c — an SSL from its birth through the handshake to its end. SEC-04, SEC-06. */
#include "tls/core.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls/context_private.h"
#include "tls/failure.h"

/* RFC 2253 form, with what is not ASCII escaped: it goes into a log. */
static void write_subject(struct tls_core *core, const X509 *certificate)
{
    BIO *text = BIO_new(BIO_s_mem());
    if (!text)
        return;
    (void)X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    int size = BIO_read(text, core->subject, (int)sizeof core->subject - 1);
    core->subject[size > 0 ? size : 0] = '\0';
    BIO_free(text);
}

/* Only listens: OpenSSL's judgement stands. */
static int on_verified(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_core *core = SSL_get_app_data(ssl);
    const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (!good && certificate)
        write_subject(core, certificate);
    return good;
}

/* A server always shows a certificate; a client of TLS_VERIFY_OPTIONAL may leave it. */
static int verify_mode(enum tls_verify verify, enum tls_side side)
{
    if (verify == TLS_VERIFY_NONE)
        return SSL_VERIFY_NONE;
    bool is_demanded = verify == TLS_VERIFY_REQUIRED && side == TLS_SERVER;
    return SSL_VERIFY_PEER | (is_demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
}

/* RFC 6066 §3: a host name, no address. */
static bool is_host_name(const char *peer)
{
    struct in6_addr address;
    return inet_pton(AF_INET, peer, &address) != 1 && inet_pton(AF_INET6, peer, &address) != 1 &&
           strlen(peer) <= TLSEXT_MAXLEN_host_name;
}

static bool be_client(struct tls_core *core, const char *peer)
{
    SSL_set_connect_state(core->ssl);
    if (!peer)
        return true;
    core->peer = strdup(peer);
    if (!core->peer || (is_host_name(peer) && !SSL_set_tlsext_host_name(core->ssl, peer)))
        return false;
    SSL_SESSION *session = tls_resume_take(core->context->resume, peer);
    if (session)
        (void)SSL_set_session(core->ssl, session); /* else a full handshake */
    SSL_SESSION_free(session);
    return true;
}

bool tls_core_init(struct tls_core *core, struct tls_context *context, SSL_CTX *ctx,
                   enum tls_side side, const char *peer, BIO *bio)
{
    *core = (struct tls_core){.context = tls_context_ref(context), .ssl = SSL_new(ctx)};
    if (!core->ssl || !bio) {
        BIO_free(bio);
        return false;
    }
    SSL_set_bio(core->ssl, bio, bio);
    (void)SSL_set_app_data(core->ssl, core);
    SSL_set_verify(core->ssl, verify_mode(context->verify, side), on_verified);
    if (side == TLS_CLIENT)
        return be_client(core, peer);
    SSL_set_accept_state(core->ssl);
    return true;
}

/* An SSL that is freed without having said or heard close_notify takes its session with it. A
 * connection that broke is no reason not to resume. */
void tls_core_fini(struct tls_core *core)
{
    if (core->ssl && tls_core_is_over_handshake(core))
        SSL_set_shutdown(core->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(core->ssl);
    free(core->peer);
    tls_context_unref(core->context);
}

static int64_t end_of(const X509 *certificate)
{
    struct tm broken;
    if (!certificate || !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken))
        return 0;
    return timegm(&broken);
}

/* Resuming examines no certificate: at least its time must not be over. */
static void note_peer(struct tls_core *core)
{
    const X509 *certificate = SSL_get0_peer_certificate(core->ssl);
    core->expires = end_of(certificate);
    if (certificate && core->context->verify != TLS_VERIFY_NONE &&
        X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        tls_core_fail(core, TLS_REASON_EXPIRED);
}

bool tls_core_shake(struct tls_core *core)
{
    if (core->state != TLS_HANDSHAKING)
        return core->state != TLS_FAILED;
    ERR_clear_error();
    int result = SSL_do_handshake(core->ssl);
    if (result == 1) {
        core->state = TLS_OPEN;
        note_peer(core);
    } else {
        tls_core_stopped(core, result);
    }
    return core->state != TLS_FAILED;
}

/* Once we have said close_notify OpenSSL takes handshake messages (tickets, key updates) for the
 * end. */
static bool is_heard_out(const struct tls_core *core, int error)
{
    return error == SSL_ERROR_ZERO_RETURN || (core->is_shut && error == SSL_ERROR_SYSCALL);
}

void tls_core_stopped(struct tls_core *core, int result)
{
    int error = SSL_get_error(core->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        return;
    if (is_heard_out(core, error)) {
        core->state = TLS_CLOSED;
        return;
    }
    const char *detail = NULL;
    enum tls_reason reason = tls_failure_find(core->ssl, &detail);
    tls_core_fail_with(core, reason, *core->subject ? core->subject : detail);
}

void tls_core_fail_with(struct tls_core *core, enum tls_reason reason, const char *detail)
{
    if (core->state == TLS_FAILED)
        return;
    core->state = TLS_FAILED;
    core->reason = reason;
    (void)snprintf(core->why, sizeof core->why, detail ? "%s (%s)" : "%s", tls_reason_text(reason),
                   detail);
}

void tls_core_fail(struct tls_core *core, enum tls_reason reason)
{
    tls_core_fail_with(core, reason, NULL);
}
