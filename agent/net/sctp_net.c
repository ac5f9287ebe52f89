/* sctp_net.c — settings and addresses between configuration and stack. */
#include "agent/net/sctp_net.h"

#include <assert.h>
#include <string.h>

#include <uv.h>

#include "agent/log.h"

enum { END_TRIES = 100, END_PAUSE_MS = 10 };
#define MS_OF(ns) ((uint32_t)((ns) / 1000000))

static bool is_ours(enum conf_transport transport)
{
    return transport == CONF_SCTP || transport == CONF_DTLS;
}

static bool is_needed(const struct conf *conf)
{
    for (size_t i = 0; i < conf->listen_count; i++)
        if (is_ours(conf->listen[i].transport))
            return true;
    for (size_t i = 0; i < conf->peer_count; i++)
        if (conf->peers[i].dials && is_ours(conf->peers[i].connect.transport))
            return true;
    return false;
}

uint32_t sctp_net_message_size(const struct conf *conf)
{
    uint32_t largest = conf->limits.message_size;
    for (size_t i = 0; i < conf->peer_count; i++)
        if (conf->peers[i].limits.message_size > largest)
            largest = conf->peers[i].limits.message_size;
    return largest;
}

static struct sctp_settings settings_of(const struct conf *conf)
{
    const struct conf_sctp *sctp = &conf->sctp;
    return (struct sctp_settings){
        .udp_port = sctp->udp_port,
        .rto_minimum = MS_OF(sctp->rto_minimum),
        .rto_maximum = MS_OF(sctp->rto_maximum),
        .heartbeat = MS_OF(sctp->heartbeat),
        .path_retransmissions = sctp->path_retransmissions,
        .association_retransmissions = sctp->association_retransmissions,
        .streams = (uint16_t)sctp->streams,
        .blackhole = sctp->blackhole,
        .message_size = sctp_net_message_size(conf),
    };
}

static bool has_two_v4(const struct conf_endpoint *endpoint)
{
    unsigned count = 0;
    for (unsigned i = 0; i < endpoint->addresses.count; i++)
        count += endpoint->addresses.at[i].any.sa_family == AF_INET;
    return is_ours(endpoint->transport) && count > 1;
}

/* The stack writes the source address of IPv4 itself and knows no routes: it is the same one on
 * every path. In UDP, and of IPv6, the system chooses it. */
static void warn_of_one_source(const struct conf *conf)
{
    bool is_told = conf->sctp.udp_port;
    for (size_t i = 0; i < conf->listen_count && !is_told; i++)
        is_told = has_two_v4(&conf->listen[i]);
    for (size_t i = 0; i < conf->peer_count && !is_told; i++)
        is_told = conf->peers[i].dials && has_two_v4(&conf->peers[i].connect);
    if (is_told && !conf->sctp.udp_port)
        log_warn("-", "sctp",
                 log_words("with several IPv4 addresses and no `sctp.udp_port` all packets leave "
                           "from one of them: an association ends when that one is cut off"));
}

bool sctp_net_prepare(const struct conf *conf, char *why, size_t size)
{
    struct sctp_settings settings = settings_of(conf);
    if (!is_needed(conf))
        return true;
    warn_of_one_source(conf);
    if (!sctp_stack_is_open())
        return sctp_stack_open(&settings, why, size);
    sctp_stack_tune(&settings);
    return true;
}

void sctp_net_restore(const struct conf *conf)
{
    struct sctp_settings settings = settings_of(conf);
    if (sctp_stack_is_open())
        sctp_stack_tune(&settings);
}

bool sctp_net_needs_restart(const struct conf *conf)
{
    return is_needed(conf) && sctp_stack_is_open() && sctp_stack_udp_port() != conf->sctp.udp_port;
}

static bool stack_closes(void)
{
    for (int i = 0; i < END_TRIES; i++) {
        if (sctp_stack_close())
            return true;
        uv_sleep(END_PAUSE_MS);
    }
    return false;
}

/* Whoever has not shut an association by then gets an ABORT, not silence. */
void sctp_net_end(void)
{
    if (stack_closes())
        return;
    sctp_stack_give_up();
    (void)stack_closes();
}

/* --- addresses ----------------------------------------------------------------------------------
 */

static_assert(sizeof(union sctp_address) == sizeof(union conf_socket),
              "one is copied to the other");

struct assoc_addresses sctp_net_addresses(const struct conf_addresses *addresses)
{
    struct assoc_addresses result = {.count = addresses->count};
    for (size_t i = 0; i < result.count; i++)
        memcpy(&result.at[i], &addresses->at[i], sizeof result.at[i]);
    return result;
}

union conf_socket sctp_net_socket(const union sctp_address *address)
{
    union conf_socket socket;
    memcpy(&socket, address, sizeof socket);
    return socket;
}

static union sctp_address without_port(const union conf_socket *socket)
{
    union sctp_address address;
    memcpy(&address, socket, sizeof address);
    if (address.any.sa_family == AF_INET6)
        address.v6.sin6_port = 0;
    else
        address.v4.sin_port = 0;
    return address;
}

static bool holds(const struct assoc_addresses *addresses, const union sctp_address *address)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (addresses->at[i].any.sa_family == address->any.sa_family &&
            (address->any.sa_family == AF_INET6
                 ? !memcmp(&addresses->at[i].v6.sin6_addr, &address->v6.sin6_addr, 16)
                 : addresses->at[i].v4.sin_addr.s_addr == address->v4.sin_addr.s_addr))
            return true;
    return false;
}

static void add(struct assoc_addresses *addresses, const union sctp_address *address)
{
    if (addresses->count < ASSOC_ADDRESSES_MAX && !holds(addresses, address))
        addresses->at[addresses->count++] = *address;
}

static struct assoc_addresses routed(const struct assoc_addresses *remote)
{
    struct assoc_addresses sources = {0};
    union sctp_address source;
    for (size_t i = 0; i < remote->count; i++)
        if (sctp_source_for(&remote->at[i], &source))
            add(&sources, &source);
    return sources;
}

/* The addresses of a listener, where the system would send from one of them. */
static void add_listener(struct assoc_addresses *sources, const struct conf_addresses *at)
{
    struct assoc_addresses found = *sources;
    bool is_used = false;
    for (size_t i = 0; i < at->count; i++) {
        union sctp_address address = without_port(&at->at[i]);
        is_used = is_used || holds(sources, &address);
        add(&found, &address);
    }
    if (is_used)
        *sources = found;
}

struct assoc_addresses sctp_net_sources(const struct conf *conf, enum conf_transport transport,
                                        const struct assoc_addresses *remote)
{
    struct assoc_addresses sources = routed(remote);
    for (size_t i = 0; i < conf->listen_count; i++)
        if (conf->listen[i].transport == transport)
            add_listener(&sources, &conf->listen[i].addresses);
    return sources;
}
