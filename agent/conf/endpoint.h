/* endpoint.h — transport, address and port, as `listen`, `connect` and `admin.http` have them. */
#pragma once

#include "agent/conf/conf.h"

struct conf_endpoint {
    union conf_socket socket;
    uint32_t port;
    int transport; /* tcp */
};

/* `socket` with `port` in network order. */
union conf_socket conf_endpoint_socket(const struct conf_endpoint *endpoint);
/* IP literals. A network is an address, or an address and the length of its prefix. */
bool conf_parse_address(const char *text, union conf_socket *address);
bool conf_parse_network(const char *text, struct conf_network *network);
bool conf_network_has(const struct conf_network *network, const union conf_socket *address);
/* The same address and port. */
bool conf_is_same_socket(const union conf_socket *a, const union conf_socket *b);
bool conf_is_loopback(const union conf_socket *address);
