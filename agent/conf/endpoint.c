/* endpoint.c — addresses, ports and source networks. Addresses are IP literals. */
#include "agent/conf/endpoint.h"

#include <arpa/inet.h>

#include "agent/conf/key.h"

bool conf_parse_address(const char *text, union conf_socket *address)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        return true;
    }
    return false;
}

const char *conf_transport_name(enum conf_transport transport)
{
    static const char *const names[CONF_TRANSPORTS] = {"tcp", "tls", "sctp", "dtls"};
    return names[transport];
}

bool conf_is_secure(enum conf_transport transport)
{
    return transport == CONF_TLS || transport == CONF_DTLS;
}

bool conf_is_over_sctp(enum conf_transport transport)
{
    return transport == CONF_SCTP || transport == CONF_DTLS;
}

uint16_t conf_port(const union conf_socket *socket)
{
    return ntohs(socket->any.sa_family == AF_INET ? socket->v4.sin_port : socket->v6.sin6_port);
}

union conf_socket conf_with_port(union conf_socket socket, uint16_t port)
{
    if (socket.any.sa_family == AF_INET)
        socket.v4.sin_port = htons(port);
    else
        socket.v6.sin6_port = htons(port);
    return socket;
}

struct conf_endpoint conf_endpoint_at(enum conf_transport transport,
                                      const union conf_socket *address)
{
    return (struct conf_endpoint){
        .transport = transport,
        .port = conf_port(address),
        .addresses = {.count = 1, .at = {*address}},
    };
}

/* "192.0.2.1:6379", "[2001:db8::1]:6379" */
static bool parse_with_port(const char *text, union conf_socket *socket)
{
    char host[INET6_ADDRSTRLEN + 2];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    bool has_brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (!colon || size >= sizeof host || !conf_parse_number(colon + 1, &port) || port < 1 ||
        port > UINT16_MAX)
        return false;
    size -= has_brackets ? 2 : 0;
    memcpy(host, text + has_brackets, size);
    host[size] = '\0';
    if (!conf_parse_address(host, socket) || has_brackets != (socket->any.sa_family == AF_INET6))
        return false;
    *socket = conf_with_port(*socket, (uint16_t)port);
    return true;
}

bool conf_parse_socket(const char *text, uint16_t port, union conf_socket *socket)
{
    if (port == 0 || !conf_parse_address(text, socket))
        return parse_with_port(text, socket);
    *socket = conf_with_port(*socket, port);
    return true;
}

/* 16 octets: IPv4 as ::ffff:a.b.c.d */
static void address_octets(const union conf_socket *address, uint8_t octets[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->any.sa_family == AF_INET6) {
        memcpy(octets, &address->v6.sin6_addr, 16);
        return;
    }
    memcpy(octets, mapped, 12);
    memcpy(octets + 12, &address->v4.sin_addr, 4);
}

bool conf_is_same_socket(const union conf_socket *a, const union conf_socket *b)
{
    uint8_t octets[2][16];
    address_octets(a, octets[0]);
    address_octets(b, octets[1]);
    return conf_port(a) == conf_port(b) && memcmp(octets[0], octets[1], 16) == 0;
}

static bool is_same_name(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_addresses(const struct conf_addresses *a, const struct conf_addresses *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (!conf_is_same_socket(&a->at[i], &b->at[i]))
            return false;
    return true;
}

bool conf_is_same_endpoint(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
    return a->transport == b->transport && a->port == b->port && a->udp_port == b->udp_port &&
           is_same_name(a->name, b->name) && is_same_addresses(&a->addresses, &b->addresses);
}

bool conf_is_loopback(const union conf_socket *address)
{
    uint8_t octets[16];
    address_octets(address, octets);
    static const uint8_t v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    static const uint8_t v6[16] = {[15] = 1};
    return memcmp(octets, v4, sizeof v4) == 0 || memcmp(octets, v6, sizeof v6) == 0;
}

/* Are the first `bits` bits equal? */
static bool share_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool conf_network_has(const struct conf_network *network, const union conf_socket *address)
{
    uint8_t octets[16];
    address_octets(address, octets);
    return share_prefix(network->octets, octets, network->prefix);
}

static bool parse_prefix(const char *text, unsigned most, uint64_t *prefix)
{
    return conf_parse_number(text, prefix) && *prefix <= most;
}

bool conf_parse_network(const char *text, struct conf_network *network)
{
    char address[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    if (size >= sizeof address)
        return false;
    memcpy(address, text, size);
    address[size] = '\0';
    union conf_socket socket;
    if (!conf_parse_address(address, &socket))
        return false;
    unsigned bits = socket.any.sa_family == AF_INET ? 32 : 128;
    uint64_t prefix = bits;
    if (slash && !parse_prefix(slash + 1, bits, &prefix))
        return false;
    address_octets(&socket, network->octets);
    network->prefix = (uint8_t)(128 - bits + prefix);
    return true;
}
