/* store_link.c — a connection to a Redis that this test plays: it comes up, it is lost, and whoever
 * has asked hears of it once. */
#include "agent/store/link.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/tcp.h"
#include "agent/worker.h"

static struct worker *worker;
static struct link *link_;
static union conf_socket address;
static int listener = -1, server = -1;
static char heard[1000]; /* what the server was told and not yet looked at */

static struct {
    unsigned ready, lost, replies, without_reply, late, pushed;
    uint64_t last_key;
    char last[100];
} seen;

static void on_ready(void *owner, struct link *link)
{
    (void)owner;
    (void)link;
    seen.ready++;
}

static void on_lost(void *owner, struct link *link)
{
    (void)owner;
    (void)link;
    seen.lost++;
}

static void on_reply(void *owner, struct link *link, const struct link_command *command,
                     const redisReply *reply, bool is_late)
{
    (void)owner;
    (void)link;
    seen.replies += command && reply;
    seen.without_reply += !reply;
    seen.pushed += !command;
    seen.late += is_late;
    if (command)
        seen.last_key = command->key;
    snprintf(seen.last, sizeof seen.last, "%s", reply && reply->str ? reply->str : "");
}

static const struct link_events events = {on_ready, on_reply, on_lost};

static void begin(void)
{
    memset(&seen, 0, sizeof seen);
    worker = calloc(1, sizeof *worker);
    uv_loop_init(&worker->loop);
    address = (union conf_socket){.v4 = {.sin_family = AF_INET, .sin_addr = {0x0100007f}}};
    listener = tcp_listen(&address);
    address = tcp_bound_address(listener);
    worker_begin(worker);
}

static void end(void)
{
    link_free(link_);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&worker->loop), 0);
    if (server >= 0)
        close(server);
    if (listener >= 0)
        close(listener);
    free(worker);
}

TestSuite(store_link, .init = begin, .fini = end);

static void turn(void)
{
    uint64_t now = clock_now();
    if (worker->now < now)
        worker->now = now;
    link_tick(link_);
    link_flush(link_);
    uv_run(&worker->loop, UV_RUN_NOWAIT);
}

/* Turns until the server has been told `text`, which is then forgotten with all before it. */
static void hear(const char *text)
{
    union conf_socket source;
    char *at;
    while (!(at = strstr(heard, text))) {
        turn();
        if (server < 0)
            server = tcp_accept(listener, &source);
        size_t size = strlen(heard);
        ssize_t n = server < 0 ? 0 : read(server, heard + size, sizeof heard - 1 - size);
        cr_assert(n != 0 || server < 0, "closed while waiting for %s", text);
        if (n > 0)
            heard[size + (size_t)n] = '\0';
    }
    memmove(heard, at + strlen(text), strlen(at + strlen(text)) + 1);
}

static void say(const char *text)
{
    cr_assert_eq(write(server, text, strlen(text)), (ssize_t)strlen(text));
}

#define TURN_UNTIL(condition)                                                                      \
    while (!(condition))                                                                           \
    turn()

static void come_up(void)
{
    link_ = link_new(worker, &address, NULL, &events, NULL);
    hear("PING\r\n");
    say("+PONG\r\n");
    TURN_UNTIL(link_is_ready(link_));
}

static bool ask(uint64_t key)
{
    struct link_command command = {.kind = 1, .key = key, .asked = worker->now};
    return link_send(link_, &command, 1, (dm_bytes[]){dm_text("X")});
}

static void hang_up(void)
{
    close(server);
    server = -1;
    heard[0] = '\0';
}

Test(store_link, it_is_ready_when_redis_has_said_pong)
{
    come_up();
    cr_assert_eq(seen.ready, 1);
}

Test(store_link, the_password_goes_first)
{
    link_ = link_new(worker, &address, "secret", &events, NULL);
    hear("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n");
    say("+OK\r\n+PONG\r\n");
    TURN_UNTIL(link_is_ready(link_));
}

Test(store_link, a_wrong_password_is_no_connection_and_is_tried_again)
{
    link_ = link_new(worker, &address, "secret", &events, NULL);
    hear("PING\r\n");
    say("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    say("-NOAUTH Authentication required.\r\n");
    heard[0] = '\0';
    close(server);
    server = -1;
    hear("AUTH");
    cr_assert_eq(seen.ready, 0);
}

Test(store_link, a_refused_connection_is_seen_and_tried_again)
{
    close(listener);
    link_ = link_new(worker, &address, NULL, &events, NULL);
    for (unsigned i = 0; i < 10; i++)
        turn();
    cr_assert(!link_is_ready(link_));
    listener = tcp_listen(&address);
    cr_assert_geq(listener, 0);
    hear("PING\r\n");
    say("+PONG\r\n");
    TURN_UNTIL(link_is_ready(link_));
    cr_assert_eq(seen.lost, 0);
}

Test(store_link, replies_come_to_who_asked_in_order)
{
    come_up();
    ask(1);
    ask(2);
    hear("X\r\n*1\r\n$1\r\nX\r\n");
    say("+a\r\n");
    TURN_UNTIL(seen.replies == 1);
    cr_assert_eq(seen.last_key, 1);
    say("-b\r\n");
    TURN_UNTIL(seen.replies == 2);
    cr_assert_eq(seen.last_key, 2);
    cr_assert_str_eq(seen.last, "b");
}

Test(store_link, who_has_asked_hears_once_that_it_is_lost)
{
    come_up();
    ask(1);
    ask(2);
    ask(3);
    hear("X\r\n");
    say("+a\r\n");
    TURN_UNTIL(seen.replies == 1);
    hang_up();
    TURN_UNTIL(seen.lost);
    cr_assert_eq(seen.without_reply, 2);
    cr_assert_eq(seen.replies, 1);
    cr_assert(!ask(4));
}

Test(store_link, it_comes_back_after_a_loss)
{
    come_up();
    hang_up();
    TURN_UNTIL(seen.lost);
    hear("PING\r\n");
    say("+PONG\r\n");
    TURN_UNTIL(seen.ready == 2);
    cr_assert(ask(1));
}

Test(store_link, nobody_can_ask_before_it_is_ready)
{
    link_ = link_new(worker, &address, NULL, &events, NULL);
    cr_assert(!ask(1));
    turn();
    cr_assert(!ask(1));
}

Test(store_link, what_is_under_way_is_bounded)
{
    come_up();
    unsigned asked = 0;
    while (ask(asked))
        asked++;
    cr_assert_leq(asked, LINK_COMMANDS_MAX);
    cr_assert_gt(asked, LINK_COMMANDS_MAX / 2);
}

Test(store_link, late_commands_are_named_once_and_their_replies_say_so)
{
    come_up();
    uint64_t now = worker->now;
    ask(1);
    cr_assert_null(link_late(link_, now - 1));
    const struct link_command *late = link_late(link_, now + 1);
    while (late && late->kind == 0) /* a PING of its own */
        late = link_late(link_, now + 1);
    cr_assert(late && late->key == 1);
    cr_assert_null(link_late(link_, now + 1));
    hear("X\r\n");
    say("+a\r\n");
    TURN_UNTIL(seen.replies == 1);
    cr_assert_eq(seen.late, 1);
}

Test(store_link, one_that_is_silent_for_three_seconds_is_given_up)
{
    come_up();
    worker->now += 2 * NS_PER_S;
    link_tick(link_); /* PING */
    worker->now += 4 * NS_PER_S;
    ask(9);
    link_tick(link_);
    cr_assert(!link_is_ready(link_));
    cr_assert_eq(seen.lost, 1);
    cr_assert_eq(seen.without_reply, 1);
}

Test(store_link, one_that_accepts_and_says_nothing_is_given_up)
{
    link_ = link_new(worker, &address, NULL, &events, NULL);
    hear("PING\r\n");
    worker->now += 2 * NS_PER_S;
    link_tick(link_);
    char octet;
    while (read(server, &octet, 1) != 0) /* until it has hung up */
        uv_run(&worker->loop, UV_RUN_NOWAIT);
}

Test(store_link, what_is_no_redis_is_given_up)
{
    link_ = link_new(worker, &address, NULL, &events, NULL);
    hear("PING\r\n");
    say("HTTP/1.1 400 Bad Request\r\n\r\n");
    char octet;
    while (read(server, &octet, 1) != 0)
        uv_run(&worker->loop, UV_RUN_NOWAIT);
    cr_assert_eq(seen.ready, 0);
}

Test(store_link, hostile_octets_end_the_connection_and_nothing_else)
{
    come_up();
    ask(1);
    hear("X\r\n");
    say("*2147483647\r\n$5\r\n");
    TURN_UNTIL(seen.lost);
    cr_assert_eq(seen.without_reply, 1);
}

Test(store_link, a_message_that_nobody_asked_for_has_no_command)
{
    come_up();
    say("$1\r\nx\r\n");
    TURN_UNTIL(seen.pushed == 1);
    cr_assert_eq(seen.replies, 0);
}

Test(store_link, whoever_listens_gets_all_as_messages)
{
    come_up();
    link_listen(link_, 2, (dm_bytes[]){dm_text("SUBSCRIBE"), dm_text("c")});
    hear("SUBSCRIBE\r\n$1\r\nc\r\n");
    cr_assert(!ask(1));
    say("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n");
    TURN_UNTIL(seen.pushed == 2);
}
