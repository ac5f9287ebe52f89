/* link_net.h — what links share beside their loop: the transport, the certificates, the SCTP stack.
 *
 * A program has one carrier, opened before its threads start and closed when no link is left; each
 * loop has a net, which hears what the SCTP stack has for it. */
#pragma once

#include "agent/sctp/stack.h"
#include "bench/link_address.h"
#include "bench/loop.h"
#include "tls/context.h"

struct link_kind;

enum { LINK_LIST_MAX = 64 };

/* The values of an option that may be repeated. */
struct link_list {
    size_t count;
    const char *at[LINK_LIST_MAX];
};

/* As a command line says it. */
struct link_carrier_options {
    const char *transport;              /* tcp, tls, sctp or dtls */
    const char *certificate, *key, *ca; /* of tls and dtls; NULL: not given */
    const char *udp_port;               /* of sctp and dtls: ours; "any"; NULL: raw IP */
    struct link_list remote_udp_port;   /* of those that are dialled, in turn; the last is for all
                                           the others, too */
    bool is_server;                     /* it listens */
};

struct link_carrier {
    const struct link_kind *kind;
    struct tls_context *tls; /* NULL: of tcp and sctp */
    uint16_t udp_port;       /* of sctp and dtls: ours; 0: raw IP */
    bool has_associations;   /* the SCTP stack runs */
};

struct link_net {
    const struct link_carrier *carrier;
    struct loop *loop;
    uint8_t *plain; /* LOOP_BUFFER octets for what a conversation has decrypted in this turn */
    struct sctp_owner owner;
    struct loop_watch woken; /* by the SCTP stack; its descriptor is -1 where there is none */
};

enum { LINK_WHY_SIZE = TLS_WHY_SIZE + 64, LINK_UDP_PORT_USUAL = 9899 };

/* Do the options go together? False: `why` names the option. */
bool link_carrier_check(const struct link_carrier_options *options, char why[LINK_WHY_SIZE]);
/* One host, or several where the transport is multi-homed? */
bool link_carrier_takes(const struct link_carrier_options *options,
                        const struct link_address *address);
/* Sets the UDP port of address number `number` that is dialled (from 0), of options that go
 * together. */
void link_carrier_aim(const struct link_carrier_options *options, struct link_address *address,
                      size_t number);
/* Reads the files, starts the stack. False: `why` says what is missing. */
bool link_carrier_open(struct link_carrier *carrier, const struct link_carrier_options *options,
                       char why[LINK_WHY_SIZE]);
/* Waits a while for associations that are being shut. The nets are still open. */
void link_carrier_close(struct link_carrier *carrier);

/* 0 or a negative errno. */
int link_net_open(struct link_net *net, struct loop *loop, const struct link_carrier *carrier);
void link_net_close(struct link_net *net);
