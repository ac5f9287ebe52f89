/* lab_talk.c — what scripted peers say: capabilities, watchdogs, the standard request, answers.
 *
 * RFC 6733 §5.3, §5.4, §5.5; RFC 4740 §8; LIR6 as the requirements define it. */
#include "tests/lab/lab.h"

#include <stdio.h>
#include <string.h>

static struct lab_message *with_origin(struct lab_message *message, const struct lab_peer *peer)
{
    return with_text(with_text(message, ORIGIN_HOST, peer->identity), ORIGIN_REALM, peer->realm);
}

static struct lab_message *with_session(struct lab_message *message, const struct lab_peer *peer)
{
    char session[300];
    snprintf(session, sizeof(session), "%s;1;%u", peer->identity, lab_end_to_end(message));
    return with_text(message, SESSION_ID, session);
}

/* Vendor-Specific-Application-Id of 3GPP. */
static struct lab_message *with_3gpp(struct lab_message *message, uint32_t application)
{
    struct lab_message *inner = lab_message_new(0, 0, 0, 0, 0);
    with_number(with_number(inner, VENDOR_ID, VENDOR_3GPP), AUTH_APPLICATION_ID, application);
    return with_group(message, VENDOR_SPECIFIC_APPLICATION_ID, inner);
}

static bool lives_in(const struct lab_peer *peer, const char *realm)
{
    return strcmp(peer->realm, realm) == 0;
}

/* Agents of other realms offer relaying; everybody else SIP and Cx, and servers Sh. */
static struct lab_message *with_capabilities(struct lab_message *message,
                                             const struct lab_peer *peer)
{
    static const uint8_t loopback[] = {0, 1, 127, 0, 0, 1};
    with_avp(with_origin(message, peer), 0, HOST_IP_ADDRESS, M, loopback, sizeof(loopback));
    with_number(message, VENDOR_ID, 0);
    with_avp(message, 0, PRODUCT_NAME, 0, "lab", 3);
    if (lives_in(peer, "transit.example"))
        return with_number(message, AUTH_APPLICATION_ID, APP_RELAY);
    with_number(message, SUPPORTED_VENDOR_ID, VENDOR_3GPP);
    with_number(message, AUTH_APPLICATION_ID, APP_SIP);
    with_3gpp(message, APP_CX);
    return lives_in(peer, "core.example") ? with_3gpp(message, APP_SH) : message;
}

struct lab_message *lab_cer(const struct lab_peer *peer)
{
    return with_capabilities(lab_request(R, CER, 0), peer);
}

struct lab_message *lab_cea(const struct lab_peer *peer, const struct lab_message *cer,
                            uint32_t result)
{
    uint8_t flags = result / 1000 == 3 ? E : 0;
    struct lab_message *cea =
        lab_message_new(flags, CER, 0, lab_hop_by_hop(cer), lab_end_to_end(cer));
    return with_capabilities(with_number(cea, RESULT_CODE, result), peer);
}

struct lab_message *lab_dwr(const struct lab_peer *peer)
{
    return with_origin(lab_request(R, DWR, 0), peer);
}

struct lab_message *lab_dpr(const struct lab_peer *peer, uint32_t cause)
{
    return with_number(with_origin(lab_request(R, DPR, 0), peer), DISCONNECT_CAUSE, cause);
}

struct lab_message *lab_request_from(const struct lab_peer *from, uint32_t command,
                                     uint32_t application)
{
    struct lab_message *request = with_session(lab_request(R | P, command, application), from);
    if (application < 16777216) /* of the IETF, like SIP */
        with_number(request, AUTH_APPLICATION_ID, application);
    else
        with_3gpp(request, application);
    with_origin(with_number(request, AUTH_SESSION_STATE, 1), from);
    return with_text(request, DESTINATION_REALM, "core.example");
}

struct lab_message *lab_lir(const struct lab_peer *from, const char *aor)
{
    return with_text(lab_request_from(from, LIR, APP_SIP), SIP_AOR, aor);
}

struct lab_message *lab_push_request(const struct lab_peer *from, uint32_t command,
                                     const char *to_host, const char *to_realm)
{
    struct lab_message *request = with_session(lab_request(R | P, command, APP_SIP), from);
    with_number(with_number(request, AUTH_APPLICATION_ID, APP_SIP), AUTH_SESSION_STATE, 1);
    with_origin(request, from);
    if (to_realm)
        with_text(request, DESTINATION_REALM, to_realm);
    if (to_host)
        with_text(request, DESTINATION_HOST, to_host);
    return with_text(request, USER_NAME, "alice@core.example");
}

struct lab_message *lab_answer_to(const struct lab_peer *peer, const struct lab_message *request,
                                  uint32_t result)
{
    uint8_t flags = (uint8_t)((lab_flags(request) & P) | (result / 1000 == 3 ? E : 0));
    struct lab_message *answer =
        lab_message_new(flags, lab_command(request), lab_application(request),
                        lab_hop_by_hop(request), lab_end_to_end(request));
    if (lab_count(request, SESSION_ID))
        with_text(answer, SESSION_ID, lab_text(request, SESSION_ID, 0));
    return with_origin(with_number(answer, RESULT_CODE, result), peer);
}

void lab_answer(struct lab_peer *peer, const struct lab_message *request, uint32_t result)
{
    lab_send(peer, lab_answer_to(peer, request, result));
}

/* --- from CER to open --- */

struct lab_peer *lab_client(struct lab *lab, const char *identity)
{
    struct lab_peer *client = lab_dial(lab, identity);
    struct lab_message *cer = lab_cer(client);
    lab_send(client, cer);
    lab_expect_result(client, cer, 2001);
    return client;
}

void lab_answer_cer(struct lab_peer *server)
{
    struct lab_message *cer = lab_expect(server, CER);
    lab_send(server, lab_cea(server, cer, 2001));
}

struct lab_peer *lab_server(struct lab *lab, const char *identity)
{
    char sample[300];
    struct lab_peer *server = lab_accept(lab, identity);
    lab_answer_cer(server);
    snprintf(sample, sizeof(sample), "antipode_peer_up{peer=\"%s\"}", identity);
    lab_wait_metric(lab, sample, 1);
    return server;
}

struct lab_bed lab_bed(struct lab_plan plan)
{
    struct lab_bed bed = {.lab = lab_start(plan)};
    struct lab *lab = bed.lab;
    if (lab->server_count > 0)
        bed.s1 = lab_server(lab, lab->servers[0].identity);
    if (lab->server_count > 1)
        bed.s2 = lab_server(lab, lab->servers[1].identity);
    bed.c1 = lab_client(lab, C1);
    return bed;
}
