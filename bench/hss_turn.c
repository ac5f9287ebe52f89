/* hss_turn.c — the parts that all answers have. RFC 6733 §6.2, §7.1, §7.5, §7.6. */
#include "bench/hss_turn.h"

#include "bench/names.h"

static const struct hss_codes sip_codes = {0, SIP_AOR, SIP_SERVER_URI, SIP_SERVER_CAPABILITIES,
                                           SIP_MANDATORY_CAPABILITY};
static const struct hss_codes cx_codes = {CX_VENDOR, CX_PUBLIC_IDENTITY, CX_SERVER_NAME,
                                          CX_SERVER_CAPABILITIES, CX_MANDATORY_CAPABILITY};

const struct hss_codes *hss_codes_of(const struct hss_turn *turn)
{
    return turn->request->is_cx ? &cx_codes : &sip_codes;
}

void hss_put_text(struct hss_turn *turn, uint32_t vendor, uint32_t code, dm_bytes text)
{
    dm_write_avp(&turn->out, vendor, code, DM_AVP_MANDATORY, text);
}

/* ---- the beginning of an answer ---- */

static void put_header(struct hss_turn *turn, bool error)
{
    struct dm_header header = *turn->request->header;
    header.flags = (uint8_t)((header.flags & DM_FLAG_PROXIABLE) | (error ? DM_FLAG_ERROR : 0));
    dm_write_header(&turn->out, &header);
}

static void put_head(struct hss_turn *turn)
{
    const struct hss_request *request = turn->request;
    if (hss_has(request, HSS_SESSION_ID))
        hss_put_text(turn, 0, DM_AVP_SESSION_ID, request->data[HSS_SESSION_ID]);
    size_t application = request->command == HSS_COMMANDS ? 2 : request->is_cx;
    size_t state = hss_has(request, HSS_SESSION_STATE) &&
                   request->data[HSS_SESSION_STATE].size == 4 &&
                   dm_get32(request->data[HSS_SESSION_STATE].at) == 0;
    dm_write_raw(&turn->out, dm_bytes_of(turn->worker->heads[application][state],
                                         turn->worker->head_sizes[application][state]));
}

static void put_experimental(struct hss_turn *turn, uint32_t vendor, uint32_t code)
{
    size_t group = dm_write_group(&turn->out, 0, DM_AVP_EXPERIMENTAL_RESULT, DM_AVP_MANDATORY);
    dm_write32(&turn->out, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, vendor);
    dm_write32(&turn->out, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, DM_AVP_MANDATORY, code);
    dm_write_group_end(&turn->out, group);
}

void hss_turn_code(struct hss_turn *turn, uint32_t vendor, uint32_t code)
{
    struct hss_counts *counts = &turn->worker->counts;
    put_header(turn, vendor == 0 && dm_result_is_protocol_error(code));
    put_head(turn);
    if (vendor)
        put_experimental(turn, vendor, code);
    else
        dm_write32(&turn->out, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, code);
    if (code < HSS_CODES)
        (vendor ? counts->by_experimental : counts->by_result)[code]++;
}

void hss_turn_result(struct hss_turn *turn, enum dm_result result)
{
    uint32_t code = result;
    uint32_t vendor = 0;
    if (turn->request->is_cx) {
        switch (code) {
#define EXPERIMENTAL(sip, cx)                                                                      \
    case sip:                                                                                      \
        vendor = CX_VENDOR;                                                                        \
        code = cx;                                                                                 \
        break;
#define PLAIN(sip, cx)                                                                             \
    case sip:                                                                                      \
        code = cx;                                                                                 \
        break;
#include "bench/hss_results.def"
#undef EXPERIMENTAL
#undef PLAIN
        default:
            break;
        }
    }
    hss_turn_code(turn, vendor, code);
}

/* ---- errors that show their AVP ---- */

void hss_turn_fault(struct hss_turn *turn, enum dm_result result)
{
    const dm_bytes shown = turn->worker->fault.avp;
    hss_turn_result(turn, result);
    if (shown.size == 0)
        return;
    size_t group = dm_write_group(&turn->out, 0, DM_AVP_FAILED_AVP, DM_AVP_MANDATORY);
    dm_write_raw(&turn->out, shown);
    dm_write_group_end(&turn->out, group);
}

void hss_turn_fail(struct hss_turn *turn, enum dm_result result, enum hss_field field)
{
    struct dm_fault *fault = &turn->worker->fault;
    struct dm_avp avp;
    uint32_t vendor, code;
    hss_field_code(turn->request, field, &vendor, &code);
    if (dm_avp_find(turn->request->message, vendor, code, &avp))
        dm_fault_show(fault, result, avp.whole);
    else
        dm_fault_example(fault, result, vendor, code);
    hss_turn_fault(turn, result);
}

/* ---- who ---- */

bool hss_turn_name(const struct hss_turn *turn, dm_bytes user_name, uint32_t *index)
{
    const struct hss_users *users = &turn->hss->users;
    return name_user_index(user_name, users->realm, index) && *index < users->count;
}

bool hss_turn_aor(const struct hss_turn *turn, dm_bytes aor, uint32_t *index)
{
    const struct hss_users *users = &turn->hss->users;
    return name_aor_index(aor, users->realm, index) && *index < users->count;
}

enum dm_result hss_turn_identify(const struct hss_turn *turn, uint32_t *index)
{
    const struct hss_request *request = turn->request;
    uint32_t owner;
    if (!hss_has(request, HSS_USER_NAME)) {
        if (request->aors == 0)
            return DM_USER_NAME_REQUIRED;
        return hss_turn_aor(turn, request->aor[0], index) ? DM_OK : DM_ERROR_USER_UNKNOWN;
    }
    if (!hss_turn_name(turn, request->data[HSS_USER_NAME], index))
        return DM_ERROR_USER_UNKNOWN;
    if (request->aors && (!hss_turn_aor(turn, request->aor[0], &owner) || owner != *index))
        return DM_ERROR_IDENTITIES_DONT_MATCH;
    return DM_OK;
}

bool hss_turn_server(const struct hss_turn *turn, uint32_t *server)
{
    *server = 0;
    if (!hss_has(turn->request, HSS_SERVER))
        return true;
    *server = hss_texts_number(&turn->hss->texts, turn->request->data[HSS_SERVER]);
    return *server != 0;
}

uint32_t hss_turn_host(const struct hss_turn *turn)
{
    if (!turn->hss->remembers_hosts)
        return 0;
    return hss_texts_number(&turn->hss->texts, hss_field(turn->request, HSS_ORIGIN_HOST));
}

void hss_turn_changed(const struct hss_turn *turn, uint32_t index, struct hss_user was,
                      struct hss_user now)
{
    const struct hss *hss = turn->hss;
    if (hss->on_change && !hss_user_equal(was, now))
        hss->on_change(hss->change_context, index);
}

void hss_put_user_name(struct hss_turn *turn, uint32_t index)
{
    char name[NAME_SIZE_MAX];
    size_t size = name_user(name, index, turn->hss->users.realm);
    hss_put_text(turn, 0, DM_AVP_USER_NAME, dm_bytes_of(name, size));
}

void hss_put_server(struct hss_turn *turn, uint32_t server)
{
    const struct hss_codes *codes = hss_codes_of(turn);
    if (server)
        hss_put_text(turn, codes->vendor, codes->server, hss_texts_at(&turn->hss->texts, server));
}
