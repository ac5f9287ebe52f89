/* caps.c — capabilities of a peer read from its CER or CEA, and ours written into one.
 *
 * All instances of the three AVPs that name applications are scanned, and the Vendor-Id inside a
 * Vendor-Specific-Application-Id is not considered (CEX-08): there is one space of Application-Ids.
 * RFC 6733 §5.3. */
#include "proto/caps.h"

#include "proto/dict.h"

/* The place of the first id that is not smaller. */
static uint16_t place_of(const struct dm_applications *set, uint32_t id)
{
    uint16_t low = 0, high = set->count;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (set->id[middle] < id)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    return low;
}

void dm_applications_add(struct dm_applications *set, uint32_t id)
{
    if (id == DM_APPLICATION_RELAY) {
        set->relay = true;
        return;
    }
    uint16_t place = place_of(set, id);
    if (place < set->count && set->id[place] == id)
        return;
    if (set->count == DM_APPLICATIONS_MAX) {
        if (set->dropped < UINT16_MAX)
            set->dropped++;
        return;
    }
    memmove(&set->id[place + 1], &set->id[place], (set->count - place) * sizeof set->id[0]);
    set->id[place] = id;
    set->count++;
}

bool dm_applications_has(const struct dm_applications *set, uint32_t id)
{
    uint16_t place = place_of(set, id);
    return set->relay || (place < set->count && set->id[place] == id);
}

bool dm_applications_common(const struct dm_applications *a, const struct dm_applications *b)
{
    if (a->relay || b->relay)
        return true;
    for (uint16_t i = 0; i < a->count; i++)
        if (dm_applications_has(b, a->id[i]))
            return true;
    return false;
}

/* What a Vendor-Specific-Application-Id names. */
struct specific {
    struct dm_avp auth, acct;
    bool has_auth, has_acct;
};

/* Neither id: an example of both is shown. Both: both are shown, as received. RFC 6733 §6.11. */
static enum dm_result show_both(struct dm_fault *fault, enum dm_result result,
                                const struct specific *specific)
{
    static const uint8_t zero[4];
    dm_bytes auth = specific->has_auth ? specific->auth.data : dm_bytes_of(zero, sizeof zero);
    dm_bytes acct = specific->has_acct ? specific->acct.data : dm_bytes_of(zero, sizeof zero);
    struct dm_writer writer;
    dm_writer_init(&writer, fault->made, sizeof fault->made);
    dm_write_avp(&writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, auth);
    dm_write_avp(&writer, 0, DM_AVP_ACCT_APPLICATION_ID, DM_AVP_MANDATORY, acct);
    size_t size = (size_t)(writer.at - writer.start);
    return dm_fault_show(fault, result, dm_bytes_of(fault->made, size));
}

/* CEX-13. Not of an answer: nobody could be told, and its ids are clear enough. */
static enum dm_result check_specific(const struct specific *specific, bool is_request,
                                     struct dm_fault *fault)
{
    if (!is_request || specific->has_auth != specific->has_acct)
        return DM_OK;
    enum dm_result wrong = specific->has_auth ? DM_AVP_OCCURS_TOO_MANY_TIMES : DM_MISSING_AVP;
    return show_both(fault, wrong, specific);
}

static enum dm_result read_specific(struct dm_caps *caps, dm_bytes group, bool is_request,
                                    struct dm_fault *fault)
{
    struct specific specific = {0};
    struct dm_avps walk = dm_avps_in(group);
    struct dm_avp avp;
    uint32_t id;
    while (dm_avps_next(&walk, &avp)) {
        bool is_auth = avp.vendor == 0 && avp.code == DM_AVP_AUTH_APPLICATION_ID;
        bool is_acct = avp.vendor == 0 && avp.code == DM_AVP_ACCT_APPLICATION_ID;
        if ((!is_auth && !is_acct) || !dm_avp_get32(&avp, &id))
            continue;
        dm_applications_add(&caps->applications, id);
        *(is_auth ? &specific.auth : &specific.acct) = avp;
        *(is_auth ? &specific.has_auth : &specific.has_acct) = true;
    }
    return check_specific(&specific, is_request, fault);
}

/* AVP-22: a name that no other node could be asked for is no name. */
static enum dm_result read_identity(dm_bytes *identity, const struct dm_avp *avp,
                                    struct dm_fault *fault)
{
    if (!dm_identity_is_valid(avp->data))
        return dm_fault_show(fault, DM_INVALID_AVP_VALUE, avp->whole);
    *identity = avp->data;
    return DM_OK;
}

/* A number, left as it was where the size is not that of one: dm_check has said so. */
static void read_number(uint32_t *number, const struct dm_avp *avp)
{
    (void)dm_avp_get32(avp, number);
}

static void read_application(struct dm_caps *caps, const struct dm_avp *avp)
{
    uint32_t id;
    if (dm_avp_get32(avp, &id))
        dm_applications_add(&caps->applications, id);
}

static enum dm_result read_avp(struct dm_caps *caps, const struct dm_avp *avp, bool is_request,
                               struct dm_fault *fault)
{
    switch (avp->code) {
    case DM_AVP_ORIGIN_HOST:
        return read_identity(&caps->origin_host, avp, fault);
    case DM_AVP_ORIGIN_REALM:
        return read_identity(&caps->origin_realm, avp, fault);
    case DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID:
        return read_specific(caps, avp->data, is_request, fault);
    case DM_AVP_AUTH_APPLICATION_ID:
    case DM_AVP_ACCT_APPLICATION_ID:
        read_application(caps, avp);
        break;
    case DM_AVP_PRODUCT_NAME:
        caps->product_name = avp->data;
        break;
    case DM_AVP_VENDOR_ID:
        read_number(&caps->vendor_id, avp);
        break;
    case DM_AVP_FIRMWARE_REVISION:
        read_number(&caps->firmware_revision, avp);
        break;
    case DM_AVP_ORIGIN_STATE_ID:
        read_number(&caps->origin_state_id, avp);
        break;
    case DM_AVP_RESULT_CODE:
        read_number(&caps->result_code, avp);
        break;
    default:
        break;
    }
    return DM_OK;
}

enum dm_result dm_caps_read(struct dm_caps *caps, dm_bytes message, struct dm_fault *fault)
{
    struct dm_header header;
    dm_header_read(&header, message.at);
    *caps = (struct dm_caps){0};
    enum dm_result wrong = DM_OK;
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    while (wrong == DM_OK && dm_avps_next(&walk, &avp))
        if (avp.vendor == 0)
            wrong = read_avp(caps, &avp, dm_header_is_request(&header), fault);
    if (wrong != DM_OK)
        return wrong;
    if (caps->origin_host.size == 0)
        return dm_fault_example(fault, DM_MISSING_AVP, 0, DM_AVP_ORIGIN_HOST);
    if (caps->origin_realm.size == 0)
        return dm_fault_example(fault, DM_MISSING_AVP, 0, DM_AVP_ORIGIN_REALM);
    return DM_OK;
}
