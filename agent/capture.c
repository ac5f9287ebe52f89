/* capture.c — packets: link, IP, then TCP or SCTP; or what Wireshark has exported.
 *
 * RFC 791, RFC 8200, RFC 9293, RFC 9260 §3.3.1; LINKTYPE_… as libpcap describes them. */
#include "agent/capture.h"

#include <stdlib.h>

#include <pcap/pcap.h>

#include "agent/capture_flow.h"

enum { LINK_EXPORTED = 252 }; /* LINKTYPE_WIRESHARK_UPPER_PDU; older headers have no name for it */
enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };
enum { ETHERTYPE_VLAN = 0x8100, ETHERTYPE_SERVICE_VLAN = 0x88a8 };
enum { PROTOCOL_TCP = 6, PROTOCOL_SCTP = 132 };
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION_OPTIONS = 60 };
enum { TCP_SYN = 0x02, SCTP_DATA = 0, SCTP_WHOLE = 0x03, SCTP_HEAD = 12, SCTP_DATA_HEAD = 16 };
enum { EXPORTED_END = 0, EXPORTED_DISSECTOR = 12 };

struct capture {
    int link;
    struct flows flows;
    struct capture_counts counts;
};

/* What of it lies behind its first `size` octets; empty where it has not so many. */
static dm_bytes behind(dm_bytes octets, size_t size)
{
    return size < octets.size ? dm_bytes_of(octets.at + size, octets.size - size)
                              : dm_bytes_of("", 0);
}

static dm_bytes at_most(dm_bytes octets, size_t size)
{
    return dm_bytes_of(octets.at, size < octets.size ? size : octets.size);
}

/* --- above IP --- */

static void take_tcp(struct capture *capture, struct flow_key *key, dm_bytes packet)
{
    size_t head = packet.size >= 20 ? (size_t)(packet.at[12] >> 4) * 4 : 0;
    if (head < 20 || head > packet.size) {
        capture->counts.cut++;
        return;
    }
    memcpy(key->ports, packet.at, sizeof key->ports);
    struct flow_segment segment = {dm_get32(packet.at + 4), packet.at[13] & TCP_SYN,
                                   behind(packet, head)};
    flows_take(&capture->flows, key, &segment);
}

static void take_chunk(struct capture *capture, dm_bytes chunk)
{
    if (chunk.at[0] != SCTP_DATA)
        return;
    if ((chunk.at[1] & SCTP_WHOLE) == SCTP_WHOLE)
        flows_take_whole(&capture->flows, behind(chunk, SCTP_DATA_HEAD));
    else
        capture->counts.fragments++;
}

static void take_sctp(struct capture *capture, dm_bytes packet)
{
    dm_bytes chunks = behind(packet, SCTP_HEAD);
    while (chunks.size >= 4) {
        size_t size = dm_get16(chunks.at + 2);
        if (size < 4 || size > chunks.size) {
            capture->counts.cut++;
            return;
        }
        take_chunk(capture, at_most(chunks, size));
        chunks = behind(chunks, dm_padded(size));
    }
}

static void take_transport(struct capture *capture, struct flow_key *key, uint8_t protocol,
                           dm_bytes packet)
{
    if (protocol == PROTOCOL_TCP)
        take_tcp(capture, key, packet);
    else if (protocol == PROTOCOL_SCTP)
        take_sctp(capture, packet);
    else
        capture->counts.not_ours++;
}

/* --- IP. A length of 0 was left to the network card: all that was captured --- */

static void take_ipv4(struct capture *capture, dm_bytes packet)
{
    size_t head = packet.size >= 20 ? (size_t)(packet.at[0] & 15) * 4 : 0;
    if (head < 20 || head > packet.size) {
        capture->counts.cut++;
        return;
    }
    if (dm_get16(packet.at + 6) & 0x3fff) { /* more fragments, or not the first */
        capture->counts.fragments++;
        return;
    }
    size_t size = dm_get16(packet.at + 2);
    struct flow_key key = {.source = {[10] = 0xff, [11] = 0xff},
                           .destination = {[10] = 0xff, [11] = 0xff}};
    memcpy(key.source + 12, packet.at + 12, 4);
    memcpy(key.destination + 12, packet.at + 16, 4);
    dm_bytes all = size ? at_most(packet, size) : packet;
    take_transport(capture, &key, packet.at[9], behind(all, head));
}

static bool is_extension(uint8_t header)
{
    return header == HOP_BY_HOP || header == ROUTING || header == DESTINATION_OPTIONS;
}

static void take_ipv6(struct capture *capture, dm_bytes packet)
{
    if (packet.size < 40) {
        capture->counts.cut++;
        return;
    }
    struct flow_key key = {0};
    memcpy(key.source, packet.at + 8, 16);
    memcpy(key.destination, packet.at + 24, 16);
    uint8_t header = packet.at[6];
    size_t size = dm_get16(packet.at + 4);
    dm_bytes rest = behind(packet, 40);
    rest = size ? at_most(rest, size) : rest;
    while (is_extension(header) && rest.size >= 8) {
        header = rest.at[0];
        rest = behind(rest, ((size_t)rest.at[1] + 1) * 8);
    }
    if (header == FRAGMENT)
        capture->counts.fragments++;
    else
        take_transport(capture, &key, header, rest);
}

static void take_ip(struct capture *capture, dm_bytes packet)
{
    uint8_t version = packet.size ? packet.at[0] >> 4 : 0;
    if (version == 4)
        take_ipv4(capture, packet);
    else if (version == 6)
        take_ipv6(capture, packet);
    else
        capture->counts.not_ours++;
}

/* --- links --- */

/* `at` is where the EtherType stands; tags of VLANs push it on. */
static void take_ethernet(struct capture *capture, dm_bytes packet, size_t at)
{
    while (at + 2 <= packet.size) {
        uint16_t type = dm_get16(packet.at + at);
        at += 2;
        if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6) {
            take_ip(capture, behind(packet, at));
            return;
        }
        if (type != ETHERTYPE_VLAN && type != ETHERTYPE_SERVICE_VLAN)
            break;
        at += 2;
    }
    capture->counts.not_ours++;
}

/* Tags of type, length and value, until the end of them; then the PDU. */
static void take_exported(struct capture *capture, dm_bytes packet)
{
    bool is_diameter = false;
    while (packet.size >= 4) {
        uint16_t tag = dm_get16(packet.at);
        size_t size = dm_get16(packet.at + 2);
        dm_bytes value = at_most(behind(packet, 4), size);
        packet = behind(packet, 4 + size);
        if (tag == EXPORTED_END)
            break;
        if (tag == EXPORTED_DISSECTOR)
            is_diameter = value.size >= 8 && memcmp(value.at, "diameter", 8) == 0;
    }
    if (is_diameter)
        flows_take_whole(&capture->flows, packet);
    else
        capture->counts.not_ours++;
}

bool capture_knows(int link)
{
    switch (link) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case LINK_EXPORTED:
        return true;
    default:
        return false;
    }
}

static void take_link(struct capture *capture, dm_bytes packet)
{
    switch (capture->link) {
    case DLT_EN10MB:
        take_ethernet(capture, packet, 12);
        break;
    case DLT_LINUX_SLL:
        take_ethernet(capture, packet, 14);
        break;
    case DLT_LINUX_SLL2: /* the type comes first */
        if (packet.size > 20)
            take_ip(capture, behind(packet, 20));
        break;
    case DLT_NULL:
    case DLT_LOOP:
        take_ip(capture, behind(packet, 4));
        break;
    case LINK_EXPORTED:
        take_exported(capture, packet);
        break;
    default:
        take_ip(capture, packet);
    }
}

/* --- the capture --- */

struct capture *capture_new(int link, uint32_t limit, capture_on_message *on_message, void *context)
{
    struct capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL)
        abort();
    capture->link = link;
    capture->flows = (struct flows){
        .on_message = on_message, .context = context, .counts = &capture->counts, .limit = limit};
    flows_init(&capture->flows);
    return capture;
}

void capture_packet(struct capture *capture, dm_bytes packet, size_t size)
{
    capture->counts.packets++;
    capture->counts.cut += packet.size < size;
    take_link(capture, packet);
}

void capture_end(struct capture *capture)
{
    flows_end(&capture->flows);
}

const struct capture_counts *capture_counts(const struct capture *capture)
{
    return &capture->counts;
}

void capture_free(struct capture *capture)
{
    flows_fini(&capture->flows);
    free(capture);
}
