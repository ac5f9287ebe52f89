/* hss_mar.c — MAR and MAA: challenges, the final check or what another needs for it.
 *
 * RFC 4740 §8.8 with its flows §6.2 (we check), §6.3 (SIP server 2 checks with H(A1)) and §6.4 (an
 * outbound proxy, no SIP-Server-URI); 29.229 §6.1.8 with SIP Digest and AKA. */
#include "bench/hss_auth.h"
#include "bench/hss_registrar.h"
#include "bench/hss_turn.h"

/* What a MAR asks for. */
struct ask {
    bool is_registration;
    bool has_user; /* `user` is whose credentials are asked or given */
    uint32_t user;
    uint32_t server;
    bool has_proof;
    struct hss_proof proof;
};

/* ---- the request of RFC 4740 ---- */

/* The callee stands in SIP-AOR unless this is a REGISTER: then only User-Name says who. §8.7, §8.8.
 */
static enum dm_result read_user(const struct hss_turn *turn, struct ask *ask)
{
    const struct hss_request *request = turn->request;
    ask->is_registration =
        request->is_cx || dm_bytes_equal(request->data[HSS_METHOD], dm_text("REGISTER"));
    ask->has_user = ask->is_registration || hss_has(request, HSS_USER_NAME);
    if (ask->is_registration)
        return hss_turn_identify(turn, &ask->user);
    if (ask->has_user && !hss_turn_name(turn, request->data[HSS_USER_NAME], &ask->user))
        return DM_ERROR_USER_UNKNOWN;
    return DM_OK;
}

/* Shows an AVP that SIP-Auth-Data-Item should have. */
static enum dm_result miss(const struct hss_turn *turn, uint32_t code)
{
    return dm_fault_example(&turn->worker->fault, DM_MISSING_AVP, 0, code);
}

static enum dm_result read_item(const struct hss_turn *turn, struct ask *ask)
{
    struct dm_avp avp;
    uint32_t scheme, missing;
    dm_bytes item = hss_field(turn->request, HSS_AUTH_ITEM);
    turn->worker->fault.avp = (dm_bytes){0};
    ask->has_proof = false;
    if (!hss_has(turn->request, HSS_AUTH_ITEM))
        return DM_OK;
    if (!dm_avp_find_in(item, 0, SIP_AUTHENTICATION_SCHEME, &avp))
        return miss(turn, SIP_AUTHENTICATION_SCHEME);
    if (!dm_avp_get32(&avp, &scheme))
        return dm_fault_show(&turn->worker->fault, DM_INVALID_AVP_LENGTH, avp.whole);
    if (scheme != 0) /* 0 DIGEST is the only one there is. §9.5.1 */
        return DM_ERROR_AUTH_SCHEME_NOT_SUPPORTED;
    if (!dm_avp_find_in(item, 0, SIP_AUTHORIZATION, &avp))
        return DM_OK;
    ask->has_proof = hss_proof_read(&ask->proof, avp.data, &missing);
    if (ask->has_proof)
        return DM_OK;
    return missing ? miss(turn, missing)
                   : dm_fault_show(&turn->worker->fault, DM_INVALID_AVP_LENGTH, avp.whole);
}

/* ---- parts of the answer of RFC 4740 ---- */

static size_t begin_item(struct hss_turn *turn)
{
    dm_write32(&turn->out, 0, SIP_NUMBER_AUTH_ITEMS, DM_AVP_MANDATORY, 1);
    size_t item = dm_write_group(&turn->out, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    dm_write32(&turn->out, 0, SIP_AUTHENTICATION_SCHEME, DM_AVP_MANDATORY, 0);
    return item;
}

struct challenge {
    bool with_ha1;
    bool stale;
};

static void put_challenge(struct hss_turn *turn, const struct ask *ask, struct challenge challenge)
{
    char nonce[HSS_NONCE], ha1[DIGEST_HEX];
    size_t item = begin_item(turn);
    size_t group = dm_write_group(&turn->out, 0, SIP_AUTHENTICATE, DM_AVP_MANDATORY);
    hss_put_text(turn, 0, DIGEST_REALM, turn->hss->users.realm);
    hss_nonce_make(turn->worker, nonce);
    hss_put_text(turn, 0, DIGEST_NONCE, dm_bytes_of(nonce, HSS_NONCE));
    if (challenge.stale)
        hss_put_text(turn, 0, DIGEST_STALE, dm_text("true"));
    hss_put_text(turn, 0, DIGEST_ALGORITHM, dm_text("MD5"));
    hss_put_text(turn, 0, DIGEST_QOP, dm_text("auth"));
    if (challenge.with_ha1) {
        hss_user_ha1(&turn->hss->users, ask->user, &turn->worker->digest, ha1);
        hss_put_text(turn, 0, DIGEST_HA1, dm_bytes_of(ha1, DIGEST_HEX));
    }
    dm_write_group_end(&turn->out, group);
    dm_write_group_end(&turn->out, item);
}

/* User-Name and SIP-AOR are repeated as they came. */
static void put_identities(struct hss_turn *turn)
{
    const struct hss_codes *codes = hss_codes_of(turn);
    const struct hss_request *request = turn->request;
    if (hss_has(request, HSS_USER_NAME))
        hss_put_text(turn, 0, DM_AVP_USER_NAME, request->data[HSS_USER_NAME]);
    hss_put_text(turn, codes->vendor, codes->aor, request->aor[0]);
}

/* SIP-Authentication-Info: the user shall know that we know his secret. §9.5.5 */
static void put_information(struct hss_turn *turn, const struct ask *ask)
{
    char answer[DIGEST_HEX];
    size_t item = begin_item(turn);
    size_t group = dm_write_group(&turn->out, 0, SIP_AUTHENTICATION_INFO, DM_AVP_MANDATORY);
    hss_proof_answer(turn->worker, ask->user, &ask->proof, answer);
    hss_put_text(turn, 0, DIGEST_RESPONSE_AUTH, dm_bytes_of(answer, DIGEST_HEX));
    if (ask->proof.qop.size) {
        hss_put_text(turn, 0, DIGEST_QOP, ask->proof.qop);
        hss_put_text(turn, 0, DIGEST_CNONCE, ask->proof.cnonce);
        hss_put_text(turn, 0, DIGEST_NONCE_COUNT, ask->proof.nonce_count);
    }
    dm_write_group_end(&turn->out, group);
    dm_write_group_end(&turn->out, item);
}

/* ---- the answer of RFC 4740 ---- */

/* The SIP server that asks is remembered until its SAR. §8.8 */
static void await(struct hss_turn *turn, const struct ask *ask)
{
    struct hss *hss = turn->hss;
    if (!ask->server || !ask->has_user)
        return;
    uint32_t host = hss_turn_host(turn);
    struct hss_user was = hss_user_read(&hss->users, ask->user), user;
    do {
        user = was;
        hss_registrar_await(&user, ask->server);
        user.host = host;
    } while (!hss_user_write(&hss->users, ask->user, &was, user));
    hss_turn_changed(turn, ask->user, was, user);
}

static void answer_with_challenge(struct hss_turn *turn, const struct ask *ask,
                                  enum dm_result result, struct challenge challenge)
{
    hss_turn_result(turn, result);
    put_identities(turn);
    put_challenge(turn, ask, challenge);
}

static void answer_first(struct hss_turn *turn, const struct ask *ask)
{
    if (!ask->server) {
        answer_with_challenge(turn, ask, DM_SUCCESS_AUTH_SENT_SERVER_NOT_STORED,
                              (struct challenge){0});
        return;
    }
    if (!ask->has_user) { /* whose H(A1) would it be? */
        answer_with_challenge(turn, ask, DM_USER_NAME_REQUIRED, (struct challenge){0});
        return;
    }
    bool delegate = !turn->hss->policy.checks_itself;
    await(turn, ask);
    answer_with_challenge(turn, ask, delegate ? DM_SUCCESS : DM_MULTI_ROUND_AUTH,
                          (struct challenge){.with_ha1 = delegate});
}

static void answer_proven(struct hss_turn *turn, const struct ask *ask)
{
    await(turn, ask);
    hss_turn_result(turn, ask->server ? DM_SUCCESS : DM_SUCCESS_SERVER_NAME_NOT_STORED);
    put_identities(turn);
    put_information(turn, ask);
}

static void answer_proof(struct hss_turn *turn, const struct ask *ask)
{
    if (!hss_has(turn->request, HSS_USER_NAME)) {
        answer_with_challenge(turn, ask, DM_USER_NAME_REQUIRED, (struct challenge){0});
        return;
    }
    dm_bytes method = turn->request->data[HSS_METHOD];
    switch (hss_proof_judge(turn->worker, ask->user, &ask->proof, method)) {
    case HSS_PROOF_GOOD:
        answer_proven(turn, ask);
        return;
    case HSS_PROOF_STALE:
        answer_with_challenge(turn, ask, DM_MULTI_ROUND_AUTH, (struct challenge){.stale = true});
        return;
    case HSS_PROOF_UNSUPPORTED:
        hss_turn_result(turn, DM_ERROR_AUTH_SCHEME_NOT_SUPPORTED);
        return;
    case HSS_PROOF_WRONG:
        hss_turn_result(turn, DM_AUTHENTICATION_REJECTED);
        return;
    }
}

/* ---- Cx ---- */

enum scheme { SCHEME_DIGEST, SCHEME_AKA, SCHEME_OTHER };

/* "Unknown" leaves the choice to us. 29.229 §6.3.9 */
static enum scheme scheme_of(dm_bytes text)
{
    if (dm_bytes_equal(text, dm_text("SIP Digest")) || dm_bytes_equal(text, dm_text("Unknown")))
        return SCHEME_DIGEST;
    return dm_bytes_equal(text, dm_text("Digest-AKAv1-MD5")) ? SCHEME_AKA : SCHEME_OTHER;
}

static void put_cx_digest(struct hss_turn *turn, uint32_t user)
{
    char ha1[DIGEST_HEX];
    hss_user_ha1(&turn->hss->users, user, &turn->worker->digest, ha1);
    dm_write_text(&turn->out, CX_VENDOR, CX_AUTHENTICATION_SCHEME, DM_AVP_MANDATORY, "SIP Digest");
    size_t group = dm_write_group(&turn->out, CX_VENDOR, CX_DIGEST_AUTHENTICATE, 0);
    hss_put_text(turn, 0, DIGEST_REALM, turn->hss->users.realm);
    hss_put_text(turn, 0, DIGEST_ALGORITHM, dm_text("MD5"));
    hss_put_text(turn, 0, DIGEST_QOP, dm_text("auth"));
    hss_put_text(turn, 0, DIGEST_HA1, dm_bytes_of(ha1, DIGEST_HEX));
    dm_write_group_end(&turn->out, group);
}

/* A vector of the right shape and of no meaning: RAND‖AUTN, XRES, CK, IK. */
static void put_cx_aka(struct hss_turn *turn)
{
    static const struct {
        uint32_t code;
        size_t size;
    } parts[] = {{CX_AUTHENTICATE, 32},
                 {CX_AUTHORIZATION, 8},
                 {CX_CONFIDENTIALITY_KEY, 16},
                 {CX_INTEGRITY_KEY, 16}};
    dm_write_text(&turn->out, CX_VENDOR, CX_AUTHENTICATION_SCHEME, DM_AVP_MANDATORY,
                  "Digest-AKAv1-MD5");
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        uint8_t octets[32];
        for (size_t at = 0; at < parts[i].size; at += 8)
            dm_put64(octets + at, hss_random(turn->worker));
        hss_put_text(turn, CX_VENDOR, parts[i].code, dm_bytes_of(octets, parts[i].size));
    }
}

static void put_cx_item(struct hss_turn *turn, enum scheme scheme, uint32_t user)
{
    dm_write32(&turn->out, CX_VENDOR, CX_NUMBER_AUTH_ITEMS, DM_AVP_MANDATORY, 1);
    size_t item = dm_write_group(&turn->out, CX_VENDOR, CX_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    dm_write32(&turn->out, CX_VENDOR, CX_ITEM_NUMBER, DM_AVP_MANDATORY, 1);
    if (scheme == SCHEME_AKA)
        put_cx_aka(turn);
    else
        put_cx_digest(turn, user);
    dm_write_group_end(&turn->out, item);
}

static void answer_cx(struct hss_turn *turn, const struct ask *ask)
{
    struct dm_avp avp;
    dm_bytes item = turn->request->data[HSS_AUTH_ITEM];
    if (!dm_avp_find_in(item, CX_VENDOR, CX_AUTHENTICATION_SCHEME, &avp)) {
        dm_fault_example(&turn->worker->fault, DM_MISSING_AVP, CX_VENDOR, CX_AUTHENTICATION_SCHEME);
        hss_turn_fault(turn, DM_MISSING_AVP);
        return;
    }
    enum scheme scheme = scheme_of(avp.data);
    if (scheme == SCHEME_OTHER) {
        hss_turn_result(turn, DM_ERROR_AUTH_SCHEME_NOT_SUPPORTED);
        return;
    }
    await(turn, ask);
    hss_turn_result(turn, DM_SUCCESS);
    put_identities(turn);
    put_cx_item(turn, scheme, ask->user);
}

/* ---- the handler ---- */

void hss_mar(struct hss_turn *turn)
{
    struct ask ask;
    enum dm_result wrong = read_user(turn, &ask);
    if (!wrong && !hss_turn_server(turn, &ask.server))
        wrong = DM_UNABLE_TO_COMPLY;
    if (wrong) {
        hss_turn_result(turn, wrong);
        return;
    }
    if (turn->request->is_cx) {
        answer_cx(turn, &ask);
        return;
    }
    wrong = read_item(turn, &ask);
    if (wrong)
        hss_turn_fault(turn, wrong);
    else if (ask.has_proof)
        answer_proof(turn, &ask);
    else
        answer_first(turn, &ask);
}
