/* load_template.h — a request made once and stamped for every user.
 *
 * All that differs from request to request stands at fixed places or at the end:
 *
 *     | header | Session-Id host;time;DIGITS | ... what never changes ... | AOR sip:user<i>@realm |
 * User-Name | ^ Hop-by-Hop, End-to-End      ^ ten of them                          ^ written anew,
 * digits first
 */
#pragma once

#include "bench/names.h"
#include "bench/sip_codes.h"
#include "proto/avp.h"

enum { SESSION_DIGITS = 10, TEMPLATE_USER_ROOM = 2 * (20 + NAME_SIZE_MAX + 4) };

/* The requests a load sends. Those of an anonymous user bear no User-Name: no credentials yet (RFC
 * 4740 §6.3). Those from KIND_BARE on name nobody: their flow adds what they are about. */
enum load_kind {
    KIND_UAR,
    KIND_MAR,
    KIND_SAR,
    KIND_LIR,
    KIND_UAR_ANONYMOUS,
    KIND_MAR_ANONYMOUS,
    KIND_BARE,
    KIND_MAR_REGISTER = KIND_BARE, /* without SIP-Auth-Data-Item */
    KIND_MAR_INVITE,               /* the same, from who is no registrar: RFC 4740 §8.7 */
    KIND_SAR_OTHER,                /* without its assignment type */
    KIND_STR,
    KIND_COUNT
};

/* What all templates of a connection say. */
struct load_names {
    bool cx;
    bool keeps_sessions; /* Auth-Session-State STATE_MAINTAINED */
    const char *origin_host, *origin_realm;
    const char *destination_realm, *destination_host; /* the latter may be NULL */
    const char *server_uri;                           /* of SIP server 2 */
    const char *session;                              /* "host;time;" */
};

struct load_template {
    uint8_t *octets;
    uint32_t size, session_at, command;
    uint32_t users; /* 0 to 2 AVPs at the end */
    struct {
        uint8_t head[20]; /* the AVP up to "user" */
        uint8_t size;
    } user[2];
    uint8_t *tail; /* "@realm" and three zeros */
    uint32_t tail_size;
};

void template_init(struct load_template *template, const struct load_names *names,
                   enum load_kind kind);
void template_fini(struct load_template *template);

struct load_stamp {
    uint32_t hop_by_hop, end_to_end, user;
    const char *session; /* SESSION_DIGITS of them */
};

/* Room for template->size + TEMPLATE_USER_ROOM octets at `to`. Returns the size of the message. */
size_t template_write(const struct load_template *template, uint8_t *to,
                      const struct load_stamp *stamp);
