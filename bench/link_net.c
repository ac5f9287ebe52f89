/* link_net.c — the transport of a program's links: certificates read once, the SCTP stack started
 * once, and for each loop an event that the stack's threads wake it by. */
#include "bench/link_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench/link_assoc.h"

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

enum { QUIET = 2, SHUT_TRIES = 150 };

static const struct transport {
    const char *name;
    const struct link_kind *kind;
    bool is_secure, has_associations;
} transports[] = {
    {"tcp", &link_tcp, false, false},
    {"tls", &link_tls, true, false},
    {"sctp", &link_sctp, false, true},
    {"dtls", &link_dtls, true, true},
};

static const struct transport *transport_named(const char *name)
{
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
        if (strcmp(transports[i].name, name) == 0)
            return &transports[i];
    return NULL;
}

/* ---- options ---- */

static bool complain(char why[LINK_WHY_SIZE], const char *what)
{
    snprintf(why, LINK_WHY_SIZE, "%s", what);
    return false;
}

static bool check_files(const struct link_carrier_options *options, bool is_secure,
                        char why[LINK_WHY_SIZE])
{
    if (!is_secure && (options->certificate || options->key || options->ca))
        return complain(why, "--tls-certificate, --tls-key and --tls-ca are of tls and dtls");
    if (options->certificate && !options->key)
        return complain(why, "--tls-key is missing: that of --tls-certificate");
    if (options->key && !options->certificate)
        return complain(why, "--tls-certificate is missing: that of --tls-key");
    if (is_secure && options->is_server && !options->certificate)
        return complain(why, "--tls-certificate and --tls-key are missing: who listens shows one");
    return true;
}

/* 1 to 65535; 0: it is no port. */
static uint16_t read_port(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    return *end || text[0] < '1' || text[0] > '9' || number > UINT16_MAX ? 0 : (uint16_t)number;
}

static bool check_ports(const struct link_carrier_options *options, bool has_associations,
                        char why[LINK_WHY_SIZE])
{
    const struct link_list *remote = &options->remote_udp_port;
    const char *ours = options->udp_port;
    if (!has_associations && (ours || remote->count))
        return complain(why, "--udp-port and --remote-udp-port are of sctp and dtls");
    if (!ours && remote->count)
        return complain(why, "--udp-port is missing: --remote-udp-port is the other side's");
    if (ours && strcmp(ours, "any") != 0 && !read_port(ours)) {
        snprintf(why, LINK_WHY_SIZE, "--udp-port: '%.40s' is neither a port nor 'any'", ours);
        return false;
    }
    for (size_t i = 0; i < remote->count; i++)
        if (!read_port(remote->at[i])) {
            snprintf(why, LINK_WHY_SIZE, "--remote-udp-port: '%.40s' is no port", remote->at[i]);
            return false;
        }
    return true;
}

bool link_carrier_check(const struct link_carrier_options *options, char why[LINK_WHY_SIZE])
{
    const struct transport *transport = transport_named(options->transport);
    if (!transport) {
        snprintf(why, LINK_WHY_SIZE, "--transport: '%.40s' is none of tcp, tls, sctp and dtls",
                 options->transport);
        return false;
    }
    return check_ports(options, transport->has_associations, why) &&
           check_files(options, transport->is_secure, why);
}

bool link_carrier_takes(const struct link_carrier_options *options,
                        const struct link_address *address)
{
    return address->count == 1 || transport_named(options->transport)->has_associations;
}

void link_carrier_aim(const struct link_carrier_options *options, struct link_address *address,
                      size_t number)
{
    const struct link_list *remote = &options->remote_udp_port;
    if (!options->udp_port)
        return;
    if (remote->count == 0)
        address->udp_port = LINK_UDP_PORT_USUAL;
    else
        address->udp_port =
            read_port(remote->at[number < remote->count ? number : remote->count - 1]);
}

/* ---- the carrier ---- */

static bool read_files(struct link_carrier *carrier, const struct link_carrier_options *options,
                       char why[LINK_WHY_SIZE])
{
    const struct tls_options files = {
        .certificate = options->certificate,
        .private_key = options->key,
        .ca = options->ca,
        .minimum_version = TLS_VERSION_1_2,
        .verify = options->ca ? TLS_VERIFY_REQUIRED : TLS_VERIFY_NONE,
    };
    carrier->tls = tls_context_new(&files, why);
    return carrier->tls != NULL;
}

/* One that is free now: nobody can ask the stack which it took. */
static uint16_t free_udp_port(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    struct sockaddr_in any4 = {.sin_family = AF_INET};
    socklen_t size = sizeof(any);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
        getsockname(fd, (struct sockaddr *)&any, &size) == 0) {
        close(fd);
        return ntohs(any.sin6_port);
    }
    if (fd >= 0)
        close(fd);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size = sizeof(any4);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&any4, sizeof(any4)) == 0)
        (void)getsockname(fd, (struct sockaddr *)&any4, &size);
    if (fd >= 0)
        close(fd);
    return ntohs(any4.sin_port);
}

/* Other programs on this machine have stacks of their own: we keep silent about what is theirs. */
static bool start_stack(struct link_carrier *carrier, const struct link_carrier_options *options,
                        char why[LINK_WHY_SIZE])
{
    struct sctp_settings settings = sctp_settings_usual();
    if (options->udp_port) {
        uint16_t port = read_port(options->udp_port);
        carrier->udp_port = port ? port : free_udp_port();
    }
    settings.udp_port = carrier->udp_port;
    settings.blackhole = QUIET;
    settings.message_size = LINK_MESSAGE_MAX;
    carrier->has_associations = sctp_stack_open(&settings, why, LINK_WHY_SIZE);
    return carrier->has_associations;
}

bool link_carrier_open(struct link_carrier *carrier, const struct link_carrier_options *options,
                       char why[LINK_WHY_SIZE])
{
    const struct transport *transport = transport_named(options->transport);
    *carrier = (struct link_carrier){.kind = transport->kind};
    if (transport->is_secure && !read_files(carrier, options, why))
        return false;
    return !transport->has_associations || start_stack(carrier, options, why);
}

void link_carrier_close(struct link_carrier *carrier)
{
    const struct timespec pause = {.tv_nsec = 10 * (long)LOOP_MS};
    for (int i = 0; carrier->has_associations && i < SHUT_TRIES; i++) {
        if (sctp_stack_close())
            carrier->has_associations = false;
        else
            (void)nanosleep(&pause, NULL);
    }
    tls_context_unref(carrier->tls);
    carrier->tls = NULL;
}

/* ---- a loop's part ---- */

static void wake(void *context)
{
    const struct link_net *net = context;
    (void)eventfd_write(net->woken.fd, 1); /* it overflows after 2^64 */
}

static void on_association(void *context, struct assoc *assoc)
{
    struct link_woken *woken = assoc_user(assoc);
    (void)context;
    woken->woken(woken);
}

static void on_woken(struct loop_watch *watch, uint32_t events)
{
    struct link_net *net = OWNER(struct link_net, woken, watch);
    eventfd_t count;
    (void)events;
    (void)eventfd_read(watch->fd, &count);
    sctp_owner_look(&net->owner, on_association, net);
}

int link_net_open(struct link_net *net, struct loop *loop, const struct link_carrier *carrier)
{
    *net = (struct link_net){.carrier = carrier, .loop = loop, .woken = {.fd = -1}};
    if (carrier->tls) {
        net->plain = malloc(LOOP_BUFFER);
        if (!net->plain)
            return -ENOMEM;
    }
    if (!carrier->has_associations)
        return 0;
    net->owner = (struct sctp_owner){.wake = wake, .context = net};
    net->woken = (struct loop_watch){
        .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .events = EPOLLIN, .ready = on_woken};
    return net->woken.fd < 0 ? -errno : loop_watch(loop, &net->woken);
}

void link_net_close(struct link_net *net)
{
    if (net->woken.fd >= 0)
        close(net->woken.fd);
    free(net->plain);
}
