/* wire_tls.c — a wire over TLS, both ends on one loop: handshake, octets, moving, ending.
 *
 * The certificate is that of tests/data/conf/tls: it speaks for itself and for both sides. */
#include "agent/net/wire_tls.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/listen.h"
#include "agent/net/tcp.h"
#include "tls/context.h"

#define FILES TEST_DATA "/conf/tls/"

enum { BIG = 1024 * 1024, ROOM = 4096 };

/* One end, as its holder hears it. */
struct end {
    struct wire *wire;
    unsigned opened;
    int error;
    unsigned broken;
    unsigned writable;
    unsigned gone;
    unsigned loose;
    bool has_ended;
    uint8_t got[BIG];
    size_t have;
};

static uv_loop_t loop;
static struct stats stats;
static struct wire_loop here;
static struct wire_loop there;
static struct listener *listener;
static struct end *client;
static struct end *server;

static void read_all(struct end *end)
{
    dm_bytes input;
    int got;
    while ((got = wire_read(end->wire, end->got + end->have, ROOM, &input)) > 0) {
        cr_assert_eq(input.at, end->got + end->have);
        end->have += input.size;
    }
    end->has_ended = end->has_ended || got == UV_EOF;
    cr_assert(got == WIRE_NOTHING || got == UV_EOF, "%d", got);
}

static void on_open(struct wire *wire, int error)
{
    struct end *end = wire->holder;
    end->opened++;
    end->error = error;
    if (!error)
        wire_wait(wire, WIRE_READABLE);
    if (!error)
        read_all(end);
}

static void on_ready(struct wire *wire, int events)
{
    struct end *end = wire->holder;
    end->writable += (events & WIRE_WRITABLE) != 0;
    if (events & WIRE_READABLE)
        read_all(end);
    if (end->has_ended)
        wire_wait(wire, 0);
}

static void on_broken(struct wire *wire, int error)
{
    struct end *end = wire->holder;
    end->broken++;
    end->error = error;
    wire_wait(wire, 0);
}

static const struct wire_events events = {on_open, on_ready, on_broken};

static void on_gone(void *holder)
{
    struct end *end = holder;
    end->gone++;
    end->wire = NULL;
}

static void on_loose(void *holder)
{
    ((struct end *)holder)->loose++;
}

static void hold(struct end *end, struct wire *wire)
{
    cr_assert_not_null(wire);
    end->wire = wire;
    wire_hold(wire, &events, end);
    wire_wait(wire, WIRE_READABLE);
}

static void on_acceptable(struct listener *at)
{
    int error = 0;
    hold(server, at->kind->accept(at, &error));
}

static union conf_socket loopback(void)
{
    union conf_socket address = {.v4 = {.sin_family = AF_INET}};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void begin(void)
{
    static const struct tls_options options = {.certificate = FILES "agent.pem",
                                               .private_key = FILES "agent.key",
                                               .ca = FILES "ca.pem",
                                               .minimum_version = TLS_VERSION_1_2,
                                               .verify = TLS_VERIFY_REQUIRED};
    char why[TLS_WHY_SIZE];
    uv_loop_init(&loop);
    stats_init(&stats, 0, 0);
    here = (struct wire_loop){.uv = &loop, .stats = &stats, .tls = tls_context_new(&options, why)};
    cr_assert_not_null(here.tls, "%s", why);
    there = here;
    client = calloc(1, sizeof *client);
    server = calloc(1, sizeof *server);
    union conf_socket address = loopback();
    struct conf_endpoint at = conf_endpoint_at(CONF_TLS, &address);
    listener = tls_listen_kind.open(&here, &at, why);
    listener->on_acceptable = on_acceptable;
    tls_listen_kind.wait(listener, true);
}

static void close_end(struct end *end)
{
    if (end->wire)
        wire_close(end->wire, true, on_gone);
}

/* Whatever the test leaves behind ends with the loop. */
static void end_all(void)
{
    close_end(client);
    close_end(server);
    tls_listen_kind.close(listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0);
    wire_loop_fini(&here);
    wire_loop_fini(&there);
    tls_context_unref(here.tls);
    stats_fini(&stats);
    free(client);
    free(server);
}

TestSuite(wire_tls, .init = begin, .fini = end_all, .timeout = 240);

/* --- what the tests do --------------------------------------------------------------------------
 */

static union conf_socket where(void)
{
    struct conf_addresses bound = {0};
    tls_listen_kind.bound(listener, &bound);
    return bound.at[0];
}

static void turn_until(const unsigned *value, unsigned wanted)
{
    while (*value < wanted)
        uv_run(&loop, UV_RUN_ONCE);
}

static void dial(void)
{
    int error = 0;
    union conf_socket address = where();
    struct conf_endpoint to = conf_endpoint_at(CONF_TLS, &address);
    hold(client, wire_dial(&here, &to, "agent.example.net", &error));
    cr_assert_eq(client->wire->state, WIRE_CONNECTING);
}

static void connect_both(void)
{
    dial();
    turn_until(&client->opened, 1);
    turn_until(&server->opened, 1);
    cr_assert_eq(client->error, 0);
    cr_assert_eq(server->error, 0);
}

/* A stranger without TLS, connected. */
static int come_plain(void)
{
    union conf_socket address = where();
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(plain, &address.any, sizeof address.v4), 0);
    while (!server->wire)
        uv_run(&loop, UV_RUN_ONCE);
    return plain;
}

static uint64_t handshakes(enum tls_reason reason)
{
    return stats_read(&stats.handshakes[reason]);
}

/* Writes `size` octets in two pieces, waiting where the wire says so. */
static void write_all(struct end *end, const uint8_t *octets, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        size_t half = (size - sent) / 2;
        struct iovec pieces[] = {{(void *)(uintptr_t)(octets + sent), half},
                                 {(void *)(uintptr_t)(octets + sent + half), size - sent - half}};
        ssize_t taken = wire_write(end->wire, pieces, 2);
        cr_assert_geq(taken, 0);
        sent += (size_t)taken;
        if (sent == size)
            break;
        unsigned before = end->writable;
        wire_wait(end->wire, WIRE_READABLE | WIRE_WRITABLE);
        turn_until(&end->writable, before + 1);
        wire_wait(end->wire, WIRE_READABLE);
    }
}

static void read_until(struct end *end, size_t size)
{
    while (end->have < size)
        uv_run(&loop, UV_RUN_ONCE);
}

/* --- the handshake ------------------------------------------------------------------------------
 */

Test(wire_tls, both_sides_open_and_know_each_other)
{
    char text[80];
    connect_both();
    cr_assert_eq(handshakes(TLS_REASON_NONE), 2);
    wire_security(client->wire, text, sizeof text);
    cr_assert_eq(strncmp(text, "TLSv1.3 TLS_", 12), 0, "%s", text);
    cr_assert_eq(wire_speaks_for(server->wire, dm_text("nobody.example.net")), WIRE_DENIES);
    cr_assert_gt(wire_expiry(server->wire), 0);
    cr_assert_eq(wire_local(server->wire).count, 1);
}

Test(wire_tls, octets_that_are_no_tls_end_the_handshake_before_it_begins)
{
    int plain = come_plain();
    cr_assert_eq(send(plain, "\1\0\0\24", 4, 0), 4);
    turn_until(&server->opened, 1);
    cr_assert_eq(server->error, -EPROTO);
    cr_assert_str_eq(server->wire->why, "TLS: this is not TLS");
    cr_assert_eq(handshakes(TLS_REASON_PROTOCOL), 1);
    close(plain);
}

Test(wire_tls, stranger_that_leaves_without_a_word_is_no_handshake)
{
    int plain = come_plain();
    close(plain);
    turn_until(&server->broken, 1);
    close_end(server);
    turn_until(&server->gone, 1);
    for (unsigned i = 0; i < TLS_REASON_COUNT; i++)
        cr_assert_eq(handshakes((enum tls_reason)i), 0);
}

Test(wire_tls, stranger_that_stops_in_the_middle_has_failed)
{
    int plain = come_plain();
    cr_assert_eq(send(plain, "\x16\3\1\0\5\1\0", 7, 0), 7);
    shutdown(plain, SHUT_WR);
    turn_until(&server->opened, 1);
    cr_assert_eq(server->error, -EPROTO);
    cr_assert_eq(handshakes(TLS_REASON_ENDED), 1);
    close(plain);
}

Test(wire_tls, end_while_a_step_is_computed_waits_for_the_step)
{
    dial();
    while (!server->wire)
        uv_run(&loop, UV_RUN_ONCE);
    close_end(client);
    close_end(server);
    turn_until(&client->gone, 1);
    turn_until(&server->gone, 1);
    cr_assert_eq(client->opened + server->opened, 0);
}

Test(wire_tls, dial_of_a_port_where_nobody_listens_is_told)
{
    int error = 0;
    union conf_socket address = loopback();
    int taken = tcp_listen(&address);
    address = tcp_bound_address(taken);
    close(taken);
    struct conf_endpoint to = conf_endpoint_at(CONF_TLS, &address);
    hold(client, wire_dial(&here, &to, "agent.example.net", &error));
    turn_until(&client->opened, 1);
    cr_assert_eq(client->error, -ECONNREFUSED);
    cr_assert_null(client->wire->why);
}

Test(wire_tls, without_a_context_nobody_comes_in)
{
    struct tls_context *kept = here.tls;
    here.tls = NULL;
    int plain = come_plain();
    cr_assert_eq(send(plain, "\x16\3\1\0\5\1\0", 7, 0), 7);
    turn_until(&server->opened, 1);
    cr_assert_eq(handshakes(TLS_REASON_INTERNAL), 1);
    here.tls = kept;
    close(plain);
}

/* --- octets -------------------------------------------------------------------------------------
 */

Test(wire_tls, megabyte_passes_both_ways_through_small_reads)
{
    connect_both();
    uint8_t *octets = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        octets[i] = (uint8_t)(i * 7 + i / 251);
    write_all(client, octets, BIG - ROOM);
    write_all(server, octets, BIG - ROOM);
    read_until(server, BIG - ROOM);
    read_until(client, BIG - ROOM);
    cr_assert_eq(memcmp(server->got, octets, BIG - ROOM), 0);
    cr_assert_eq(memcmp(client->got, octets, BIG - ROOM), 0);
    free(octets);
}

Test(wire_tls, what_a_small_read_leaves_lies_in_user_space)
{
    connect_both();
    wire_wait(server->wire, 0);
    uint8_t octets[300] = {[299] = 1};
    write_all(client, octets, sizeof octets);
    uint8_t room[200];
    dm_bytes input;
    int got;
    while ((got = wire_read(server->wire, room, sizeof room, &input)) == WIRE_NOTHING)
        continue;
    cr_assert_eq(got, WIRE_MORE);
    cr_assert_eq(input.size, 200);
    cr_assert(server->wire->is_ahead);
    cr_assert_eq(wire_read(server->wire, room, sizeof room, &input), WIRE_SOME);
    cr_assert_eq(input.size, 100);
    cr_assert_not(server->wire->is_ahead);
}

Test(wire_tls, last_words_come_before_the_end)
{
    connect_both();
    write_all(client, (const uint8_t *)"farewell", 8);
    wire_shut(client->wire);
    while (!server->has_ended)
        uv_run(&loop, UV_RUN_ONCE);
    cr_assert_eq(server->have, 8);
    write_all(server, (const uint8_t *)"adieu", 5);
    read_until(client, 5);
}

/* Where all that came was read: else the system makes a reset of it. */
Test(wire_tls, polite_close_is_an_end)
{
    connect_both();
    write_all(server, (const uint8_t *)"enough", 6);
    read_until(client, 6);
    wire_close(client->wire, false, on_gone);
    while (!server->has_ended)
        uv_run(&loop, UV_RUN_ONCE);
    cr_assert_eq(server->broken, 0);
}

/* --- moving -------------------------------------------------------------------------------------
 */

Test(wire_tls, moved_wire_reads_what_came_meanwhile)
{
    connect_both();
    wire_detach(server->wire, on_loose);
    turn_until(&server->loose, 1);
    write_all(client, (const uint8_t *)"meanwhile", 9);
    cr_assert_null(server->wire->loop);
    cr_assert_eq(wire_attach(server->wire, &there), 0);
    hold(server, server->wire);
    read_until(server, 9);
    write_all(server, (const uint8_t *)"back", 4);
    read_until(client, 4);
}

Test(wire_tls, wire_that_nobody_takes_is_buried)
{
    connect_both();
    wire_detach(server->wire, on_loose);
    turn_until(&server->loose, 1);
    wire_bury(server->wire);
    server->wire = NULL;
    while (!client->has_ended)
        uv_run(&loop, UV_RUN_ONCE);
}
