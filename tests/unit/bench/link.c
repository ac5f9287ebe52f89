/* Two links face to face in one loop, and the loop itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/link.h"
#include "proto/base.h"

static struct loop loop;
static struct link_listener listener;
static struct link client, server;
static struct link_setup setup, other_setup;
static int opened, closed, messages;
static uint32_t last_command;
static size_t last_size;
static char why[2][160]; /* of the client, of the server */

static const struct dm_self client_self = {.product_name = "client",
                                           .origin_host = {(const uint8_t *)"c.example.net", 13},
                                           .origin_realm = {(const uint8_t *)"example.net", 11}};
static const struct dm_self server_self = {.product_name = "server",
                                           .origin_host = {(const uint8_t *)"s.example.net", 13},
                                           .origin_realm = {(const uint8_t *)"example.net", 11}};

static void on_open(struct link *link)
{
    (void)link;
    opened++;
}

static void on_message(struct link *link, const struct dm_header *header, dm_bytes message)
{
    (void)link;
    messages++;
    last_command = header->command;
    last_size = message.size;
}

static void on_closed(struct link *link, const char *reason)
{
    closed++;
    snprintf(why[link == &server], sizeof(why[0]), "%s", reason);
}

static void on_accept(struct link_listener *mine, struct link_arrival arrival)
{
    (void)mine;
    link_accept(&server, &loop, &setup, &server_self, arrival);
}

static void set_up(void)
{
    struct link_address address;
    cr_assert_eq(loop_init(&loop), 0);
    setup.events = (struct link_events){on_open, on_message, on_closed};
    setup.handshake = 60 * LOOP_SECOND;
    other_setup = setup;
    dm_applications_add(&setup.applications, 6);
    dm_applications_add(&other_setup.applications, 16777216);
    cr_assert_null(link_address(&address, "127.0.0.1:0"));
    cr_assert_eq(link_listen(&listener, &loop, NULL, &address), 0);
    listener.on_accept = on_accept;
}

/* Ends what a test has left open. */
static void tear_down(void)
{
    link_close(&client, "end");
    link_close(&server, "end");
    loop_turn(&loop, 0);
    link_unlisten(&listener);
    loop_fini(&loop);
}

TestSuite(link, .init = set_up, .fini = tear_down, .timeout = 120);
TestSuite(loop, .init = set_up, .fini = tear_down, .timeout = 120);

static void dial(const struct link_setup *with)
{
    struct link_address address;
    cr_assert_null(link_address(&address, listener.name));
    link_connect(&client, &loop, with, &client_self, &address);
}

static void turn_until(const int *count, int enough)
{
    while (*count < enough)
        loop_turn(&loop, loop_clock() + 10 * LOOP_SECOND);
}

static void open_both(void)
{
    dial(&setup);
    turn_until(&opened, 2);
}

/* ---- links ---- */

Test(link, opens_on_both_sides_and_knows_its_peer)
{
    open_both();
    cr_assert_str_eq(client.peer_host, "s.example.net");
    cr_assert_str_eq(server.peer_host, "c.example.net");
    cr_assert_str_eq(server.peer_realm, "example.net");
}

Test(link, without_a_common_application_is_refused_with_5010)
{
    dial(&other_setup);
    turn_until(&closed, 2);
    cr_assert_eq(opened, 0);
    cr_assert_eq(client.refused, 5010);
    cr_assert_str_eq(why[0], "CEA with Result-Code 5010 DIAMETER_NO_COMMON_APPLICATION");
    cr_assert_str_eq(why[1], "CER refused with 5010");
}

Test(link, that_finds_nobody_says_so)
{
    char name[80];
    snprintf(name, sizeof(name), "%s", listener.name);
    link_unlisten(&listener);
    struct link_address address;
    cr_assert_null(link_address(&address, name));
    link_connect(&client, &loop, &setup, &client_self, &address);
    turn_until(&closed, 1);
    cr_assert_str_eq(why[0], "Connection refused");
    cr_assert_null(link_address(&address, "127.0.0.1:0"));
    cr_assert_eq(link_listen(&listener, &loop, NULL, &address), 0);
}

static dm_bytes request_of(uint8_t *room, size_t size)
{
    memset(room, 0, size);
    dm_header_write(&(struct dm_header){.version = 1,
                                        .flags = 0xc0,
                                        .length = (uint32_t)size,
                                        .command = 283,
                                        .application = 6},
                    room);
    return dm_bytes_of(room, size);
}

Test(link, hands_messages_on_whole_however_large)
{
    static uint8_t room[300000];
    open_both();
    link_send(&client, request_of(room, 300000));
    turn_until(&messages, 1);
    cr_assert_eq(last_command, 283);
    cr_assert_eq(last_size, 300000);
}

Test(link, hands_on_all_messages_of_one_write)
{
    uint8_t room[40];
    open_both();
    for (int i = 0; i < 5000; i++)
        link_send(&client, request_of(room, 40));
    turn_until(&messages, 5000);
    cr_assert_eq(messages, 5000);
}

Test(link, answers_a_disconnect_and_closes_on_both_sides)
{
    open_both();
    link_disconnect(&client, 2);
    turn_until(&closed, 2);
    cr_assert_str_eq(why[0], "disconnected");
    cr_assert_str_eq(why[1], "disconnected");
    cr_assert_eq(messages, 0);
}

Test(link, answers_a_watchdog_by_itself)
{
    uint8_t room[512];
    open_both();
    client.heard = false;
    link_send(&client, dm_bytes_of(room, dm_dwr_write(room, sizeof(room), &client_self, 1, 1)));
    while (!client.heard)
        loop_turn(&loop, loop_clock() + LOOP_SECOND);
    cr_assert_eq(messages, 0);
    cr_assert_eq(closed, 0);
}

Test(link, of_a_peer_that_answers_watchdogs_stays_open)
{
    setup.watchdog = LOOP_SECOND; /* more than this process is ever kept from a core */
    open_both();
    uint64_t until = loop_clock() + 7 * LOOP_SECOND / 2;
    while (loop_clock() < until)
        loop_turn(&loop, until);
    cr_assert_eq(closed, 0);
}

Test(link, of_a_peer_that_answers_no_watchdog_is_closed)
{
    setup.watchdog = 2 * LOOP_MS;
    open_both();
    loop_unwatch(&loop, &server.watch); /* the server hears and says nothing any more */
    loop_timer_stop(&loop, &server.timer);
    turn_until(&closed, 1);
    cr_assert_str_eq(why[0], "no answer to the watchdog");
}

/* A plain socket, connected to the listener. */
static int raw_socket(void)
{
    struct link_address address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_null(link_address(&address, listener.name));
    cr_assert_eq(connect(fd, (struct sockaddr *)&address.at[0], link_address_size(&address.at[0])),
                 0);
    return fd;
}

Test(link, closes_where_the_first_message_is_no_CER)
{
    uint8_t room[40];
    int fd = raw_socket();
    cr_assert_eq(send(fd, request_of(room, 40).at, 40, 0), 40);
    turn_until(&closed, 1);
    cr_assert_str_eq(why[1], "a message before the capabilities were exchanged");
    close(fd);
}

Test(link, closes_where_octets_are_no_Diameter)
{
    int fd = raw_socket();
    cr_assert_eq(send(fd, "GET / HTTP/1.1\r\n\r\n\r\n", 20, 0), 20);
    turn_until(&closed, 1);
    cr_assert_str_eq(why[1], "the peer sent what is no Diameter");
    close(fd);
}

Test(link, closes_where_no_CER_comes_in_time)
{
    setup.handshake = 5 * LOOP_MS;
    int fd = raw_socket();
    turn_until(&closed, 1);
    cr_assert_str_eq(why[1], "no answer to the capabilities exchange in time");
    close(fd);
}

Test(link, does_not_read_from_a_peer_that_does_not_read)
{
    uint8_t room[40];
    open_both();
    loop_unwatch(&loop, &client.watch); /* the client reads no more */
    static uint8_t large[1 << 20];
    for (int i = 0; i < 16; i++)
        link_send(&server, request_of(large, sizeof(large)));
    loop_turn(&loop, 0);
    cr_assert_gt(link_queued(&server), LINK_QUEUED_MAX);
    cr_assert_eq(send(client.watch.fd, request_of(room, 40).at, 40, 0), 40);
    for (int i = 0; i < 10; i++)
        loop_turn(&loop, 0);
    cr_assert_eq(messages, 0);
}

Test(link, waits_for_a_descriptor_when_there_is_none_and_then_is_accepted)
{
    struct rlimit none, usual;
    int fd = raw_socket();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    loop_turn(&loop, loop_clock() + LOOP_SECOND);
    cr_assert_eq(server.state, LINK_CLOSED);
    cr_assert_eq(listener.watch.events, 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    while (server.state == LINK_CLOSED)
        loop_turn(&loop, loop_clock() + LOOP_SECOND);
    cr_assert_eq(server.state, LINK_WAIT_CER);
    close(fd);
}

Test(link, reads_several_addresses_of_one_port)
{
    struct link_address address;
    cr_assert_null(link_address(&address, "127.0.0.1,[::1],127.0.0.2:3868"));
    cr_assert_eq(address.count, 3);
    cr_assert_eq(address.at[1].ss_family, AF_INET6);
    cr_assert_not_null(link_address(&address, "127.0.0.1,:3868"));
    cr_assert_not_null(link_address(&address, "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5:3868"));
}

Test(link, reads_addresses_of_both_families)
{
    struct link_address address;
    cr_assert_null(link_address(&address, "[::1]:3868"));
    cr_assert_eq(address.at[0].ss_family, AF_INET6);
    cr_assert_null(link_address(&address, "127.0.0.1:3868"));
    cr_assert_eq(address.at[0].ss_family, AF_INET);
    cr_assert_not_null(link_address(&address, "127.0.0.1:"));
    cr_assert_not_null(link_address(&address, "3868"));
}

/* ---- the loop ---- */

static int order[100], fired;
static struct numbered {
    struct loop_timer timer;
    int number;
} timers[100];

static void on_fire(struct loop_timer *timer)
{
    order[fired++] = ((struct numbered *)(void *)timer)->number;
}

Test(loop, fires_timers_in_the_order_of_their_time)
{
    uint64_t now = loop_clock();
    for (int i = 0; i < 100; i++) {
        timers[i] = (struct numbered){.timer.fire = on_fire, .number = i * 37 % 100};
        loop_timer_at(&loop, &timers[i].timer, now + (uint64_t)(i * 37 % 100));
    }
    for (int i = 0; i < 100; i += 10) /* moved to where it is, by way of elsewhere */
        loop_timer_at(&loop, &timers[i].timer, now + 1000);
    for (int i = 0; i < 100; i += 10)
        loop_timer_at(&loop, &timers[i].timer, now + (uint64_t)timers[i].number);
    turn_until(&fired, 100);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(order[i], i);
}

Test(loop, forgets_timers_that_were_stopped)
{
    uint64_t now = loop_clock();
    for (int i = 0; i < 10; i++) {
        timers[i] = (struct numbered){.timer.fire = on_fire, .number = i};
        loop_timer_at(&loop, &timers[i].timer, now + (uint64_t)i);
    }
    for (int i = 0; i < 10; i += 2)
        loop_timer_stop(&loop, &timers[i].timer);
    loop_timer_stop(&loop, &timers[0].timer);
    turn_until(&fired, 5);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(order[i], 2 * i + 1);
}

static struct loop_task again;
static int runs;

static void on_run(struct loop_task *task)
{
    if (runs++ < 5)
        loop_post(&loop, task);
}

Test(loop, runs_what_a_task_posts_in_the_next_turn)
{
    again.run = on_run;
    loop_post(&loop, &again);
    loop_post(&loop, &again);
    loop_turn(&loop, UINT64_MAX);
    cr_assert_eq(runs, 1);
    loop_turn(&loop, UINT64_MAX);
    cr_assert_eq(runs, 2);
    loop_unpost(&loop, &again);
    loop_turn(&loop, 0);
    cr_assert_eq(runs, 2);
}
