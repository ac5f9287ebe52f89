/* endpoint.h — transport, addresses and port, as `listen`, `connect` and `admin.http` have them. */
#pragma once

#include "agent/conf/conf.h"

/* As the file writes it. */
struct conf_written {
    int transport; /* enum conf_transport; -1: none that is known */
    uint16_t udp_port;
    uint32_t port; /* CONF_PORT_DEFAULT: not given */
    const char *name;
    struct conf_addresses addresses;
};

enum { CONF_PORT_DEFAULT = 65536 };

/* tls and dtls. */
bool conf_is_secure(enum conf_transport transport);
/* sctp and dtls. */
bool conf_is_over_sctp(enum conf_transport transport);
/* The port in host order. */
uint16_t conf_port(const union conf_socket *socket);
union conf_socket conf_with_port(union conf_socket socket, uint16_t port);
/* "192.0.2.1:6379", "[2001:db8::1]:6379"; with a port of its own, which is not 0, also
 * "192.0.2.1", "2001:db8::1". */
bool conf_parse_socket(const char *text, uint16_t port, union conf_socket *socket);
/* IP literals. A network is an address, or an address and the length of its prefix. */
bool conf_parse_address(const char *text, union conf_socket *address);
bool conf_parse_network(const char *text, struct conf_network *network);
bool conf_network_has(const struct conf_network *network, const union conf_socket *address);
/* The same address and port. */
bool conf_is_same_socket(const union conf_socket *a, const union conf_socket *b);
/* The same transport, name, addresses in their order, and ports. */
bool conf_is_same_endpoint(const struct conf_endpoint *a, const struct conf_endpoint *b);
/* Is it tcp or sctp beyond loopback? A host name is taken to be beyond it. */
bool conf_is_cleartext(const struct conf_endpoint *endpoint);
bool conf_is_loopback(const union conf_socket *address);
