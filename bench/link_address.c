/* link_address.c — HOST:PORT read and written. */
#include "bench/link_address.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One host, in brackets or not. */
static const char *add_host(struct link_address *address, const char *host, size_t size,
                            const char *port)
{
    char name[256];
    bool bracketed = size > 2 && host[0] == '[' && host[size - 1] == ']';
    if (address->count == LINK_ADDRESSES_MAX)
        return "has too many hosts";
    if (size == 0 || size >= sizeof(name))
        return "is not HOST:PORT";
    snprintf(name, sizeof(name), "%.*s", (int)(bracketed ? size - 2 : size), host + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int failed = getaddrinfo(name, port, &hints, &found);
    if (failed)
        return gai_strerror(failed);
    memcpy(&address->at[address->count++], found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return NULL;
}

const char *link_address(struct link_address *address, const char *text)
{
    const char *colon = strrchr(text, ':');
    *address = (struct link_address){.text = text};
    if (!colon || !colon[1])
        return "is not HOST:PORT";
    for (const char *host = text; host <= colon;) {
        size_t size = strcspn(host, ",");
        size = host + size > colon ? (size_t)(colon - host) : size;
        const char *wrong = add_host(address, host, size, colon + 1);
        if (wrong)
            return wrong;
        host += size + 1;
    }
    return NULL;
}

void link_address_write(char *to, size_t room, const struct sockaddr_storage *address)
{
    char host[64] = "?", port[8] = "?";
    (void)getnameinfo((const struct sockaddr *)address, link_address_size(address), host,
                      sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(to, room, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
