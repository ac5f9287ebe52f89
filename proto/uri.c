/* uri.c — a DiameterURI, from left to right. */
#include "proto/uri.h"

#include <stdio.h>

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + 32) : octet;
}

/* Takes `word`, of lower-case letters, from the beginning of `rest`. */
static bool take_word(dm_bytes *rest, const char *word)
{
    size_t size = strlen(word);
    if (rest->size < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(rest->at[i]) != (uint8_t)word[i])
            return false;
    *rest = dm_bytes_of(rest->at + size, rest->size - size);
    return true;
}

/* Takes all up to the next ':' or ';', or to the end. */
static dm_bytes take_part(dm_bytes *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->at[size] != ':' && rest->at[size] != ';')
        size++;
    dm_bytes part = dm_bytes_of(rest->at, size);
    *rest = dm_bytes_of(rest->at + size, rest->size - size);
    return part;
}

static bool is_word(dm_bytes part, const char *word)
{
    return take_word(&part, word) && part.size == 0;
}

static bool read_port(dm_bytes digits, uint16_t *port)
{
    uint32_t number = 0;
    for (size_t i = 0; i < digits.size && number <= UINT16_MAX; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(digits.at[i] - '0');
    }
    *port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX;
}

/* Each parameter at most once. */
static bool read_parameters(struct dm_uri *uri, dm_bytes rest)
{
    bool has_transport = false;
    bool has_protocol = false;
    while (rest.size > 0) {
        if (take_word(&rest, ";transport=") && !has_transport) {
            dm_bytes transport = take_part(&rest);
            bool is_sctp = is_word(transport, "sctp");
            if (!is_sctp && !is_word(transport, "tcp")) /* udp: never for Diameter */
                return false;
            uri->transport = is_sctp ? DM_TRANSPORT_SCTP : DM_TRANSPORT_TCP;
            has_transport = true;
        } else if (take_word(&rest, ";protocol=") && !has_protocol) {
            if (!is_word(take_part(&rest), "diameter"))
                return false;
            has_protocol = true;
        } else {
            return false;
        }
    }
    return true;
}

bool dm_uri_read(struct dm_uri *uri, dm_bytes text)
{
    *uri = (struct dm_uri){0};
    uri->is_secure = take_word(&text, "aaas://");
    if (!uri->is_secure)
        (void)take_word(&text, "aaa://"); /* or a bare name */
    uri->port = uri->is_secure ? DM_PORT_SECURE : DM_PORT;
    uri->host = take_part(&text);
    if (!dm_identity_is_valid(uri->host))
        return false;
    if (take_word(&text, ":") && !read_port(take_part(&text), &uri->port))
        return false;
    return read_parameters(uri, text);
}

size_t dm_uri_write(char *to, size_t room, const struct dm_uri *uri)
{
    int size = snprintf(to, room, "%s://%.*s:%u;transport=%s", uri->is_secure ? "aaas" : "aaa",
                        (int)uri->host.size, (const char *)uri->host.at, (unsigned)uri->port,
                        uri->transport == DM_TRANSPORT_SCTP ? "sctp" : "tcp");
    return size > 0 && (size_t)size < room ? (size_t)size : 0;
}
