/* lab.h — the real agent on loopback, and peers that do exactly what a test says.
 *
 * A test starts a lab (one agent, its configuration, its clock), opens scripted peers, sends and
 * expects, and ends the lab, which checks the agent's exit status, its log and its ledger. Peers
 * are sockets in the test's own thread; while one is waited for, all are served. They speak tcp, or
 * the transport that LAB_TRANSPORT names (lab_kind.h). The lab reads and writes octets by itself,
 * so that a mistake of proto/ is not checked with its own eyes. Names of the test bed are those of
 * the requirements: A is m.agent.example, clients live in edge.example, servers in core.example. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <criterion/criterion.h>
#include <jansson.h>

#define A_HOST  "m.agent.example"
#define A_REALM "agent.example"
#define C1      "c1.edge.example"
#define C2      "c2.edge.example"
#define S1      "s1.core.example"
#define S2      "s2.core.example"
#define R1      "r1.transit.example"
#define ALICE   "sip:alice@core.example"

enum { LAB_SERVERS_MAX = 6, LAB_DEADLINE_MS = 30000 };

/* Header flags, commands, applications and AVP codes, as the RFCs number them. */
enum { R = 0x80, P = 0x40, E = 0x20, T = 0x10 };
enum {
    CER = 257,
    DWR = 280,
    DPR = 282,
    UAR = 283,
    LIR = 285,
    RTR = 287,
    PPR = 288,
    CX_LIR = 302,
    CX_RTR = 304
};
enum { APP_SIP = 6, APP_CX = 16777216, APP_SH = 16777217 };
#define APP_RELAY UINT32_C(0xffffffff)
enum { VENDOR_3GPP = 10415 };
enum {
    USER_NAME = 1,
    SIP_AOR = 122,
    HOST_IP_ADDRESS = 257,
    AUTH_APPLICATION_ID = 258,
    ACCT_APPLICATION_ID = 259,
    VENDOR_SPECIFIC_APPLICATION_ID = 260,
    SESSION_ID = 263,
    ORIGIN_HOST = 264,
    SUPPORTED_VENDOR_ID = 265,
    VENDOR_ID = 266,
    FIRMWARE_REVISION = 267,
    RESULT_CODE = 268,
    PRODUCT_NAME = 269,
    DISCONNECT_CAUSE = 273,
    AUTH_SESSION_STATE = 277,
    ORIGIN_STATE_ID = 278,
    FAILED_AVP = 279,
    PROXY_STATE = 33,
    PROXY_HOST = 280,
    ERROR_MESSAGE = 281,
    ROUTE_RECORD = 282,
    DESTINATION_REALM = 283,
    PROXY_INFO = 284,
    DESTINATION_HOST = 293,
    ERROR_REPORTING_HOST = 294,
    ORIGIN_REALM = 296,
    EXPERIMENTAL_RESULT = 297,
    EXPERIMENTAL_RESULT_CODE = 298,
    INBAND_SECURITY_ID = 299,
};
enum { M = 0x40, V = 0x80 };

/* --- messages (lab_message.c): live until the lab ends --- */

struct lab_message {
    uint8_t *octets;
    size_t size;
    size_t room;
    struct lab_message *next; /* in an inbox */
    struct lab_message *all;  /* in the list of all, for lab_fini */
};

struct lab_avp {
    uint32_t code;
    uint32_t vendor;
    uint8_t flags;
    size_t length; /* header and value, without padding */
    const uint8_t *value;
    size_t size;
};

struct lab_message *lab_message_new(uint8_t flags, uint32_t command, uint32_t application,
                                    uint32_t hop_by_hop, uint32_t end_to_end);
/* A request with identifiers that no other request of this test has. */
struct lab_message *lab_request(uint8_t flags, uint32_t command, uint32_t application);
struct lab_message *lab_copy(const struct lab_message *message);
struct lab_message *lab_from_octets(const void *octets, size_t size);
/* Octets of both, one behind the other: for one write. */
struct lab_message *lab_join(struct lab_message *first, const struct lab_message *second);
void lab_messages_free(void);

/* Each changes the message and returns it, so that they can be nested. */
struct lab_message *with_avp(struct lab_message *message, uint32_t vendor, uint32_t code,
                             uint8_t flags, const void *value, size_t size);
struct lab_message *with_text(struct lab_message *message, uint32_t code, const char *text);
struct lab_message *with_number(struct lab_message *message, uint32_t code, uint32_t number);
struct lab_message *with_octets(struct lab_message *message, const void *octets, size_t size);
struct lab_message *with_group(struct lab_message *message, uint32_t code,
                               const struct lab_message *inner);
struct lab_message *with_flags(struct lab_message *message, uint8_t flags);
struct lab_message *with_ids(struct lab_message *message, uint32_t hop_by_hop, uint32_t end_to_end);
struct lab_message *with_command(struct lab_message *message, uint32_t command,
                                 uint32_t application);
struct lab_message *with_length(struct lab_message *message, uint32_t length);
struct lab_message *with_version(struct lab_message *message, uint8_t version);
struct lab_message *without(struct lab_message *message, uint32_t code);

uint8_t lab_flags(const struct lab_message *message);
uint32_t lab_command(const struct lab_message *message);
uint32_t lab_application(const struct lab_message *message);
uint32_t lab_hop_by_hop(const struct lab_message *message);
uint32_t lab_end_to_end(const struct lab_message *message);

/* The next AVP of a chain; `offset` starts at 20 for a message, at 0 for a group. False at the end
 * or where it is malformed: then the offset is not `size`. */
bool lab_next(const uint8_t *chain, size_t size, size_t *offset, struct lab_avp *avp);
/* The nth AVP (from 0) of this code and vendor 0; false where there is none. */
bool lab_nth(const struct lab_message *message, uint32_t code, unsigned n, struct lab_avp *avp);
unsigned lab_count(const struct lab_message *message, uint32_t code);
/* Text of the nth; "" where there is none. Lives in the lab. */
const char *lab_text(const struct lab_message *message, uint32_t code, unsigned n);
uint32_t lab_number(const struct lab_message *message, uint32_t code);
uint32_t lab_result(const struct lab_message *message);
/* Version 1, a length in fours, and AVPs to the very end. */
bool lab_is_well_formed(const struct lab_message *message);

/* --- the lab: agent, configuration, clock (lab_agent.c, lab_config.c, lab_clock.c) --- */

/* What a test wants otherwise than usual. Texts are YAML in flow style, put where their names say.
 */
struct lab_plan {
    const char
        *servers[LAB_SERVERS_MAX]; /* the agent dials these; none named: S1; "" first: none */
    unsigned workers;              /* 2 */
    bool packed;                   /* else placement: spread */
    const char *identity;          /* A_HOST */
    const char *timers;            /* "request: 60s, watchdog: 6s" */
    const char *limits;
    const char *compatibility;
    const char *advertise; /* "relay, sip, cx, sh" */
    const char *clients;   /* rows of `peers`, instead of the pattern *.edge.example */
    const char *peers;     /* further rows of `peers` */
    const char *pool;      /* keys of the pool `core`: "retry: { attempts: 3 }" */
    const char *pools;     /* further rows of `pools` */
    const char *routes;    /* instead of core.example -> relay to pool core */
    const char *more;      /* further keys of the file, whole lines: "users: { ... }" */
    bool ipv6;             /* all on ::1 instead of 127.0.0.1 */
    int receive_buffer;    /* SO_RCVBUF of the servers, for those that stop reading */
    const char *transport; /* of all connections: tcp, or what LAB_TRANSPORT says */
};

/* For `.description` of a test that is not for all transports: those it is for. */
#define LAB_TCP     "tcp"
#define LAB_STREAMS "tcp tls"

struct assoc;

struct lab_server {
    const char *identity;
    int listener; /* -1: nobody listens */
    struct assoc *assoc;
    uint16_t port;
};

struct lab_context;
struct lab_kind;
struct lab_stack;

struct lab {
    struct lab_plan plan;
    char folder[64];
    char config[96];
    char log[96];
    char socket[96]; /* the control socket */
    pid_t agent;
    uint16_t port;
    uint16_t http_port;
    const struct lab_kind *kind;  /* what carries the peers' octets */
    struct lab_context *contexts; /* of tls and dtls */
    struct lab_stack *stack;      /* of sctp and dtls */
    uint16_t udp_port;            /* of the agent's associations */
    struct lab_server servers[LAB_SERVERS_MAX];
    size_t server_count;
    struct lab_peer **peers;
    size_t peer_count;
    struct clock_page *clock;
    bool is_stopping;    /* SIGTERM was sent */
    bool ledger_is_open; /* set by tests that end while requests are on their way */
};

/* Writes the configuration, takes free ports, starts the agent and waits until it answers on HTTP.
 */
struct lab *lab_start(struct lab_plan plan);
/* SIGTERM; the peers answer its DPR; exit status 0, a quiet log and a balanced ledger are asserted.
 */
void lab_end(struct lab *lab);
/* Ends a lab whose servers will not answer any more what they have. */
void lab_end_with_pending(struct lab *lab);
/* Only the SIGTERM: what comes then is the test's matter, until lab_end. */
void lab_stop(struct lab *lab);
/* For `.fini`: ends by force what a failed test left behind, and shows the agent's log. */
void lab_fini(void);
/* Another plan: its configuration is written, and the agent told by SIGHUP. Servers that are new in
 * it listen; those it does not name are in the file no more. Waits until the reload has ended;
 * false where it was refused. */
bool lab_reload(struct lab *lab, struct lab_plan plan);
/* The same agent again, after SIGKILL: another process, the same ports. */
void lab_restart(struct lab *lab);
/* Fails the test: what, and the end of the agent's log. */
_Noreturn void lab_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool lab_log_has(struct lab *lab, const char *text);
void lab_wait_log(struct lab *lab, const char *text);
/* Runs the agent with this configuration until it ends by itself; its standard error in `said`.
 * Returns the exit status. */
int lab_run_to_end(const char *command, const char *yaml, char *said, size_t room);
/* The same with a file that is there, or is not. */
int lab_run_file(const char *command, const char *config, char *said, size_t room);
uint16_t lab_free_port(void);
uint16_t lab_free_udp_port(void);
/* A socket that listens on a port of the loopback address, on any where it is 0; negative where
 * that cannot be. */
int lab_listen_on(bool ipv6, uint16_t *port);
uint64_t lab_resident_memory(struct lab *lab); /* octets */

void lab_clock_open(struct lab *lab, const char *path);
void lab_clock_close(struct lab *lab);
/* Moves the agent's clock by `ms` in steps; after each all its threads have run what was due. Peers
 * are served meanwhile. */
void lab_advance(struct lab *lab, unsigned ms, unsigned step_ms);
/* The agent's time: that of the machine, and what the lab has added. */
uint64_t lab_agent_ms(const struct lab *lab);

/* --- metrics (lab_metrics.c) --- */

/* Body of a GET, or NULL; the status in `status`. Free it. */
char *lab_get(struct lab *lab, const char *path, int *status);
/* One sample, by its name with labels as it stands in /metrics; 0 where there is none. */
double lab_metric(struct lab *lab, const char *sample);
/* The sum over all samples of this name whose labels contain `label`. */
double lab_metric_sum(struct lab *lab, const char *name, const char *label);
void lab_wait_metric(struct lab *lab, const char *sample, double value);
void lab_wait_metric_sum(struct lab *lab, const char *name, const char *label, double value);
/* Messages of the base protocol that the agent has sent, less those that it has received, but for
 * CERs on their way: it grows by each DWR and falls by its DWA. */
double lab_owed(struct lab *lab);
/* Requests received = requests ended + requests in flight. */
void lab_expect_balance(struct lab *lab);

/* --- the control socket (lab_control.c): answers live until the lab ends --- */

/* One line, and the object that comes back. Peers are served meanwhile. */
json_t *lab_ask(struct lab *lab, const char *line);
/* What stands at "peers.0.state"; NULL where nothing does. */
json_t *lab_at(json_t *json, const char *path);
/* The text there; "(none)" where there is none. */
const char *lab_word(json_t *json, const char *path);
/* The integer there. */
long long lab_count_at(json_t *json, const char *path);
/* What `peers` says of this one; NULL where it is not known. */
json_t *lab_peer_row(struct lab *lab, const char *identity);
void lab_wait_state(struct lab *lab, const char *identity, const char *state);
/* For those who speak by themselves: a connection, and the next answer (free it). */
int lab_control_dial(struct lab *lab);
char *lab_control_read(struct lab *lab, int fd);
/* Frees it with the lab. */
json_t *lab_keep(json_t *json);

/* --- peers (lab_peer.c, lab_talk.c) --- */

struct lab_peer {
    struct lab *lab;
    char identity[256];
    char realm[256];
    const struct lab_kind *kind;
    int fd;        /* -1: it has none, or is closed */
    void *carried; /* the kind's own */
    uint8_t *in;
    size_t in_size, in_room;
    uint8_t *out;
    size_t out_size, out_room;
    struct lab_message *inbox, **inbox_end;
    size_t received;      /* messages, all told */
    unsigned watchdogs;   /* DWRs received */
    size_t answered;      /* requests that auto_result answered */
    bool paused;          /* does not read */
    bool no_watchdog;     /* DWRs are left to the test, not answered */
    bool auto_disconnect; /* DPRs are answered, and the connection closed */
    uint32_t auto_result; /* not 0: every other request is answered with it */
    bool ended;           /* the other side has closed */
    bool was_reset;       /* with a RST */
    bool is_closed;       /* by us */
};

/* Opens a connection to the agent, up to the end of the handshake if there is one; nothing is said
 * yet. */
struct lab_peer *lab_dial(struct lab *lab, const char *identity);
/* A scripted peer on a TCP socket that is open already. */
struct lab_peer *lab_peer_on(struct lab *lab, const char *identity, int fd);
/* Takes the connection that the agent opens to this server; nothing is said yet. */
struct lab_peer *lab_accept(struct lab *lab, const char *identity);
/* The same, while the agent's clock advances by at most `ms`. */
struct lab_peer *lab_accept_within(struct lab *lab, const char *identity, unsigned ms,
                                   unsigned step_ms);
/* Nobody listens at this server's address any more, or somebody again. */
void lab_stop_listening(struct lab *lab, const char *identity);
void lab_listen_again(struct lab *lab, const char *identity);

/* Open peers: CER and CEA are done, and the agent knows it. */
struct lab_peer *lab_client(struct lab *lab, const char *identity);
struct lab_peer *lab_server(struct lab *lab, const char *identity);
/* The server's side from CER to open, on an accepted connection. */
void lab_answer_cer(struct lab_peer *server);

void lab_send(struct lab_peer *peer, const struct lab_message *message);
void lab_send_octets(struct lab_peer *peer, const void *octets, size_t size);
/* Queues without waiting until it is written. */
void lab_push(struct lab_peer *peer, const struct lab_message *message);
void lab_finish(struct lab_peer *peer); /* FIN */
void lab_close(struct lab_peer *peer);
void lab_reset(struct lab_peer *peer); /* RST */

/* Serves all peers once, for at most `ms`. */
void lab_serve(struct lab *lab, int ms);
/* Milliseconds of real time, for deadlines. */
uint64_t lab_now_ms(void);

/* The usual bed: the lab, the servers that the plan names, one client; all open. */
struct lab_bed {
    struct lab *lab;
    struct lab_peer *c1, *s1, *s2;
};
struct lab_bed lab_bed(struct lab_plan plan);

/* --- what peers say (lab_talk.c) --- */

/* The standard request LIR6 of the requirements, from this peer. */
struct lab_message *lab_lir(const struct lab_peer *from, const char *aor);
/* The same for another command or application. */
struct lab_message *lab_request_from(const struct lab_peer *from, uint32_t command,
                                     uint32_t application);
/* A request of a server to a client by Destination-Host. */
struct lab_message *lab_push_request(const struct lab_peer *from, uint32_t command,
                                     const char *to_host, const char *to_realm);
struct lab_message *lab_cer(const struct lab_peer *peer);
struct lab_message *lab_cea(const struct lab_peer *peer, const struct lab_message *cer,
                            uint32_t result);
struct lab_message *lab_dwr(const struct lab_peer *peer);
struct lab_message *lab_dpr(const struct lab_peer *peer, uint32_t cause);
/* An answer with the request's identifiers, Session-Id, Origin-Host, Origin-Realm and Result-Code.
 * E for 3xxx. */
struct lab_message *lab_answer_to(const struct lab_peer *peer, const struct lab_message *request,
                                  uint32_t result);
void lab_answer(struct lab_peer *peer, const struct lab_message *request, uint32_t result);

/* --- expectations (lab_expect.c): wait with a deadline, and fail the test --- */

/* The next message of any kind; NULL where the connection ended. */
struct lab_message *lab_take(struct lab_peer *peer);
struct lab_message *lab_expect(struct lab_peer *peer, uint32_t command);
/* The next message is the answer to `request`. */
struct lab_message *lab_expect_answer(struct lab_peer *peer, const struct lab_message *request);
struct lab_message *lab_expect_result(struct lab_peer *peer, const struct lab_message *request,
                                      uint32_t result);
/* The answer is the agent's own and has the form of ERR-01 to ERR-06. */
struct lab_message *lab_expect_error(struct lab_peer *peer, const struct lab_message *request,
                                     uint32_t result);
/* The answer of `request` among all that arrive, in any order. */
struct lab_message *lab_await_answer(struct lab_peer *peer, const struct lab_message *request);
/* Nothing arrives before the answer to a DWR. */
void lab_expect_silence(struct lab_peer *peer);
/* The other side closes, and says nothing before. */
void lab_expect_closed(struct lab_peer *peer);
void lab_expect_reset(struct lab_peer *peer);
void lab_wait_inbox(struct lab_peer *peer, size_t messages);
size_t lab_inbox_size(const struct lab_peer *peer);
/* The server gets the request, but for what a relay may change; answers it, and the client gets the
 * answer. */
struct lab_message *lab_expect_relayed(struct lab_peer *client, struct lab_peer *server,
                                       const struct lab_message *request);
/* A request travels from `client` to `server` and its answer back. */
void lab_expect_service(struct lab_peer *client, struct lab_peer *server);
