/* lab_kind.h — what carries the octets of scripted peers: tcp, tls, sctp or dtls. Of the harness.
 *
 * All of a lab's peers are of the kind that its plan or the environment (LAB_TRANSPORT) names. A
 * kind moves octets as a peer would who has never heard of Antipode's own wires; for TLS, SCTP and
 * DTLS it uses the libraries below them (tls/, agent/sctp/). Nothing here blocks. */
#pragma once

#include "tests/lab/lab_private.h"

struct lab_kind {
    const char *name;  /* as the configuration has it */
    bool has_messages; /* a write is a message whole; else octets as they come */
    bool is_secure;    /* wants certificates */
    bool is_sctp;      /* wants the SCTP stack */

    /* At server->port, or any where that is 0, which then is it. 0 or -errno. */
    int (*listen)(struct lab *lab, struct lab_server *server);
    void (*unlisten)(struct lab_server *server);
    /* Connects to the agent. False: nobody listens there, errno says why. */
    bool (*dial)(struct lab_peer *peer);
    /* Takes who waits at this server. False: nobody does. */
    bool (*accept)(struct lab_peer *peer, struct lab_server *server);
    /* Is there still something to do before messages may travel? NULL: never. */
    bool (*is_shaking)(const struct lab_peer *peer);

    /* What lab_serve shall poll peer->fd for. Of a peer without descriptor not 0: it wants a look.
     */
    short (*wants)(const struct lab_peer *peer);
    /* Its turn: what came goes to lab_peer_take and lab_peer_ended, if lab_is_read. */
    void (*look)(struct lab_peer *peer, int events);
    /* Returns how much it took; all, where nobody will read it any more. */
    size_t (*write)(struct lab_peer *peer, const void *octets, size_t size);
    void (*finish)(struct lab_peer *peer);
    /* Frees what is its own. */
    void (*close)(struct lab_peer *peer, bool reset);
};

extern const struct lab_kind lab_tcp, lab_tls, lab_sctp, lab_dtls;

/* What this plan asks for, or else the environment. */
const struct lab_kind *lab_kind_of(const struct lab_plan *plan);

/* --- lab_peer.c, for kinds --- */

/* Octets that came: as many as there were, or one message. */
void lab_peer_take(struct lab_peer *peer, const void *octets, size_t size);
void lab_peer_ended(struct lab_peer *peer, bool was_reset);
bool lab_is_read(const struct lab_peer *peer);
bool lab_is_shaking(const struct lab_peer *peer);

/* --- lab_tcp.c, for kinds over it --- */

int lab_tcp_listen(struct lab *lab, struct lab_server *server);
void lab_tcp_unlisten(struct lab_server *server);
bool lab_tcp_dial(struct lab_peer *peer);
bool lab_tcp_accept(struct lab_peer *peer, struct lab_server *server);
/* A socket that is connected. */
void lab_tcp_take(struct lab_peer *peer, int fd);
/* Octets that have come: how many; 0: none now, or the peer has ended. */
size_t lab_tcp_read(struct lab_peer *peer, void *room, size_t size);
size_t lab_tcp_write(struct lab_peer *peer, const void *octets, size_t size);
void lab_tcp_finish(struct lab_peer *peer);
void lab_tcp_close(struct lab_peer *peer, bool reset);

/* --- lab_tls.c --- */

struct tls_context;
/* Of this identity: one for each in a lab. */
struct tls_context *lab_tls_context(struct lab *lab, const char *identity);
void lab_tls_free(struct lab *lab);
/* The folder where certificates.sh has put ca.pem and IDENTITY.pem. */
const char *lab_certificates(void);

/* --- lab_assoc.c --- */

void lab_stack_open(struct lab *lab);
void lab_stack_close(struct lab *lab);
/* Readable when it has something; -1: there is no stack. */
int lab_stack_descriptor(const struct lab *lab);
void lab_stack_look(struct lab *lab);
