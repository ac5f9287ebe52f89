/* flow_registration.c — RFC 4740 §6.3: SIP server 2 authenticates by itself, with H(A1) from the
 * Diameter server.
 *
 *     UAR  SIP server 1          no credentials yet        first registration, or known already
 *     MAR  SIP server 2          REGISTER, its URI         the challenge and H(A1)
 *          the user agent        computes the response from its password, SIP server 2 checks it
 * with H(A1) UAR  another SIP server 1  + User-Name               SIP server 2's URI SAR  SIP
 * server 2          REGISTRATION              the user profile
 *
 * In Cx (29.229) the same with its commands: the challenge's nonce is then SIP server 2's own. A
 * unit is one flow; a step with another result ends it and counts as the error `flow`. Users take
 * turns. */
#include "bench/load.h"

#include <stdio.h>
#include <stdlib.h>

enum step { STEP_FIND, STEP_CHALLENGE, STEP_FIND_AGAIN, STEP_ASSIGN };

struct load_flow {
    uint32_t user, next_free;
    enum step step;
    bool measured;
    struct load_port *first, *second; /* where it began; SIP server 2 */
};

/* ---- flows in a dense array with a free list ---- */

static const uint32_t NONE = UINT32_MAX;

static void flows_grow(struct load_thread *thread)
{
    uint32_t room = thread->flow_room ? thread->flow_room * 2 : 64;
    thread->flows = realloc(thread->flows, room * sizeof(*thread->flows));
    if (!thread->flows)
        abort();
    for (uint32_t i = thread->flow_room; i < room; i++)
        thread->flows[i] = (struct load_flow){.next_free = i + 1 < room ? i + 1 : NONE};
    thread->flow_free = thread->flow_room;
    thread->flow_room = room;
}

static uint32_t flow_claim(struct load_thread *thread)
{
    if (thread->flow_room == 0 || thread->flow_free == NONE)
        flows_grow(thread);
    uint32_t which = thread->flow_free;
    thread->flow_free = thread->flows[which].next_free;
    return which;
}

static void flow_end(struct load_thread *thread, uint32_t which, bool good)
{
    struct load_flow flow = thread->flows[which];
    thread->flows[which].next_free = thread->flow_free;
    thread->flow_free = which;
    thread->tally[flow.measured].flows += good;
    load_unit_ended(thread, flow.first);
}

/* ---- what answers bear ---- */

static bool find_text(const struct load_answer *answer, uint32_t sip, uint32_t cx, dm_bytes *text)
{
    struct dm_avp avp;
    bool found = dm_avp_find(answer->message, 0, sip, &avp) ||
                 dm_avp_find(answer->message, CX_VENDOR, cx, &avp);
    if (found)
        *text = avp.data;
    return found;
}

/* Result-Code or, with 3GPP's vendor, Experimental-Result. §3.4 and §5.2 of both specifications
 * side by side. */
static bool is_result(const struct load_answer *answer, uint32_t sip, uint32_t cx)
{
    return answer->vendor == CX_VENDOR ? answer->code == cx
                                       : answer->vendor == 0 && answer->code == sip;
}

/* First registration; or a server is known from an earlier one: RFC 4740 §8.2, 29.228 §6.1.1. */
static bool found_good(const struct load_answer *answer)
{
    return is_result(answer, 2003, 2001) || is_result(answer, 2004, 2002) ||
           is_result(answer, 2007, 0);
}

/* Now it must be known, and be the SIP server 2 of this flow. */
static bool found_again_good(const struct load_flow *flow, const struct load_answer *answer)
{
    dm_bytes uri;
    return (is_result(answer, 2004, 2002) || is_result(answer, 2007, 0)) &&
           find_text(answer, SIP_SERVER_URI, CX_SERVER_NAME, &uri) &&
           dm_bytes_equal(uri, dm_text(flow->second->server_uri));
}

static bool assigned_good(const struct load_answer *answer)
{
    dm_bytes profile;
    return is_result(answer, 2001, 0) && find_text(answer, SIP_USER_DATA, CX_USER_DATA, &profile);
}

/* ---- Digest between the user agent and SIP server 2 ---- */

struct challenge {
    dm_bytes realm, nonce, qop, ha1;
};

static bool in_group(dm_bytes group, uint32_t code, dm_bytes *value)
{
    struct dm_avp avp;
    bool found = dm_avp_find_in(group, 0, code, &avp);
    if (found)
        *value = avp.data;
    return found;
}

/* RFC 4740 §9.5.3 (SIP-Authenticate), 29.229 §6.3.36 (SIP-Digest-Authenticate). */
static bool challenge_read(struct challenge *challenge, bool cx, const struct load_answer *answer)
{
    struct dm_avp item, group;
    uint32_t vendor = cx ? CX_VENDOR : 0;
    if (!dm_avp_find(answer->message, vendor, cx ? CX_AUTH_DATA_ITEM : SIP_AUTH_DATA_ITEM, &item) ||
        !dm_avp_find_in(item.data, vendor, cx ? CX_DIGEST_AUTHENTICATE : SIP_AUTHENTICATE, &group))
        return false;
    challenge->nonce = dm_text("the registrar's own");
    challenge->qop = dm_text("auth");
    (void)in_group(group.data, DIGEST_QOP, &challenge->qop); /* optional */
    return in_group(group.data, DIGEST_REALM, &challenge->realm) &&
           in_group(group.data, DIGEST_HA1, &challenge->ha1) && challenge->ha1.size == DIGEST_HEX &&
           (cx || in_group(group.data, DIGEST_NONCE, &challenge->nonce));
}

/* The user agent knows its password, SIP server 2 only H(A1): do they come to the same response?
 * RFC 2617 §3.2.2. */
static bool digest_good(struct load_thread *thread, const struct load_flow *flow,
                        const struct challenge *challenge)
{
    dm_bytes domain = dm_text(thread->world->options->destination_realm);
    const struct digest_credentials credentials = {challenge->nonce, dm_text("00000001"),
                                                   dm_text("0a4f113b"), challenge->qop};
    char name[NAME_SIZE_MAX], secret[NAME_SIZE_MAX], uri[NAME_SIZE_MAX];
    char ha1[DIGEST_HEX], ha2[DIGEST_HEX], agent[DIGEST_HEX], server[DIGEST_HEX];
    size_t name_size = name_user(name, flow->user, domain);
    size_t secret_size = name_secret(secret, flow->user);
    int uri_size = snprintf(uri, sizeof(uri), "sip:%s", thread->world->options->destination_realm);
    digest_ha1(&thread->digest, dm_bytes_of(name, name_size), challenge->realm,
               dm_bytes_of(secret, secret_size), ha1);
    digest_ha2(&thread->digest, dm_text("REGISTER"), dm_bytes_of(uri, (size_t)uri_size), ha2);
    digest_response(&thread->digest, ha1, &credentials, ha2, agent);
    digest_response(&thread->digest, (const char *)challenge->ha1.at, &credentials, ha2, server);
    return memcmp(agent, server, DIGEST_HEX) == 0;
}

static bool challenge_good(struct load_thread *thread, const struct load_flow *flow,
                           const struct load_answer *answer)
{
    struct challenge challenge;
    return (is_result(answer, 2001, 0) || is_result(answer, 1001, 0)) &&
           challenge_read(&challenge, thread->world->options->cx, answer) &&
           digest_good(thread, flow, &challenge);
}

/* ---- the steps ---- */

static bool step_good(struct load_thread *thread, const struct load_flow *flow,
                      const struct load_answer *answer)
{
    switch (flow->step) {
    case STEP_FIND:
        return found_good(answer);
    case STEP_CHALLENGE:
        return challenge_good(thread, flow, answer);
    case STEP_FIND_AGAIN:
        return found_again_good(flow, answer);
    case STEP_ASSIGN:
        return assigned_good(answer);
    }
    return false;
}

static struct load_port *step_port(struct load_thread *thread, struct load_flow *flow)
{
    switch (flow->step) {
    case STEP_FIND:
        return flow->first;
    case STEP_CHALLENGE:
        return flow->second = load_second_of(thread, flow->user);
    case STEP_FIND_AGAIN:
        return load_next_first(thread, flow->first);
    case STEP_ASSIGN:
        return load_port_is_open(flow->second) ? flow->second : NULL;
    }
    return NULL;
}

static void step_send(struct load_thread *thread, uint32_t which, uint64_t due)
{
    static const enum load_kind kinds[] = {KIND_UAR_ANONYMOUS, KIND_MAR_ANONYMOUS, KIND_UAR,
                                           KIND_SAR};
    struct load_flow *flow = &thread->flows[which];
    struct load_port *port = step_port(thread, flow);
    if (!port) {
        thread->tally[flow->measured].errors[LOAD_flow]++; /* no server of that kind is left */
        flow_end(thread, which, false);
        return;
    }
    load_port_send(port, &(struct load_request){
                             .kind = kinds[flow->step],
                             .user = flow->user,
                             .unit = which,
                             .start = due,
                             .measured = flow->measured,
                         });
}

/* Each thread has its own users, so that no two flows of different threads meet in one. */
static uint32_t next_user(struct load_thread *thread)
{
    uint32_t user = thread->next_user;
    uint64_t next = user + thread->world->options->threads;
    thread->next_user =
        (uint32_t)(next < thread->users.count ? next : thread->index % thread->users.count);
    return user;
}

static void registration_start(struct load_thread *thread, struct load_port *port, uint64_t due,
                               bool measured)
{
    uint32_t which = flow_claim(thread);
    thread->flows[which] = (struct load_flow){
        .user = next_user(thread),
        .measured = measured,
        .first = port,
    };
    step_send(thread, which, due);
}

static void registration_ended(struct load_thread *thread, struct load_port *port,
                               const struct load_slot *request, const struct load_answer *answer)
{
    struct load_flow *flow = &thread->flows[request->unit];
    (void)port;
    bool failed = answer && (answer->header->flags & DM_FLAG_ERROR); /* counted as `protocol` */
    if (!answer || failed) {
        flow_end(thread, request->unit, false);
    } else if (!step_good(thread, flow, answer)) {
        thread->tally[flow->measured].errors[LOAD_flow]++;
        flow_end(thread, request->unit, false);
    } else if (flow->step == STEP_ASSIGN) {
        flow_end(thread, request->unit, true);
    } else {
        flow->step++;
        step_send(thread, request->unit, thread->loop.now);
    }
}

const struct load_player load_player_registration = {registration_start, registration_ended};
