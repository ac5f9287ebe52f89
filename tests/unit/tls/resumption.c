/* Sessions that are resumed, and those that may not be. Tickets end with their context. */
#include <time.h>

#include "tests/unit/tls/pair.h"
#include "tls/resume.h"

/* The clock of this program, OpenSSL's, too. */
static time_t ahead;

time_t time(time_t *at)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec + ahead;
    return now.tv_sec + ahead;
}

TestSuite(resumption, .init = make_certificates, .fini = remove_certificates);

/* Opens, reads what comes with it (tickets), and ends: is the session a resumed one? */
static bool is_resumed(struct tls_context *client, struct tls_context *server)
{
    struct pair pair = pair_of(client, server);
    shake(&pair);
    (void)heard(pair.client);
    cr_assert_eq(tls_session_state(pair.server), TLS_OPEN, "%s", tls_session_why(pair.server));
    bool resumed = tls_session_is_resumed(pair.client);
    cr_assert_eq(tls_session_is_resumed(pair.server), resumed);
    pair_free(&pair);
    return resumed;
}

static void twice(uint16_t version)
{
    struct tls_options options = options_of("agent");
    struct tls_context *server = context_with(&options);
    options = options_of("peer");
    options.minimum_version = version;
    struct tls_context *client = context_with(&options);
    cr_assert_not(is_resumed(client, server));
    cr_assert(is_resumed(client, server));
    cr_assert(is_resumed(client, server));
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, of_TLS_1_3)
{
    twice(TLS_VERSION_1_3);
}

Test(resumption, of_TLS_1_2)
{
    struct tls_context *context = context_of("agent");
    SSL_SESSION *first = NULL;
    for (int i = 0; i < 2; i++) {
        struct tls_session *session = tls_session_new(context, TLS_SERVER, NULL);
        struct foreigner it = foreigner_of(TLS_client_method(), "peer");
        SSL_CTX_set_max_proto_version(it.ctx, TLS1_2_VERSION);
        foreigner_begin(&it);
        if (first)
            SSL_set_session(it.ssl, first);
        foreigner_meets(&it, session, SSL_connect);
        cr_assert_eq(tls_session_state(session), TLS_OPEN);
        cr_assert_eq(tls_session_is_resumed(session), i == 1);
        SSL_SESSION_free(first);
        first = SSL_get1_session(it.ssl);
        SSL_shutdown(it.ssl);
        foreigner_end(&it);
        tls_session_free(session);
    }
    SSL_SESSION_free(first);
    tls_context_unref(context);
}

Test(resumption, is_over_when_the_server_has_a_new_context)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    (void)is_resumed(client, server);
    tls_context_unref(server);
    server = context_of("agent");
    cr_assert_not(is_resumed(client, server));
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, is_over_when_the_client_has_a_new_context)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    (void)is_resumed(client, server);
    tls_context_unref(client);
    client = context_of("peer");
    cr_assert_not(is_resumed(client, server));
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, SEC_05_keeps_the_identity_of_the_other_side)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    (void)is_resumed(client, server);
    struct pair pair = pair_of(client, server);
    shake(&pair);
    cr_assert(tls_session_is_resumed(pair.server));
    cr_assert_eq(tls_session_speaks_for(pair.server, "peer.example.net", 16), TLS_PROVES);
    cr_assert_eq(tls_session_speaks_for(pair.client, "agent.example.net", 17), TLS_PROVES);
    cr_assert_neq(tls_session_expires(pair.server), 0);
    pair_free(&pair);
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, SEC_06_does_not_outlive_the_certificate)
{
    certificates_make(&certificates,
                      &(struct certificate){.name = "peer", .issuer = "ca", .until = 600});
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    (void)is_resumed(client, server);
    ahead = 700;
    struct pair pair = pair_of(client, server);
    shake(&pair);
    cr_assert_eq(tls_session_reason(pair.server), TLS_REASON_EXPIRED);
    pair_free(&pair);
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, is_by_the_name_of_the_peer)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    (void)is_resumed(client, server);
    struct pair pair = {tls_session_new(client, TLS_CLIENT, "other.example.net"),
                        tls_session_new(server, TLS_SERVER, NULL)};
    shake(&pair);
    cr_assert_not(tls_session_is_resumed(pair.client));
    pair_free(&pair);
    tls_context_unref(client);
    tls_context_unref(server);
}

Test(resumption, more_peers_than_are_kept_forget_the_oldest_and_nothing_leaks)
{
    struct tls_resume *resume = tls_resume_new();
    char name[32];
    for (int i = 0; i < 9000; i++) {
        (void)snprintf(name, sizeof name, "h%d", i);
        tls_resume_put(resume, name, SSL_SESSION_new());
    }
    SSL_SESSION *last = tls_resume_take(resume, "h8999");
    cr_assert(last);
    cr_assert_null(tls_resume_take(resume, "h8999"));
    cr_assert_null(tls_resume_take(resume, "h0"));
    SSL_SESSION_free(last);
    tls_resume_free(resume);
}
