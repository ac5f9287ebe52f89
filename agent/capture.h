/* capture.h — the Diameter messages of a packet capture.
 *
 * Packets of Ethernet, Linux "cooked" captures, raw IP and loopback; or PDUs that Wireshark has
 * exported. TCP on any port, each direction put in order again; SCTP on any port, DATA that is
 * not fragmented, as often as it was sent. What begins in the middle of a message is skipped until
 * a packet begins with one. */
#pragma once

#include "agent/explain.h"

/* What was in the packets, and what was passed over. */
struct capture_counts {
    uint64_t packets;
    uint64_t not_ours;     /* neither TCP nor SCTP nor exported Diameter */
    uint64_t fragments;    /* of IP or of SCTP: not put together */
    uint64_t cut;          /* the capture has not all of the packet */
    uint64_t not_diameter; /* segments and chunks in which no message can be made out */
    uint64_t missing;      /* octets of TCP that the capture has not */
};

/* `packet` counts from 1: the one that completed the message. */
typedef void capture_on_message(void *context, uint64_t packet,
                                const struct explain_message *message);

struct capture;

/* Can packets of this link type of libpcap be read? */
bool capture_knows(int link);
/* `limit` is the largest message, in octets. */
struct capture *capture_new(int link, uint32_t limit, capture_on_message *on_message,
                            void *context);
/* `size` is what the packet had on the wire. */
void capture_packet(struct capture *capture, dm_bytes packet, size_t size);
/* No more packets will come: what waited for missing octets is read without them. */
void capture_end(struct capture *capture);
const struct capture_counts *capture_counts(const struct capture *capture);
void capture_free(struct capture *capture);

/* Reads a file with libpcap; false with a line in `complaints`. */
bool capture_file(const char *path, uint32_t limit, capture_on_message *on_message, void *context,
                  struct capture_counts *counts, FILE *complaints);
