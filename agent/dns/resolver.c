/* resolver.c — c-ares on the main loop.
 *
 * A channel is one set of servers. When the configuration names others it is retired: it answers
 * what it was asked, and ends from its timer, never from within a callback of its own. */
#include "agent/dns/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

#include "agent/clock.h"
#include "agent/dns/nothing.h"
#include "agent/log.h"
#include "agent/stats.h"

enum { TRIES = 2, SHARES = 3, LEAST_MS = 50 };
#define NOTHING_AT_LEAST (1 * NS_PER_S)
#define NOTHING_AT_MOST  (300 * NS_PER_S)

struct channel;

struct query {
    struct channel *channel;
    struct query *next;
    uint64_t until;
    dns_done done; /* NULL: it was told; c-ares still has the question */
    void *context;
    enum dns_type type;
    char name[DNS_NAME_ROOM];
};

/* A descriptor of c-ares. The handle outlives it. */
struct socket {
    uv_poll_t poll;
    struct channel *channel;
    struct socket *next;
    ares_socket_t descriptor;
};

struct channel {
    struct resolver *resolver;
    struct channel *next;
    ares_channel ares; /* NULL: it could not be made, and all questions fail */
    uv_timer_t timer;
    struct socket *sockets;
    struct query *queries;
    bool is_retired;
};

struct resolver {
    uv_loop_t *loop;
    struct stats *stats;
    struct channel *channels; /* the one in use first */
    unsigned asked;           /* questions that c-ares has */
    unsigned channel_count;
    bool is_closing;
    uint64_t timeout;
    uint32_t server_count;
    union conf_socket *servers;
    struct dns_reply reply;
    struct dns_nothing nothing;
};

/* --- telling what came of a question --- */

static void count_outcome(struct resolver *resolver, const struct dns_reply *reply)
{
    enum stats_resolution what = reply->outcome == DNS_FOUND     ? STATS_RESOLUTION_found
                                 : reply->outcome == DNS_NOTHING ? STATS_RESOLUTION_nothing
                                                                 : STATS_RESOLUTION_failed;
    stats_add(&resolver->stats->resolutions[what], 1);
}

static uint64_t nothing_for(const struct dns_reply *reply)
{
    uint64_t ttl = reply->ttl * NS_PER_S;
    if (reply->outcome == DNS_FAILED || ttl < NOTHING_AT_LEAST)
        return NOTHING_AT_LEAST;
    return ttl > NOTHING_AT_MOST ? NOTHING_AT_MOST : ttl;
}

static void tell(struct query *query, struct dns_reply *reply)
{
    struct resolver *resolver = query->channel->resolver;
    dns_done done = query->done;
    query->done = NULL;
    if (!done)
        return;
    count_outcome(resolver, reply);
    if (reply->outcome != DNS_FOUND && !resolver->is_closing)
        dns_nothing_put(&resolver->nothing, query->name, query->type, reply,
                        clock_now() + nothing_for(reply));
    done(query->context, reply);
}

static void tell_failure(struct query *query)
{
    struct dns_reply *reply = &query->channel->resolver->reply;
    *reply = (struct dns_reply){.outcome = DNS_FAILED};
    tell(query, reply);
}

static void unlink_query(struct query *query)
{
    struct query **link = &query->channel->queries;
    while (*link != query)
        link = &(*link)->next;
    *link = query->next;
    query->channel->resolver->asked--;
}

/* c-ares' callback: also when the channel ends, and where it does not even begin to ask. */
static void on_reply(void *context, int status, int timeouts, unsigned char *octets, int size)
{
    struct query *query = context;
    struct dns_reply *reply = &query->channel->resolver->reply;
    (void)timeouts;
    (void)status; /* the octets, where there are any, say all that is to be known */
    if (!octets || size <= 0 ||
        !dns_reply_read(reply, dm_bytes_of(octets, (size_t)size), query->name, query->type))
        tell_failure(query);
    else
        tell(query, reply);
    unlink_query(query);
    free(query);
}

/* --- sockets and time --- */

static void on_socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void arm(struct channel *channel);

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct socket *at = poll->data;
    struct channel *channel = at->channel;
    ares_socket_t descriptor = at->descriptor;
    bool is_broken = status < 0;
    ares_process_fd(channel->ares, is_broken || events & UV_READABLE ? descriptor : ARES_SOCKET_BAD,
                    is_broken || events & UV_WRITABLE ? descriptor : ARES_SOCKET_BAD);
    arm(channel);
}

static struct socket *socket_at(struct channel *channel, ares_socket_t descriptor)
{
    for (struct socket *at = channel->sockets; at; at = at->next)
        if (at->descriptor == descriptor)
            return at;
    struct socket *made = calloc(1, sizeof *made);
    if (!made)
        abort();
    if (uv_poll_init(channel->resolver->loop, &made->poll, descriptor)) {
        free(made);
        return NULL; /* its questions time out */
    }
    made->poll.data = made;
    made->channel = channel;
    made->descriptor = descriptor;
    made->next = channel->sockets;
    channel->sockets = made;
    return made;
}

static void close_socket(struct channel *channel, ares_socket_t descriptor)
{
    struct socket **link = &channel->sockets;
    while (*link && (*link)->descriptor != descriptor)
        link = &(*link)->next;
    struct socket *at = *link;
    if (!at)
        return;
    *link = at->next;
    uv_close((uv_handle_t *)&at->poll, on_socket_closed);
}

/* c-ares closes the descriptor when this has returned. */
static void on_socket_state(void *context, ares_socket_t descriptor, int readable, int writable)
{
    struct channel *channel = context;
    if (!readable && !writable) {
        close_socket(channel, descriptor);
        return;
    }
    struct socket *at = socket_at(channel, descriptor);
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (at)
        uv_poll_start(&at->poll, events, on_ready);
}

/* Those whose time is over. Whoever is told may ask anew, so the list is begun anew. */
static void expire(struct channel *channel)
{
    uint64_t now = clock_real();
    struct query *query = channel->queries;
    while (query) {
        bool is_due = query->done && query->until <= now;
        if (is_due)
            tell_failure(query);
        query = is_due ? channel->queries : query->next;
    }
}

static void on_channel_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;
    struct resolver *resolver = channel->resolver;
    free(channel);
    if (--resolver->channel_count || !resolver->is_closing)
        return;
    free(resolver->servers);
    free(resolver);
}

/* Not from within a callback of c-ares. */
static void end_channel(struct channel *channel)
{
    struct channel **link = &channel->resolver->channels;
    while (*link != channel)
        link = &(*link)->next;
    *link = channel->next;
    if (channel->ares)
        ares_destroy(channel->ares);
    uv_close((uv_handle_t *)&channel->timer, on_channel_closed);
}

static void on_time(uv_timer_t *timer)
{
    struct channel *channel = timer->data;
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    expire(channel);
    if (channel->is_retired && !channel->queries)
        end_channel(channel);
    else
        arm(channel);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until c-ares, or one who asked, wants to know the time. */
static void arm(struct channel *channel)
{
    struct timeval room;
    const struct timeval *wait = ares_timeout(channel->ares, NULL, &room);
    uint64_t now = clock_real();
    uint64_t ms = UINT64_MAX;
    if (wait)
        ms = (uint64_t)wait->tv_sec * 1000 + (uint64_t)wait->tv_usec / 1000 + 1;
    for (const struct query *at = channel->queries; at; at = at->next)
        if (at->done)
            ms = least(ms, at->until > now ? (at->until - now) / NS_PER_MS + 1 : 1);
    if (channel->is_retired && !channel->queries)
        ms = 0;
    if (ms == UINT64_MAX)
        uv_timer_stop(&channel->timer);
    else
        uv_timer_start(&channel->timer, on_time, ms, 0);
}

/* --- channels --- */

static struct ares_addr_port_node node_of(const union conf_socket *server)
{
    struct ares_addr_port_node node = {.family = server->any.sa_family};
    if (node.family == AF_INET) {
        node.addr.addr4 = server->v4.sin_addr;
        node.udp_port = node.tcp_port = ntohs(server->v4.sin_port);
    } else {
        memcpy(&node.addr.addr6, &server->v6.sin6_addr, sizeof node.addr.addr6);
        node.udp_port = node.tcp_port = ntohs(server->v6.sin6_port);
    }
    return node;
}

static int use_servers(ares_channel ares, const struct conf_dns *conf)
{
    if (!conf->server_count)
        return ARES_SUCCESS; /* the system's */
    struct ares_addr_port_node *nodes = calloc(conf->server_count, sizeof *nodes);
    if (!nodes)
        abort();
    for (uint32_t i = 0; i < conf->server_count; i++) {
        nodes[i] = node_of(&conf->servers[i]);
        nodes[i].next = i + 1 < conf->server_count ? &nodes[i + 1] : NULL;
    }
    int error = ares_set_servers_ports(ares, nodes);
    free(nodes);
    return error;
}

/* Its time for a first try; a second one has twice as much. */
static int share_ms(const struct conf_dns *conf)
{
    uint64_t ms = conf->timeout / NS_PER_MS / SHARES;
    return ms < LEAST_MS ? LEAST_MS : (int)ms;
}

static void open_channel(struct resolver *resolver, const struct conf_dns *conf)
{
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        abort();
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = share_ms(conf),
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = channel};
    int error = ares_init_options(&channel->ares, &options,
                                  ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                      ARES_OPT_SOCK_STATE_CB);
    if (error)
        channel->ares = NULL;
    else
        error = use_servers(channel->ares, conf);
    if (error)
        log_warn("-", "dns", log_words("{error}"), log_text("error", ares_strerror(error)));
    uv_timer_init(resolver->loop, &channel->timer);
    channel->timer.data = channel;
    channel->resolver = resolver;
    channel->next = resolver->channels;
    resolver->channels = channel;
    resolver->channel_count++;
}

static void keep_settings(struct resolver *resolver, const struct conf_dns *conf)
{
    size_t size = conf->server_count * sizeof *conf->servers;
    free(resolver->servers);
    resolver->servers = NULL;
    resolver->timeout = conf->timeout;
    resolver->server_count = conf->server_count;
    if (!size)
        return;
    resolver->servers = malloc(size);
    if (!resolver->servers)
        abort();
    memcpy(resolver->servers, conf->servers, size);
}

static bool is_as_before(const struct resolver *resolver, const struct conf_dns *conf)
{
    return resolver->timeout == conf->timeout && resolver->server_count == conf->server_count &&
           (!conf->server_count ||
            !memcmp(resolver->servers, conf->servers, conf->server_count * sizeof *conf->servers));
}

static void retire(struct channel *channel)
{
    channel->is_retired = true;
    if (channel->ares)
        arm(channel);
    else
        end_channel(channel);
}

/* --- life --- */

struct resolver *resolver_new(uv_loop_t *loop, const struct conf_dns *conf, struct stats *stats)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver || ares_library_init(ARES_LIB_INIT_ALL))
        abort();
    resolver->loop = loop;
    resolver->stats = stats;
    keep_settings(resolver, conf);
    open_channel(resolver, conf);
    return resolver;
}

void resolver_fit(struct resolver *resolver, const struct conf_dns *conf)
{
    if (is_as_before(resolver, conf))
        return;
    struct channel *former = resolver->channels;
    keep_settings(resolver, conf);
    dns_nothing_forget(&resolver->nothing);
    open_channel(resolver, conf);
    retire(former);
}

void resolver_free(struct resolver *resolver)
{
    resolver->is_closing = true;
    while (resolver->channels)
        end_channel(resolver->channels);
}

/* --- asking --- */

uint64_t resolver_deadline(const struct resolver *resolver)
{
    return clock_real() + resolver->timeout;
}

/* RFC 6761 §6.4: there is nobody, and no server is to be asked. */
static bool is_invalid(const char *name)
{
    return dns_is_within(name, "invalid");
}

static bool is_answered(struct resolver *resolver, const char *name, enum dns_type type,
                        uint64_t until)
{
    struct dns_reply *reply = &resolver->reply;
    if (dns_nothing_find(&resolver->nothing, name, type, clock_now(), reply))
        return true;
    *reply = (struct dns_reply){.outcome = DNS_NOTHING, .ttl = UINT32_MAX};
    if (is_invalid(name))
        return true;
    *reply = (struct dns_reply){.outcome = DNS_FAILED};
    return resolver->is_closing || resolver->asked >= RESOLVER_QUERIES_MAX ||
           until <= clock_real() || !resolver->channels->ares || strlen(name) >= DNS_NAME_ROOM;
}

void resolver_ask(struct resolver *resolver, const char *name, enum dns_type type, uint64_t until,
                  dns_done done, void *context)
{
    enum { CLASS_IN = 1 };
    if (is_answered(resolver, name, type, until)) {
        done(context, &resolver->reply);
        return;
    }
    struct channel *channel = resolver->channels;
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        abort();
    *query = (struct query){.channel = channel,
                            .next = channel->queries,
                            .until = until,
                            .done = done,
                            .context = context,
                            .type = type};
    memcpy(query->name, name, strlen(name) + 1);
    channel->queries = query;
    resolver->asked++;
    ares_query(channel->ares, query->name, CLASS_IN, (int)type, on_reply, query);
    arm(channel);
}

/* --- the system's file --- */

static void take_hosts(const struct hostent *found, union conf_socket *addresses, unsigned most,
                       unsigned *count)
{
    for (char *const *at = found->h_addr_list; *at && *count < most; at++) {
        union conf_socket *address = &addresses[(*count)++];
        memset(address, 0, sizeof *address);
        address->any.sa_family = (sa_family_t)found->h_addrtype;
        if (found->h_addrtype == AF_INET)
            memcpy(&address->v4.sin_addr, *at, sizeof address->v4.sin_addr);
        else
            memcpy(&address->v6.sin6_addr, *at, sizeof address->v6.sin6_addr);
    }
}

unsigned resolver_read_file(struct resolver *resolver, const char *name, enum dns_type type,
                            union conf_socket *addresses, unsigned most)
{
    struct hostent *found = NULL;
    unsigned count = 0;
    ares_channel ares = resolver->is_closing ? NULL : resolver->channels->ares;
    int family = type == DNS_A ? AF_INET : AF_INET6;
    if (!ares || ares_gethostbyname_file(ares, name, family, &found))
        return 0;
    if (found->h_addrtype == family)
        take_hosts(found, addresses, most, &count);
    ares_free_hostent(found);
    return count;
}
