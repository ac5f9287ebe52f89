/* conf.h — the configuration as an immutable snapshot.
 *
 * conf_load reads, checks and builds it; nothing changes it afterwards. Strings and arrays belong
 * to it. Times are nanoseconds, sizes octets. The names are those of antipode.yaml(5). */
#pragma once

#include <netinet/in.h>
#include <stdio.h>

#include "agent/conf/digest.h"
#include "proto/caps.h"
#include "routing/decide.h"
#include "routing/subscribers.h"

union conf_socket {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* The transports of `listen` and `connect`, in the order of their names. A set of them has a bit
 * for each. */
enum conf_transport { CONF_TCP, CONF_TLS, CONF_SCTP, CONF_DTLS, CONF_TRANSPORTS };
#define CONF_TRANSPORT_BIT(transport) (1U << (transport))

/* "tcp", "tls", "sctp" or "dtls". */
const char *conf_transport_name(enum conf_transport transport);

enum { CONF_ADDRESSES_MAX = 8 };

/* One for tcp and tls, several for a multi-homed association: each with the same port. */
struct conf_addresses {
    uint8_t count;
    union conf_socket at[CONF_ADDRESSES_MAX];
};

/* Where we listen, or whom we dial. */
struct conf_endpoint {
    enum conf_transport transport;
    uint16_t port;     /* in host order, as in each address; 0 to listen on: any that is free */
    uint16_t udp_port; /* of `connect`: the peer takes SCTP in UDP there, RFC 6951; 0: in IP */
    const char *name;  /* of `connect`: a host, resolved at each dial; NULL: `addresses` */
    struct conf_addresses addresses; /* none where there is a name */
};

/* At this one address and port, in network order. */
struct conf_endpoint conf_endpoint_at(enum conf_transport transport,
                                      const union conf_socket *address);

/* `tls`: of tls and dtls alike. Paths are from the folder of the configuration. */
struct conf_tls {
    bool is_given;
    const char *certificate;  /* PEM, with its chain */
    const char *private_key;  /* PEM */
    const char *ca;           /* PEM: whom we trust, and nobody else */
    const char *crl;          /* PEM; NULL: none */
    uint16_t minimum_version; /* as the protocol writes it: 0x0303, 0x0304 */
    enum conf_verify { CONF_VERIFY_REQUIRED, CONF_VERIFY_OPTIONAL, CONF_VERIFY_NONE } verify;
    uint64_t files_hash; /* of their octets: it tells whether one of them has changed */
};

/* `sctp`: one stack for the program. */
struct conf_sctp {
    uint16_t udp_port; /* where SCTP in UDP is taken; 0: nowhere */
    uint64_t rto_minimum;
    uint64_t rto_maximum;
    uint64_t heartbeat;
    uint32_t path_retransmissions;
    uint32_t association_retransmissions;
    uint32_t streams;
    uint32_t blackhole; /* 0 to 2 */
};

/* `dns` */
struct conf_dns {
    uint32_t server_count; /* 0: the system's */
    const union conf_socket *servers;
    uint64_t timeout;
    bool discovers_realms;
};

/* A source network of peers that dial us. */
struct conf_network {
    uint8_t octets[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t prefix;     /* of 128 */
};

struct conf_timers {
    uint64_t connect;
    uint64_t capabilities;
    uint64_t watchdog;
    uint64_t reconnect_minimum;
    uint64_t reconnect_maximum;
    uint64_t request;
    uint64_t disconnect;
    uint64_t drain;
};

struct conf_limits {
    uint64_t memory;
    uint32_t message_size;
    uint32_t pending_per_peer;
    uint32_t in_flight_per_peer;
    uint64_t outbound_per_peer;
    uint32_t connections;
    uint32_t half_open;
};

enum conf_unknown_peer { CONF_PEER_REFUSE, CONF_PEER_CLOSE, CONF_PEER_ACCEPT };

struct conf_compatibility {
    struct dm_strictness
        strictness; /* reserved_bits, unknown_mandatory, unexpected_avp, avp_flags */
    enum conf_unknown_peer unknown_peer;
    bool reopen_last_resort;
    bool error_echo;
};

enum conf_role { CONF_CLIENT, CONF_SERVER, CONF_AGENT, CONF_ROLE_BY_CAPABILITIES };

/* A command that a peer may send: in one application, or in any. */
struct conf_command {
    bool any_application;
    uint32_t application;
    uint32_t command;
};

struct conf_rate {
    uint32_t requests; /* a second; 0: no limit */
    uint32_t burst;
};

/* Which requests of a peer are let in: its `applications`, `screen` and `rate`. What has a count of
 * 0 lets everything in. */
struct conf_screen {
    struct dm_applications admitted; /* else 3007 */
    struct dm_applications screened; /* else 5003, as the following */
    uint32_t realm_count;
    const dm_bytes *realms; /* patterns of Origin-Realm, lower case */
    uint32_t command_count;
    const struct conf_command *commands;
    struct conf_rate rate; /* above it 3004 */
};

/* A row of `peers`. Timers, limits and compatibility are those of the program where the row does
 * not name them. */
struct conf_peer {
    const char *identity; /* lower case; exact, "*.example.net" or "*" */
    const char *realm;    /* NULL: any */
    bool is_pattern;
    bool in_pool;
    bool is_guest;       /* in no file: a redirect named it, guest.h */
    enum conf_role role; /* as configured; BY_CAPABILITIES: agent if it advertises relay alone, else
                            server with connect or in a pool, else client */
    bool dials;          /* has `connect`: we open the connection */
    struct conf_endpoint connect;
    unsigned transports; /* by which it may dial us: CONF_TRANSPORT_BIT; 0: all */
    size_t from_count;
    struct conf_network *from;        /* empty: any source */
    const struct conf_screen *screen; /* NULL: all its requests are let in */
    struct dm_applications advertise;
    struct conf_timers timers;
    struct conf_limits limits;
    struct conf_compatibility compatibility;
};

/* users.bindings: where what is learnt of users is kept. */
struct conf_bindings {
    bool in_redis;     /* else in memory alone */
    uint32_t capacity; /* entries here */
    uint64_t lifetime; /* since the last use */
    uint64_t timeout;  /* of a look-up in Redis */
    bool is_cluster;
    uint32_t node_count;
    union conf_socket *nodes;
    const char *password; /* NULL: none */
};

/* `redirects`: what is done with a 3006 or a 3011 of a member. */
struct conf_redirects {
    bool follow;
    uint32_t hops;
    uint32_t cache; /* entries */
    uint32_t host_count;
    const dm_bytes *hosts; /* patterns of those that may be dialled */
    uint32_t realm_redirect_count;
    const uint32_t *realm_redirect; /* applications whose proxy routes follow a 3011 */
};

/* What a row of `peers` is while the agent runs; filled in before the snapshot is published. */
struct conf_seat {
    rt_peer peer;    /* of an exact identity: its slot on the board */
    uint32_t number; /* of its counters: by identity, never used again */
    uint16_t home;   /* its worker */
    bool is_drained; /* by an operator, when the snapshot was published */
    bool is_disabled;
};

enum conf_cleartext { CONF_CLEARTEXT_WARN, CONF_CLEARTEXT_ALLOW, CONF_CLEARTEXT_REFUSE };

struct conf {
    const char *file;
    const char *identity; /* lower case */
    const char *realm;
    uint32_t workers; /* 0: auto, cores - 1, at least one */
    bool spread;      /* placement: spread */
    enum conf_cleartext cleartext;
    struct dm_applications advertise;
    size_t listen_count;
    struct conf_endpoint *listen;
    struct conf_tls tls;
    struct conf_sctp sctp;
    struct conf_dns dns;
    struct conf_timers timers;
    struct conf_limits limits;
    bool has_http;
    union conf_socket http;
    const char *socket; /* of `antipode ctl`; NULL: none */
    int log_level;      /* enum log_level */
    bool log_json;
    struct conf_compatibility compatibility;
    struct conf_bindings bindings;
    struct conf_redirects redirects;
    size_t peer_count;
    struct conf_peer *peers;
    struct conf_seat *seats; /* of each row of `peers` */
    struct rt_tables
        tables; /* routes, pools, users; rt_member.peer_number is an index of `peers` */
    struct conf_policies *policies; /* NULL: none (conf_policies.h) */
    struct conf_digest digest;
    char hash[17]; /* of the file's octets, hex: for config_info */
};

/* Loads `path`. NULL with every mistake written to `complaints`, a line each: `FILE:LINE:COLUMN:
 * PATH: what is wrong`. */
struct conf *conf_load(const char *path, FILE *complaints);
/* The same, with those tables of subscribers of `before`, which may be NULL, whose files have not
 * changed. */
struct conf *conf_load_after(const char *path, const struct conf *before, FILE *complaints);
/* The same for octets that are in memory already; `name` stands for FILE. */
struct conf *conf_load_octets(const char *name, const void *octets, size_t size, FILE *complaints);
void conf_free(struct conf *conf);

/* The octets of a small file, to be freed, or NULL with a line in `complaints`. */
uint8_t *conf_file_read(const char *path, size_t *size, FILE *complaints);

/* The row that admits a peer of this identity from this source: exact before the longest suffix
 * before "*"; its index, or -1 (unknown_peer), or -2 where rows fit the identity but none the
 * source. `source` may be NULL: any. */
int conf_peer_for(const struct conf *conf, dm_bytes identity, const union conf_socket *source);

/* Is whoever has this identity a peer, there or not? A row for anybody says so of nobody. */
bool conf_means_peer(const struct conf *conf, dm_bytes identity);

/* May a host of this name be dialled because a redirect names it? RDR-08. */
bool conf_redirect_allows(const struct conf *conf, dm_bytes host);

/* May a peer of this row come from there? NULL: anywhere. */
bool conf_peer_takes(const struct conf_peer *peer, const union conf_socket *source);
/* May a peer of this row dial us by this transport? */
bool conf_peer_takes_transport(const struct conf_peer *peer, enum conf_transport transport);

/* How many listeners and connections of ours are tcp or sctp beyond loopback: worth a warning with
 * `cleartext: warn`. A host name is taken to be beyond it. */
size_t conf_cleartext_beyond_loopback(const struct conf *conf);
