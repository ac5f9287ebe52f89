/* pair.h — two ends of an association in one process: the stack talks to itself over loopback,
 * encapsulated in UDP on a port that was free, as an ordinary user may. */
#pragma once

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/sctp/address.h"
#include "agent/sctp/assoc.h"

enum { PATIENCE = 60000, ROOM = 65536, PORT_TRIES = 50 };

struct pair {
    struct sctp_settings settings;
    struct sctp_owner owner;
    int bell;
    struct assoc *listener, *near, *far; /* near has dialled */
    struct assoc_event event;            /* of the last expect */
    bool is_authenticated;
    uint32_t limit;
    uint8_t buffer[ROOM];
};

static struct pair pair;

static inline void ring(void *context)
{
    uint64_t one = 1;
    (void)!write(*(int *)context, &one, sizeof one);
}

static inline void ignore(void *context, struct assoc *assoc)
{
    (void)context;
    (void)assoc;
}

/* Waits until some association of the owner was woken. */
static inline void await(struct sctp_owner *owner, int bell)
{
    struct pollfd rung = {.fd = bell, .events = POLLIN};
    uint64_t count;
    cr_assert_eq(poll(&rung, 1, PATIENCE), 1, "nothing has happened for a minute");
    (void)!read(bell, &count, sizeof count);
    sctp_owner_look(owner, ignore, NULL);
}

static inline uint16_t free_udp_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t size = sizeof any;
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_eq(bind(udp, (struct sockaddr *)&any, sizeof any), 0);
    cr_assert_eq(getsockname(udp, (struct sockaddr *)&any, &size), 0);
    close(udp);
    return ntohs(any.sin_port);
}

static inline struct assoc_addresses loopback(bool both, uint16_t port)
{
    struct assoc_addresses addresses = {.count = both ? 2 : 1};
    addresses.at[0].v4 = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    if (both)
        addresses.at[1].v6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons(port)};
    return addresses;
}

/* Another test may take the port before the stack does: then there is another one. */
static inline void open_stack(void)
{
    char why[200];
    for (int tries = 0; tries < PORT_TRIES; tries++) {
        pair.settings.udp_port = free_udp_port();
        if (sctp_stack_open(&pair.settings, why, sizeof why))
            return;
    }
    cr_assert_fail("%s", why);
}

static inline void pair_stack(void)
{
    pair.bell = eventfd(0, EFD_NONBLOCK);
    pair.owner = (struct sctp_owner){.wake = ring, .context = &pair.bell};
    if (!pair.settings.rto_minimum)
        pair.settings = sctp_settings_usual();
    if (!pair.limit)
        pair.limit = pair.settings.message_size;
    open_stack();
}

static inline struct assoc_setup setup_for(struct assoc_addresses local)
{
    return (struct assoc_setup){.local = local,
                                .udp_port = pair.settings.udp_port,
                                .is_authenticated = pair.is_authenticated,
                                .message_limit = pair.limit,
                                .owner = &pair.owner};
}

static inline void pair_listen(bool both)
{
    struct assoc_setup setup = setup_for(loopback(both, 0));
    int error = 0;
    pair.listener = assoc_listen(&setup, &error);
    cr_assert_not_null(pair.listener, "%s", strerror(-error));
}

static inline uint16_t listening_port(void)
{
    struct assoc_addresses bound;
    assoc_local(pair.listener, &bound);
    return address_port(&bound.at[0]);
}

static inline void pair_dial(bool both, uint16_t port)
{
    struct assoc_setup setup = setup_for((struct assoc_addresses){0});
    int error = 0;
    setup.remote = loopback(both, port);
    pair.near = assoc_dial(&setup, &error);
    cr_assert_not_null(pair.near, "%s", strerror(-error));
}

/* The next thing that happens to `assoc`, but for what is said of its paths. */
static inline enum assoc_news next_news(struct assoc *assoc)
{
    for (;;) {
        enum assoc_news news = assoc_receive(assoc, pair.buffer, ROOM, &pair.event);
        if (news != ASSOC_NOTHING && news != ASSOC_PATH)
            return news;
        if (news == ASSOC_NOTHING)
            await(&pair.owner, pair.bell);
    }
}

static inline void expect(struct assoc *assoc, enum assoc_news news)
{
    enum assoc_news got = next_news(assoc);
    cr_assert_eq(got, news, "%d instead of %d", got, news);
}

static inline void pair_accept(void)
{
    while (!(pair.far = assoc_accept(pair.listener, NULL)))
        await(&pair.owner, pair.bell);
}

static inline void pair_connect(bool both)
{
    pair_stack();
    pair_listen(both);
    pair_dial(both, listening_port());
    expect(pair.near, ASSOC_UP);
    pair_accept();
    expect(pair.far, ASSOC_UP);
}

static inline void pair_open(void)
{
    pair_connect(false);
}

static inline void stack_ends(void)
{
    for (int i = 0; i < PATIENCE && !sctp_stack_close(); i++)
        poll(NULL, 0, 1); /* the library has nothing to wait for */
    cr_assert_not(sctp_stack_is_open());
    close(pair.bell);
}

static inline void pair_close(void)
{
    struct assoc *ends[] = {pair.near, pair.far, pair.listener};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i])
            assoc_abort(ends[i]);
    stack_ends();
}

static inline int say(struct assoc *assoc, const void *octets, size_t size)
{
    return assoc_send(assoc, octets, size, (struct assoc_manner){.ppid = ASSOC_PPID_DIAMETER});
}

static inline void expect_message(struct assoc *assoc, const char *text)
{
    expect(assoc, ASSOC_MESSAGE);
    cr_assert_eq(pair.event.size, strlen(text));
    cr_assert_eq(memcmp(pair.event.octets, text, strlen(text)), 0);
}
