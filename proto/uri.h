/* uri.h — the DiameterURI: "aaa://host.example:3868;transport=tcp". RFC 6733 §4.3.1, AVP-23. */
#pragma once

#include "proto/bytes.h"

enum { DM_PORT = 3868, DM_PORT_SECURE = 5868, DM_URI_MAX = 320 };
enum dm_transport { DM_TRANSPORT_TCP, DM_TRANSPORT_SCTP };

struct dm_uri {
    dm_bytes host; /* a slice of the text */
    uint16_t port;
    bool is_secure; /* aaas: TLS over TCP, DTLS over SCTP */
    enum dm_transport transport;
};

/* Reads one, with the defaults where something is left out: port 3868 (aaas: 5868), tcp, diameter.
 * Words ignore case, the parameters may come in any order. A name without a scheme is taken for
 * aaa://, since there are peers that write so. False for anything else: udp and other protocols
 * than Diameter among them. */
bool dm_uri_read(struct dm_uri *uri, dm_bytes text);

/* Writes it with port and transport, and a NUL behind it. Returns the size without the NUL;
 * DM_URI_MAX always does. 0 where `room` does not do. */
size_t dm_uri_write(char *to, size_t room, const struct dm_uri *uri);
