/* admin.c — the HTTP endpoint of an agent without workers: its loop is turned by the test. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "agent/admin.h"
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/net/tcp.h"

enum { PATIENCE_S = 60, REPLY = 256 * 1024 };

static const char configuration[] =
    "version: 1\n"
    "identity: dra1.example.net\n"
    "realm: example.net\n"
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
    "admin: { http: { address: 127.0.0.1, port: 1 } }\n"
    "peers:\n"
    "  - { identity: hss1.example.net, connect: { transport: tcp, address: 127.0.0.1 } }\n"
    "pools:\n"
    "  - { name: east, ready: required, members: [{ peer: hss1.example.net }] }\n"
    "routes:\n"
    "  - { name: home, realm: example.net, action: relay, pool: east }\n";

static struct agent *agent;
static struct conf *conf;
static int taken; /* a listening socket that keeps our port until the endpoint wants it */
static char reply[REPLY];

static void take_port(void)
{
    socklen_t size = sizeof conf->http;
    conf->http.v4.sin_port = 0;
    taken = tcp_listen(&conf->http);
    cr_assert_geq(taken, 0);
    getsockname(taken, &conf->http.any, &size);
}

static void set_up(void)
{
    agent = calloc(1, sizeof *agent);
    conf = conf_load_octets("F", configuration, sizeof configuration - 1, stderr);
    cr_assert(agent && conf);
    take_port();
    agent->conf = conf;
    atomic_init(&agent->snapshot, snapshot_new(conf, NULL, 0));
    snapshot_rows_init(&agent->rows);
    cr_assert(snapshot_number(agent->snapshot, &agent->rows));
    agent->is_listening = true;
    agent->board = board_new(1);
    stats_init(&agent->stats, agent->rows.peers.count, agent->rows.routes.count);
    uv_loop_init(&agent->loop);
}

static void open_endpoint(void)
{
    bool works = false;
    close(taken);
    taken = -1;
    agent->admin = admin_open(agent, &works);
    cr_assert(agent->admin && works);
}

static void tear_down(void)
{
    admin_close(agent->admin);
    uv_run(&agent->loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&agent->loop), 0, "a handle was left");
    if (taken >= 0)
        close(taken);
    stats_fini(&agent->stats);
    board_free(agent->board);
    snapshot_unref(agent->snapshot);
    snapshot_rows_fini(&agent->rows);
    free(agent);
}

TestSuite(admin, .init = set_up, .fini = tear_down);

static int visit(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, &conf->http.any, sizeof conf->http.v4), 0);
    return fd;
}

static void ask(int fd, const char *request)
{
    cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

static bool is_whole(size_t size)
{
    const char *body = strstr(reply, "\r\n\r\n");
    const char *length = strstr(reply, "Content-Length: ");
    return body && length && (size_t)(body + 4 - reply) + strtoul(length + 16, NULL, 10) == size;
}

/* Turns the loop until one whole reply is there. */
static void listen_for_reply(int fd)
{
    size_t size = 0;
    uint64_t deadline = clock_real() + PATIENCE_S * NS_PER_S;
    for (reply[0] = '\0'; !is_whole(size);) {
        cr_assert_lt(clock_real(), deadline, "no reply: %s", reply);
        uv_run(&agent->loop, UV_RUN_NOWAIT);
        struct pollfd readable = {fd, POLLIN, 0};
        if (poll(&readable, 1, 1) < 1)
            continue;
        ssize_t got = recv(fd, reply + size, sizeof reply - 1 - size, 0);
        cr_assert_gt(got, 0, "closed: %s", reply);
        size += (size_t)got;
        reply[size] = '\0';
    }
}

static int status_of(const char *request)
{
    int status = 0;
    int fd = visit();
    ask(fd, request);
    listen_for_reply(fd);
    close(fd);
    cr_assert_eq(sscanf(reply, "HTTP/1.%*d %d", &status), 1);
    return status;
}

static const char *body(void)
{
    return strstr(reply, "\r\n\r\n") + 4;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* --- what it says
 * ----------------------------------------------------------------------------------- */

Test(admin, healthz_is_ok_while_the_process_works)
{
    open_endpoint();
    agent->stage = AGENT_DRAINS;
    cr_assert_eq(status_of(GET("/healthz")), 200);
    cr_assert_str_eq(body(), "ok\n");
}

Test(admin, readyz_wants_a_member_of_each_required_pool)
{
    open_endpoint();
    cr_assert_eq(status_of(GET("/readyz")), 503);
    cr_assert_str_eq(body(), "pool east: no member is available\n");
}

Test(admin, readyz_is_content_with_one_member)
{
    open_endpoint();
    conf->seats[conf->tables.pools[0].members[0].peer_number].peer = (rt_peer){0, 1};
    board_set(agent->board, 0, (struct board_view){1, 0, BOARD_OPEN | BOARD_REACHABLE});
    cr_assert_eq(status_of(GET("/readyz")), 200);
    cr_assert_str_eq(body(), "ready\n");
}

Test(admin, readyz_names_every_reason_on_a_line)
{
    open_endpoint();
    agent->stage = AGENT_DRAINS;
    agent->is_listening = false;
    cr_assert_eq(status_of(GET("/readyz")), 503);
    cr_assert_str_eq(body(), "draining\npool east: no member is available\n");
}

Test(admin, metrics_are_served_as_the_text_format)
{
    open_endpoint();
    stats_add(&agent->stats.refused[STATS_REFUSED_limit], 3);
    cr_assert_eq(status_of(GET("/metrics")), 200);
    cr_assert(strstr(reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    cr_assert(strstr(body(), "\nantipode_connections_refused_total{reason=\"limit\"} 3\n"));
}

Test(admin, another_path_is_not_found)
{
    open_endpoint();
    cr_assert_eq(status_of(GET("/metrics/")), 404);
}

Test(admin, other_methods_are_refused)
{
    open_endpoint();
    cr_assert_eq(status_of("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
    cr_assert(strstr(reply, "Allow: GET, HEAD\r\n"));
    cr_assert_eq(status_of("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx=y"),
                 405);
}

Test(admin, HTTP_1_0_is_understood)
{
    open_endpoint();
    cr_assert_eq(status_of("GET /metrics HTTP/1.0\r\n\r\n"), 200);
}

/* --- connections
 * ------------------------------------------------------------------------------------ */

Test(admin, a_connection_carries_many_requests)
{
    open_endpoint();
    int fd = visit();
    for (int i = 0; i < 20; i++) {
        ask(fd, i % 2 ? GET("/healthz") : GET("/metrics"));
        listen_for_reply(fd);
        cr_assert(!strncmp(reply, "HTTP/1.1 200 ", 13));
    }
    close(fd);
}

Test(admin, requests_that_arrive_together_are_answered_in_turn)
{
    open_endpoint();
    int fd = visit();
    ask(fd, GET("/metrics") GET("/nowhere"));
    while (!strstr(reply, "not found")) {
        uv_run(&agent->loop, UV_RUN_NOWAIT);
        size_t size = strlen(reply);
        ssize_t got = recv(fd, reply + size, sizeof reply - 1 - size, MSG_DONTWAIT);
        cr_assert(got > 0 || errno == EAGAIN);
        reply[size + (size_t)(got > 0 ? got : 0)] = '\0';
    }
    cr_assert_lt(strstr(reply, "antipode_build_info"), strstr(reply, "not found"));
    close(fd);
}

Test(admin, a_client_that_leaves_during_its_scrape_harms_nobody)
{
    open_endpoint();
    int gone = visit();
    ask(gone, GET("/metrics"));
    uv_run(&agent->loop, UV_RUN_NOWAIT);
    close(gone);
    cr_assert_eq(status_of(GET("/metrics")), 200);
}

/* tear_down finds no handle left, and the sanitizer no memory. */
Test(admin, it_may_close_while_scrapes_are_rendered)
{
    int fds[8];
    open_endpoint();
    for (int i = 0; i < 8; i++) {
        fds[i] = visit();
        ask(fds[i], GET("/metrics"));
    }
    for (int i = 0; i < 3; i++)
        uv_run(&agent->loop, UV_RUN_NOWAIT);
    admin_close(agent->admin);
    agent->admin = NULL;
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

Test(admin, a_configuration_without_http_opens_nothing)
{
    bool works = false;
    conf->has_http = false;
    cr_assert_null(admin_open(agent, &works));
    cr_assert(works);
}

Test(admin, a_port_in_use_is_a_failure)
{
    bool works = true;
    cr_assert_null(admin_open(agent, &works));
    cr_assert(!works);
}
