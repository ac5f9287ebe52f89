/* hss_handlers.c — UAR, SAR, LIR and STR: find the user, ask the registrar, write what its verdict
 * says.
 *
 * RFC 4740 §8.2, §8.4, §8.6, §6.7; 29.229 §6.1. */
#include "bench/hss_registrar.h"
#include "bench/hss_turn.h"
#include "bench/names.h"

static void put_capabilities(struct hss_turn *turn)
{
    const struct hss_codes *codes = hss_codes_of(turn);
    size_t group = dm_write_group(&turn->out, codes->vendor, codes->capabilities, DM_AVP_MANDATORY);
    dm_write32(&turn->out, codes->vendor, codes->capability, DM_AVP_MANDATORY, 1);
    dm_write_group_end(&turn->out, group);
}

static void put_verdict(struct hss_turn *turn, struct hss_verdict verdict)
{
    hss_turn_result(turn, verdict.result);
    hss_put_server(turn, verdict.server);
    if (verdict.capabilities)
        put_capabilities(turn);
}

static bool starts_with(dm_bytes text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.at, with, size) == 0;
}

/* Networks named "barred…" have no roaming agreement with us. */
static bool is_barred(const struct hss_turn *turn, uint32_t type)
{
    return type != SIP_AUTHORIZE_DEREGISTRATION &&
           starts_with(hss_field(turn->request, HSS_VISITED_NETWORK), "barred");
}

void hss_uar(struct hss_turn *turn)
{
    uint32_t index;
    uint32_t type = hss_number(turn->request, HSS_AUTHORIZATION_TYPE, SIP_AUTHORIZE_REGISTRATION);
    enum dm_result wrong = hss_turn_identify(turn, &index);
    if (!wrong && is_barred(turn, type))
        wrong = DM_ERROR_ROAMING_NOT_ALLOWED;
    if (wrong) {
        hss_turn_result(turn, wrong);
        return;
    }
    struct hss_user user = hss_user_read(&turn->hss->users, index);
    struct hss_verdict verdict =
        hss_registrar_authorize(user, type, turn->hss->policy.always_capabilities);
    if (verdict.result == DM_INVALID_AVP_VALUE)
        hss_turn_fail(turn, DM_INVALID_AVP_VALUE, HSS_AUTHORIZATION_TYPE);
    else
        put_verdict(turn, verdict);
}

void hss_lir(struct hss_turn *turn)
{
    uint32_t index;
    if (!hss_turn_aor(turn, turn->request->aor[0], &index)) {
        hss_turn_result(turn, DM_ERROR_USER_UNKNOWN);
        return;
    }
    /* Users with an even number have services while they are not registered. */
    put_verdict(turn,
                hss_registrar_locate(hss_user_read(&turn->hss->users, index), index % 2 == 0));
}

/* ---- SAR ---- */

/* One user's word changes; again where another thread was quicker. */
static struct hss_verdict assign(struct hss_turn *turn, uint32_t index, uint32_t type,
                                 uint32_t server)
{
    struct hss *hss = turn->hss;
    uint32_t host = hss_turn_host(turn);
    struct hss_user was = hss_user_read(&hss->users, index), user;
    struct hss_verdict verdict;
    do {
        user = was;
        verdict = hss_registrar_assign(&user, type, server);
        if (verdict.result != DM_SUCCESS && verdict.result != DM_SUCCESS_SERVER_NAME_NOT_STORED)
            return verdict;
        if (verdict.server)
            user.host = host;
    } while (!hss_user_write(&hss->users, index, &was, user));
    hss_turn_changed(turn, index, was, user);
    return verdict;
}

/* We keep no sessions: any is ended with success, and with it the registration of the user who is
 * named. RFC 6733 §8.4, RFC 4740 §6.7. */
void hss_str(struct hss_turn *turn)
{
    uint32_t index;
    if (turn->request->command == HSS_COMMAND_SIP_APPLICATION_275 &&
        hss_has(turn->request, HSS_USER_NAME) &&
        hss_turn_name(turn, turn->request->data[HSS_USER_NAME], &index))
        (void)assign(turn, index, SIP_USER_DEREGISTRATION, 0); /* always succeeds */
    hss_turn_result(turn, DM_SUCCESS);
}

/* All SIP-AORs of a deregistration are of known users, and of this one if he is named. */
static enum dm_result check_aors(const struct hss_turn *turn, uint32_t named)
{
    const struct hss_request *request = turn->request;
    for (uint32_t i = 1; i < request->aors; i++) {
        uint32_t index;
        bool known = hss_turn_aor(turn, request->aor[i], &index);
        if (hss_has(request, HSS_USER_NAME) && (!known || index != named))
            return DM_ERROR_IDENTITIES_DONT_MATCH;
        if (!known)
            return DM_ERROR_USER_UNKNOWN;
    }
    return DM_OK;
}

static struct hss_verdict assign_all(struct hss_turn *turn, uint32_t named, uint32_t type,
                                     uint32_t server)
{
    struct hss_verdict verdict = assign(turn, named, type, server);
    for (uint32_t i = 1; i < turn->request->aors; i++) {
        uint32_t index;
        if (hss_turn_aor(turn, turn->request->aor[i], &index) && index != named)
            verdict = assign(turn, index, type, server);
    }
    return verdict;
}

static dm_bytes join(char *room, const dm_bytes *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(room + size, parts[i].at, parts[i].size);
        size += parts[i].size;
    }
    return dm_bytes_of(room, size);
}

/* A profile in the shape of 29.228 annex B: one private and one public identity. */
static dm_bytes make_profile(const struct hss_turn *turn, uint32_t index, char room[1024])
{
    char name[NAME_SIZE_MAX], aor[NAME_SIZE_MAX];
    dm_bytes realm = turn->hss->users.realm;
    const dm_bytes parts[] = {
        dm_text("<?xml version=\"1.0\"?><IMSSubscription><PrivateID>"),
        dm_bytes_of(name, name_user(name, index, realm)),
        dm_text("</PrivateID><ServiceProfile><PublicIdentity><Identity>"),
        dm_bytes_of(aor, name_aor(aor, index, realm)),
        dm_text("</Identity></PublicIdentity></ServiceProfile></IMSSubscription>"),
    };
    return join(room, parts, sizeof(parts) / sizeof(*parts));
}

static void put_sip_profile(struct hss_turn *turn, dm_bytes profile)
{
    const struct hss_request *request = turn->request;
    size_t group = dm_write_group(&turn->out, 0, SIP_USER_DATA, DM_AVP_MANDATORY);
    hss_put_text(turn, 0, SIP_USER_DATA_TYPE,
                 hss_has(request, HSS_DATA_TYPE) ? request->data[HSS_DATA_TYPE]
                                                 : dm_text("application/3gpp-ims+xml"));
    hss_put_text(turn, 0, SIP_USER_DATA_CONTENTS, profile);
    dm_write_group_end(&turn->out, group);
}

/* 29.229 §6.1.4: who answers charging questions, and which names belong together. */
static void put_cx_extras(struct hss_turn *turn, uint32_t index)
{
    size_t group = dm_write_group(&turn->out, CX_VENDOR, CX_CHARGING_INFORMATION, DM_AVP_MANDATORY);
    dm_write_text(&turn->out, CX_VENDOR, CX_PRIMARY_CHARGING_COLLECTION, DM_AVP_MANDATORY,
                  "aaa://ccf.invalid");
    dm_write_group_end(&turn->out, group);
    group = dm_write_group(&turn->out, CX_VENDOR, CX_ASSOCIATED_IDENTITIES, 0);
    hss_put_user_name(turn, index);
    dm_write_group_end(&turn->out, group);
}

static void put_profile(struct hss_turn *turn, uint32_t index)
{
    char room[1024];
    dm_bytes profile = make_profile(turn, index, room);
    if (turn->request->is_cx)
        hss_put_text(turn, CX_VENDOR, CX_USER_DATA, profile);
    else
        put_sip_profile(turn, profile);
}

static bool wants_profile(const struct hss_request *request, uint32_t type)
{
    return type <= SIP_UNREGISTERED_USER && hss_number(request, HSS_DATA_AVAILABLE, 1) == 0;
}

static void put_assignment(struct hss_turn *turn, uint32_t index, uint32_t type)
{
    hss_put_user_name(turn, index);
    if (wants_profile(turn->request, type))
        put_profile(turn, index);
    if (turn->request->is_cx && type <= SIP_UNREGISTERED_USER)
        put_cx_extras(turn, index);
}

static bool is_success(enum dm_result result)
{
    return result / 1000 == 2;
}

void hss_sar(struct hss_turn *turn)
{
    const struct hss_request *request = turn->request;
    uint32_t type = hss_number(request, HSS_ASSIGNMENT_TYPE, 0), index, server;
    if (hss_assignment_is_single(type) ? request->aors != 1 : request->aors > HSS_AORS_MAX) {
        hss_turn_fail(turn, DM_AVP_OCCURS_TOO_MANY_TIMES, HSS_AOR);
        return;
    }
    enum dm_result wrong = hss_turn_identify(turn, &index);
    if (!wrong)
        wrong = check_aors(turn, index);
    if (!wrong && !hss_turn_server(turn, &server))
        wrong = DM_UNABLE_TO_COMPLY;
    if (wrong) {
        hss_turn_result(turn, wrong);
        return;
    }
    struct hss_verdict verdict = assign_all(turn, index, type, server);
    if (verdict.result == DM_INVALID_AVP_VALUE)
        hss_turn_fail(turn, verdict.result, HSS_ASSIGNMENT_TYPE);
    else if (verdict.result == DM_MISSING_AVP)
        hss_turn_fail(turn, verdict.result, HSS_SERVER);
    else
        hss_turn_result(turn, verdict.result);
    if (is_success(verdict.result))
        put_assignment(turn, index, type);
}
