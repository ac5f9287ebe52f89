/* transport.c — readers of `listen` and `connect`: which transport, which addresses, which ports.
 *
 * tcp and tls have one address; an SCTP association may have several at either end. A host name is
 * for `connect` alone, and stands alone. RFC 6733 §2.1; SEC-02, SCT-07, SCT-10. */
#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"

enum { PORT_CLEAR = 3868, PORT_SECURE = 5868, LISTENERS_MAX = 64 };

/* --- transports --- */

static void read_one(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *element)
{
    int transport = conf_find_word(reading, key, node);
    if (transport >= 0)
        *(unsigned *)element = CONF_TRANSPORT_BIT((unsigned)transport);
}

void conf_read_transports(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *field)
{
    const unsigned *bits = conf_read_list(reading, key, node, sizeof *bits, read_one);
    for (size_t i = 0; i < conf_list_count(node); i++)
        *(unsigned *)field |= bits[i];
    if (node->kind == CONF_LIST && node->count == 0)
        conf_complain(reading, node, "no transport at all; left out: any");
}

/* --- addresses --- */

/* Digits and dots alone were meant as an address. */
static bool looks_like_address(const char *text)
{
    return strchr(text, ':') || text[strspn(text, "0123456789./")] == '\0';
}

void conf_read_address(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text && !conf_parse_address(text, field))
        conf_complain(reading, node, "`%s` is no IP address", text);
}

/* Of several addresses each is another one. */
static void read_element(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *element)
{
    const union conf_socket *socket = element;
    conf_read_address(reading, key, node, element);
    size_t number = reading->path->index;
    for (size_t i = 1; i <= number && socket->any.sa_family; i++)
        if (conf_is_same_socket(socket - i, socket))
            conf_complain(reading, node, "the same as address[%zu]", number - i);
}

static void read_list(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, struct conf_addresses *addresses)
{
    if (node->count == 0 || node->count > CONF_ADDRESSES_MAX) {
        conf_complain(reading, node, "1 to %d addresses are wanted here", CONF_ADDRESSES_MAX);
        return;
    }
    const union conf_socket *all = conf_read_list(reading, key, node, sizeof *all, read_element);
    addresses->count = (uint8_t)node->count;
    memcpy(addresses->at, all, node->count * sizeof *all);
}

void conf_read_addresses(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *field)
{
    struct conf_addresses *addresses = field;
    if (node->kind == CONF_LIST) {
        read_list(reading, key, node, addresses);
        return;
    }
    addresses->count = 1;
    conf_read_address(reading, key, node, addresses->at);
}

static bool is_host(const struct conf_node *node)
{
    return node->kind == CONF_SCALAR && !looks_like_address(node->text) &&
           dm_identity_is_valid(dm_bytes_of(node->text, node->size));
}

void conf_read_host(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    struct conf_written *written = conf_record_of(key, field);
    if (is_host(node))
        written->name = conf_identity(reading, node, false);
    else
        conf_read_addresses(reading, key, node, field);
}

/* --- ports --- */

void conf_read_udp_port(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    uint32_t port = 0;
    if (!conf_is_word(node, "none"))
        conf_read_number(reading, key, node, &port);
    *(uint16_t *)field = (uint16_t)port;
}

static uint16_t port_of(const struct conf_written *written)
{
    if (written->port != CONF_PORT_DEFAULT)
        return (uint16_t)written->port;
    return conf_is_secure((enum conf_transport)written->transport) ? PORT_SECURE : PORT_CLEAR;
}

/* --- what goes with what --- */

static bool is_everywhere(const union conf_socket *address)
{
    return address->any.sa_family == AF_INET ? address->v4.sin_addr.s_addr == htonl(INADDR_ANY)
                                             : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

/* The other side is told every address that the association has. */
static void check_sctp_addresses(struct conf_reading *reading, const struct conf_node *node,
                                 const struct conf_endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->addresses.count; i++)
        if (is_everywhere(&endpoint->addresses.at[i]))
            conf_complain_key(reading, node, "address",
                              "%s has its addresses named one by one: the other side is told them",
                              conf_transport_name(endpoint->transport));
}

static void check_over_tcp(struct conf_reading *reading, const struct conf_node *node,
                           const struct conf_endpoint *endpoint)
{
    const char *name = conf_transport_name(endpoint->transport);
    if (endpoint->addresses.count > 1)
        conf_complain_key(reading, node, "address",
                          "%s has one address; several are for sctp and dtls", name);
    if (endpoint->udp_port)
        conf_complain_key(reading, node, "udp_port", "is for sctp and dtls; this is %s", name);
}

static void check_over_sctp(struct conf_reading *reading, const struct conf_node *node,
                            const struct conf_endpoint *endpoint)
{
    check_sctp_addresses(reading, node, endpoint);
    if (endpoint->udp_port && !reading->conf->sctp.udp_port)
        conf_complain_key(reading, node, "udp_port",
                          "needs `sctp.udp_port`: answers come to that port");
}

static bool is_beyond_loopback(const struct conf_endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->addresses.count; i++)
        if (!conf_is_loopback(&endpoint->addresses.at[i]))
            return true;
    return endpoint->name != NULL;
}

bool conf_is_cleartext(const struct conf_endpoint *endpoint)
{
    return !conf_is_secure(endpoint->transport) && is_beyond_loopback(endpoint);
}

static void check_security(struct conf_reading *reading, const struct conf_node *node,
                           const struct conf_endpoint *endpoint)
{
    const struct conf *conf = reading->conf;
    if (conf_is_secure(endpoint->transport) && !conf->tls.is_given)
        conf_complain_key(reading, node, "transport", "`%s` needs the certificates of `tls`",
                          conf_transport_name(endpoint->transport));
    if (conf->cleartext == CONF_CLEARTEXT_REFUSE && conf_is_cleartext(endpoint))
        conf_complain_key(reading, node, "address",
                          "beyond loopback without TLS, which `cleartext: refuse` forbids");
}

/* Is there anything to check, or was a mistake found already? */
static bool is_whole(const struct conf_written *written)
{
    for (unsigned i = 0; i < written->addresses.count; i++)
        if (!written->addresses.at[i].any.sa_family)
            return false;
    return written->transport >= 0 && (written->name || written->addresses.count);
}

static void take(struct conf_endpoint *endpoint, const struct conf_written *written)
{
    *endpoint = (struct conf_endpoint){
        .transport = (enum conf_transport)written->transport,
        .port = port_of(written),
        .udp_port = written->udp_port,
        .name = written->name,
        .addresses = written->addresses,
    };
    for (unsigned i = 0; i < endpoint->addresses.count; i++)
        endpoint->addresses.at[i] = conf_with_port(written->addresses.at[i], endpoint->port);
}

void conf_read_endpoint(struct conf_reading *reading, const struct conf_node *node,
                        enum conf_map map, struct conf_endpoint *endpoint)
{
    struct conf_written written = {.transport = -1, .port = CONF_PORT_DEFAULT};
    conf_read_map(reading, node, map, &written);
    if (!is_whole(&written))
        return;
    take(endpoint, &written);
    if (conf_is_over_sctp(endpoint->transport))
        check_over_sctp(reading, node, endpoint);
    else
        check_over_tcp(reading, node, endpoint);
    check_security(reading, node, endpoint);
}

void conf_read_http(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    (void)key;
    struct conf_written written = {0};
    reading->conf->has_http = !conf_is_word(node, "none");
    if (reading->conf->has_http)
        conf_read_map(reading, node, CONF_HTTP, &written);
    *(union conf_socket *)field = conf_with_port(written.addresses.at[0], (uint16_t)written.port);
}

/* --- listeners --- */

/* tls is tcp to the system, as dtls is sctp. Port 0 is another one each time. */
static bool is_same_place(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
    if (conf_is_over_sctp(a->transport) != conf_is_over_sctp(b->transport) || a->port == 0)
        return false;
    if (a->port == 0 && a->transport != b->transport)
        return false; /* two ports that are free */
    for (unsigned i = 0; i < a->addresses.count; i++)
        for (unsigned j = 0; j < b->addresses.count; j++)
            if (conf_is_same_socket(&a->addresses.at[i], &b->addresses.at[j]))
                return true;
    return false;
}

static void read_listener(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *element)
{
    struct conf_endpoint *listen = element;
    (void)key;
    conf_read_endpoint(reading, node, CONF_LISTENER, listen);
    size_t number = reading->path->index;
    for (size_t i = 1; i <= number; i++)
        if (is_same_place(listen - i, listen))
            conf_complain(reading, node, "the same as listen[%zu]", number - i);
}

void conf_read_listen(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    size_t count = conf_list_count(node);
    if (node->kind == CONF_LIST && (count == 0 || count > LISTENERS_MAX)) {
        conf_complain(reading, node, "1 to %d listeners are wanted here", LISTENERS_MAX);
        return;
    }
    *(struct conf_endpoint **)field =
        conf_read_list(reading, key, node, sizeof(struct conf_endpoint), read_listener);
    reading->conf->listen_count = count;
}
