/* flow_requests.c — the AVPs in which the requests of a flow differ from their templates. RFC 4740
 * §8.3, §8.5, §8.7, §9.5.4; 29.229 §6.1. */
#include "bench/flow.h"

#include <stdio.h>

enum { M = DM_AVP_MANDATORY };

/* ---- who ---- */

static dm_bytes domain_of(const struct load_thread *thread)
{
    return dm_text(thread->world->options->destination_realm);
}

static void put_aor(struct dm_writer *writer, const struct load_thread *thread, uint32_t user)
{
    char aor[NAME_SIZE_MAX];
    bool cx = thread->world->options->cx;
    size_t size = name_aor(aor, user, domain_of(thread));
    dm_write_avp(writer, cx ? CX_VENDOR : 0, cx ? CX_PUBLIC_IDENTITY : SIP_AOR, M,
                 dm_bytes_of(aor, size));
}

static void put_user_name(struct dm_writer *writer, const struct load_thread *thread, uint32_t code,
                          uint32_t user)
{
    char name[NAME_SIZE_MAX];
    size_t size = name_user(name, user, domain_of(thread));
    dm_write_avp(writer, 0, code, M, dm_bytes_of(name, size));
}

/* Everybody calls the next one. */
static uint32_t callee_of(const struct load_thread *thread, const struct load_flow *flow)
{
    return (uint32_t)((flow->user + UINT64_C(1)) % thread->users.count);
}

void flow_add_aor(struct dm_writer *writer, struct load_thread *thread,
                  const struct load_flow *flow, const struct flow_step *step)
{
    (void)step;
    put_aor(writer, thread, flow->user);
}

void flow_add_user_name(struct dm_writer *writer, struct load_thread *thread,
                        const struct load_flow *flow, const struct flow_step *step)
{
    (void)step;
    put_user_name(writer, thread, DM_AVP_USER_NAME, flow->user);
}

/* ---- MAR ---- */

static size_t begin_item(struct dm_writer *writer)
{
    size_t item = dm_write_group(writer, 0, SIP_AUTH_DATA_ITEM, M);
    dm_write32(writer, 0, SIP_AUTHENTICATION_SCHEME, M, 0); /* DIGEST */
    return item;
}

void flow_add_callee(struct dm_writer *writer, struct load_thread *thread,
                     const struct load_flow *flow, const struct flow_step *step)
{
    (void)step;
    put_aor(writer, thread, callee_of(thread, flow));
    dm_write_group_end(writer, begin_item(writer));
}

/* SIP-Authorization: the user agent's Authorization or Proxy-Authorization header. */
static void put_proof(struct dm_writer *writer, struct load_thread *thread,
                      const struct load_flow *flow, const char *method, dm_bytes uri)
{
    char response[DIGEST_HEX];
    flow_respond(thread, flow, method, uri, response);
    size_t item = begin_item(writer);
    size_t group = dm_write_group(writer, 0, SIP_AUTHORIZATION, M);
    put_user_name(writer, thread, DIGEST_USERNAME, flow->user);
    dm_write_avp(writer, 0, DIGEST_REALM, M, flow_kept(&flow->challenge.realm));
    dm_write_avp(writer, 0, DIGEST_NONCE, M, flow_kept(&flow->challenge.nonce));
    dm_write_avp(writer, 0, DIGEST_URI, M, uri);
    dm_write_avp(writer, 0, DIGEST_RESPONSE, M, dm_bytes_of(response, DIGEST_HEX));
    dm_write_text(writer, 0, DIGEST_ALGORITHM, M, "MD5");
    dm_write_text(writer, 0, DIGEST_CNONCE, M, flow_cnonce);
    dm_write_avp(writer, 0, DIGEST_QOP, M, flow_kept(&flow->challenge.qop));
    dm_write_text(writer, 0, DIGEST_NONCE_COUNT, M, flow_nonce_count);
    dm_write_text(writer, 0, DIGEST_METHOD, M, method);
    dm_write_group_end(writer, group);
    dm_write_group_end(writer, item);
}

/* The Request-URI of a REGISTER is the domain. RFC 3261 §10.2. */
void flow_add_proof(struct dm_writer *writer, struct load_thread *thread,
                    const struct load_flow *flow, const struct flow_step *step)
{
    char uri[FLOW_TEXT + 8];
    (void)step;
    int size = snprintf(uri, sizeof(uri), "sip:%s", thread->world->options->destination_realm);
    put_aor(writer, thread, flow->user);
    put_user_name(writer, thread, DM_AVP_USER_NAME, flow->user);
    put_proof(writer, thread, flow, "REGISTER", dm_bytes_of(uri, (size_t)size));
}

void flow_add_callee_and_proof(struct dm_writer *writer, struct load_thread *thread,
                               const struct load_flow *flow, const struct flow_step *step)
{
    char uri[NAME_SIZE_MAX];
    uint32_t callee = callee_of(thread, flow);
    (void)step;
    size_t size = name_aor(uri, callee, domain_of(thread));
    put_aor(writer, thread, callee);
    put_user_name(writer, thread, DM_AVP_USER_NAME, flow->user);
    put_proof(writer, thread, flow, "INVITE", dm_bytes_of(uri, size));
}

/* ---- SAR ---- */

/* The profile is wanted where somebody is to be served: types 0 to 3. */
static void put_assignment(struct dm_writer *writer, const struct load_thread *thread,
                           uint32_t type)
{
    bool cx = thread->world->options->cx;
    uint32_t vendor = cx ? CX_VENDOR : 0;
    dm_write32(writer, vendor, cx ? CX_SERVER_ASSIGNMENT_TYPE : SIP_SERVER_ASSIGNMENT_TYPE, M,
               type);
    dm_write32(writer, vendor,
               cx ? CX_USER_DATA_ALREADY_AVAILABLE : SIP_USER_DATA_ALREADY_AVAILABLE, M,
               type > SIP_UNREGISTERED_USER);
}

void flow_add_assignment_of_aor(struct dm_writer *writer, struct load_thread *thread,
                                const struct load_flow *flow, const struct flow_step *step)
{
    put_assignment(writer, thread, step->type);
    put_aor(writer, thread, flow->user);
}

void flow_add_assignment_of_name(struct dm_writer *writer, struct load_thread *thread,
                                 const struct load_flow *flow, const struct flow_step *step)
{
    put_assignment(writer, thread, step->type);
    put_user_name(writer, thread, DM_AVP_USER_NAME, flow->user);
}

void flow_add_assignment(struct dm_writer *writer, struct load_thread *thread,
                         const struct load_flow *flow, const struct flow_step *step)
{
    put_assignment(writer, thread, step->type);
    put_aor(writer, thread, flow->user);
    put_user_name(writer, thread, DM_AVP_USER_NAME, flow->user);
}
