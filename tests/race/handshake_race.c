/* handshake_race.c — several threads shake hands with the contexts of one configuration, all for
 * the first time.
 *
 * The agent does so in the threads of a pool. Whatever a context and its certificates find out when
 * they are first used must be found out before. */
#include <uv.h>

#include "tests/certificates/carry.h"
#include "tests/certificates/certificates.h"
#include "tests/race/race.h"
#include "tls/context.h"

enum { THREADS = 4, ROUNDS = 100 };

static struct tls_context *client;
static struct tls_context *server;

static void shake_hands(void)
{
    struct tls_session *dialler = tls_session_new(client, TLS_CLIENT, NULL);
    struct tls_session *listener = tls_session_new(server, TLS_SERVER, NULL);
    claim(dialler && listener, "there is memory for two sessions");
    (void)tls_session_feed(dialler, NULL, 0);
    while (carry(dialler, listener) + carry(listener, dialler) != 0)
        ;
    claim(tls_session_state(dialler) == TLS_OPEN, "the client is open");
    claim(tls_session_state(listener) == TLS_OPEN, "the server is open");
    tls_session_free(dialler);
    tls_session_free(listener);
}

static void shake_first(void *start)
{
    uv_barrier_wait(start);
    shake_hands();
}

static struct tls_context *context_of(const struct certificates *certificates,
                                      const char *certificate, const char *key)
{
    struct tls_options options = {.certificate = certificates_path(certificates, certificate),
                                  .private_key = certificates_path(certificates, key),
                                  .ca = certificates_path(certificates, "ca.pem"),
                                  .minimum_version = TLS_VERSION_1_2};
    char why[TLS_WHY_SIZE] = "";
    struct tls_context *context = tls_context_new(&options, why);
    claim(context != NULL, why);
    return context;
}

/* With contexts that nobody has used yet. */
static void race(const struct certificates *certificates)
{
    uv_barrier_t start;
    uv_thread_t threads[THREADS];
    client = context_of(certificates, "peer.pem", "peer.key");
    server = context_of(certificates, "agent.pem", "agent.key");
    claim(uv_barrier_init(&start, THREADS) == 0, "there is a barrier");
    for (int i = 0; i < THREADS; i++)
        claim(uv_thread_create(&threads[i], shake_first, &start) == 0, "there are threads");
    for (int i = 0; i < THREADS; i++)
        uv_thread_join(&threads[i]);
    uv_barrier_destroy(&start);
    tls_context_unref(client);
    tls_context_unref(server);
}

int main(void)
{
    struct certificates certificates;
    certificates_usual(&certificates);
    for (int i = 0; i < ROUNDS; i++)
        race(&certificates);
    certificates_close(&certificates);
    return 0;
}
