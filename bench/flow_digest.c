/* flow_digest.c — the challenge in a MAA, and the response of a user agent that has a password. */
#include "bench/flow.h"

#include <stdio.h>

const char flow_nonce_count[] = "00000001", flow_cnonce[] = "0a4f113b";

static bool in_group(dm_bytes group, uint32_t code, dm_bytes *value)
{
    struct dm_avp avp;
    bool found = dm_avp_find_in(group, 0, code, &avp);
    if (found)
        *value = avp.data;
    return found;
}

/* In Cx the nonce is SIP server 2's own; qop is optional. */
bool flow_challenged(struct load_thread *thread, struct load_flow *flow,
                     const struct load_answer *answer, dm_bytes *ha1)
{
    struct dm_avp item, group;
    bool cx = thread->world->options->cx;
    uint32_t vendor = cx ? CX_VENDOR : 0;
    if (!dm_avp_find(answer->message, vendor, cx ? CX_AUTH_DATA_ITEM : SIP_AUTH_DATA_ITEM, &item) ||
        !dm_avp_find_in(item.data, vendor, cx ? CX_DIGEST_AUTHENTICATE : SIP_AUTHENTICATE, &group))
        return false;
    dm_bytes realm, nonce = dm_text("the registrar's own"), qop = dm_text("auth");
    *ha1 = (dm_bytes){0};
    (void)in_group(group.data, DIGEST_QOP, &qop);
    (void)in_group(group.data, DIGEST_HA1, ha1);
    return in_group(group.data, DIGEST_REALM, &realm) &&
           (cx || in_group(group.data, DIGEST_NONCE, &nonce)) &&
           flow_keep(&flow->challenge.realm, realm) && flow_keep(&flow->challenge.nonce, nonce) &&
           flow_keep(&flow->challenge.qop, qop);
}

void flow_respond_with(struct load_thread *thread, const struct load_flow *flow, const char *method,
                       dm_bytes uri, const char ha1[DIGEST_HEX], char to[DIGEST_HEX])
{
    char ha2[DIGEST_HEX];
    const struct digest_credentials credentials = {flow_kept(&flow->challenge.nonce),
                                                   dm_text(flow_nonce_count), dm_text(flow_cnonce),
                                                   flow_kept(&flow->challenge.qop)};
    digest_ha2(&thread->digest, dm_text(method), uri, ha2);
    digest_response(&thread->digest, ha1, &credentials, ha2, to);
}

void flow_respond(struct load_thread *thread, const struct load_flow *flow, const char *method,
                  dm_bytes uri, char to[DIGEST_HEX])
{
    const struct load_options *options = thread->world->options;
    char name[NAME_SIZE_MAX], secret[FLOW_TEXT], ha1[DIGEST_HEX];
    size_t name_size = name_user(name, flow->user, dm_text(options->destination_realm));
    int size = snprintf(secret, sizeof(secret), "%s%u", options->password, flow->user);
    digest_ha1(&thread->digest, dm_bytes_of(name, name_size), flow_kept(&flow->challenge.realm),
               dm_bytes_of(secret, (size_t)size), ha1);
    flow_respond_with(thread, flow, method, uri, ha1, to);
}
