/* endpoint.h — transport, address and port, as `listen`, `connect` and `admin.http` have them. */
#pragma once

#include "agent/conf/conf.h"

/* As the file writes it. */
struct conf_written {
    union conf_socket socket;
    uint32_t port;
    int transport; /* enum conf_transport */
};

/* The port in host order. */
uint16_t conf_port(const union conf_socket *socket);
union conf_socket conf_with_port(union conf_socket socket, uint16_t port);
/* IP literals. A network is an address, or an address and the length of its prefix. */
bool conf_parse_address(const char *text, union conf_socket *address);
bool conf_parse_network(const char *text, struct conf_network *network);
bool conf_network_has(const struct conf_network *network, const union conf_socket *address);
/* The same address and port. */
bool conf_is_same_socket(const union conf_socket *a, const union conf_socket *b);
/* The same transport, name, addresses in their order, and ports. */
bool conf_is_same_endpoint(const struct conf_endpoint *a, const struct conf_endpoint *b);
bool conf_is_loopback(const union conf_socket *address);
