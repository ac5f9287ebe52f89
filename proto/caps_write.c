/* caps_write.c — our CER and CEA.
 *
 * Kamailio looks for the exact pair of application and vendor in the peer's CEA and does not know
 * the relay's id, so concrete applications are named beside it, a vendor's in
 * Vendor-Specific-Application-Id. RFC 6733 §5.3.1, §5.3.2; 29.229 §5.6; CEX-02, CEX-03, CEX-05..07.
 */
#include "proto/caps.h"

#include "proto/dict.h"

enum { VENDOR_ETSI = 13019, APPLICATION_CX = 16777216, APPLICATION_SH = 16777217 };

void dm_write_origin(struct dm_writer *writer, const struct dm_self *self)
{
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, self->origin_host);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, self->origin_realm);
}

void dm_write_origin_state(struct dm_writer *writer, const struct dm_self *self)
{
    if (self->origin_state_id)
        dm_write32(writer, 0, DM_AVP_ORIGIN_STATE_ID, DM_AVP_MANDATORY, self->origin_state_id);
}

static void write_addresses(struct dm_writer *writer, const struct dm_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        dm_write_address(writer, DM_AVP_HOST_IP_ADDRESS, DM_AVP_MANDATORY, addresses->at[i]);
}

static uint32_t vendor_of(uint32_t application)
{
    const struct dm_application_info *info = dm_dict_application(application);
    return info ? info->vendor : 0;
}

/* Supported-Vendor-Id has no duplicates (CEX-24): vendors are few, so a set of what was written
 * does. */
struct vendors {
    size_t count;
    uint32_t id[DM_APPLICATIONS_MAX + 1];
};

static void write_vendor_once(struct dm_writer *writer, struct vendors *written, uint32_t vendor)
{
    if (vendor == 0)
        return;
    for (size_t i = 0; i < written->count; i++)
        if (written->id[i] == vendor)
            return;
    written->id[written->count++] = vendor;
    dm_write32(writer, 0, DM_AVP_SUPPORTED_VENDOR_ID, DM_AVP_MANDATORY, vendor);
}

static void write_vendors(struct dm_writer *writer, const struct dm_applications *advertise)
{
    struct vendors written = {0};
    for (size_t i = 0; i < advertise->count; i++) {
        write_vendor_once(writer, &written, vendor_of(advertise->id[i]));
        /* 29.229 §5.6: AVPs of ETSI stand in Cx and Sh, too. */
        if (advertise->id[i] == APPLICATION_CX || advertise->id[i] == APPLICATION_SH)
            write_vendor_once(writer, &written, VENDOR_ETSI);
    }
}

static uint32_t code_for(const struct dm_application_info *info)
{
    bool is_accounting = info && info->accounting;
    return is_accounting ? DM_AVP_ACCT_APPLICATION_ID : DM_AVP_AUTH_APPLICATION_ID;
}

static void write_application(struct dm_writer *writer, uint32_t id)
{
    const struct dm_application_info *info = dm_dict_application(id);
    uint32_t vendor = vendor_of(id);
    if (vendor == 0) {
        dm_write32(writer, 0, code_for(info), DM_AVP_MANDATORY, id);
        return;
    }
    size_t mark =
        dm_write_group(writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, DM_AVP_MANDATORY);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, vendor);
    dm_write32(writer, 0, code_for(info), DM_AVP_MANDATORY, id);
    dm_write_group_end(writer, mark);
}

static void write_applications(struct dm_writer *writer, const struct dm_applications *advertise)
{
    for (size_t i = 0; i < advertise->count; i++)
        write_application(writer, advertise->id[i]);
    if (!advertise->relay)
        return;
    dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, DM_APPLICATION_RELAY);
    dm_write32(writer, 0, DM_AVP_ACCT_APPLICATION_ID, DM_AVP_MANDATORY, DM_APPLICATION_RELAY);
}

/* What both messages have in common, in the order of their CCF; Failed-AVP is the CEA's. */
static void write_capabilities(struct dm_writer *writer, const struct dm_self *self,
                               const struct dm_applications *advertise,
                               const struct dm_addresses *addresses, const struct dm_fault *fault,
                               bool is_whole)
{
    dm_write_origin(writer, self);
    write_addresses(writer, addresses);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, self->vendor_id);
    dm_write_text(writer, 0, DM_AVP_PRODUCT_NAME, 0, self->product_name);
    dm_write_origin_state(writer, self);
    dm_write_failed_avp(writer, fault, is_whole);
    write_vendors(writer, advertise);
    write_applications(writer, advertise);
    if (self->firmware_revision)
        dm_write32(writer, 0, DM_AVP_FIRMWARE_REVISION, 0, self->firmware_revision);
}

size_t dm_cer_write(void *to, size_t room, const struct dm_self *self,
                    const struct dm_applications *advertise, const struct dm_addresses *addresses,
                    uint32_t hop_by_hop, uint32_t end_to_end)
{
    struct dm_header header = {.version = DM_VERSION,
                               .flags = DM_FLAG_REQUEST,
                               .command = DM_CAPABILITIES_EXCHANGE,
                               .hop_by_hop = hop_by_hop,
                               .end_to_end = end_to_end};
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &header);
    write_capabilities(&writer, self, advertise, addresses, NULL, false);
    return dm_writer_finish(&writer);
}

struct dm_header dm_answer_header(const struct dm_header *request, bool is_error)
{
    struct dm_header header = *request;
    header.version = DM_VERSION;
    header.flags = request->flags & DM_FLAG_PROXIABLE;
    if (is_error)
        header.flags |= DM_FLAG_ERROR;
    return header;
}

static size_t write_cea(void *to, size_t room, const struct dm_self *self,
                        const struct dm_applications *advertise,
                        const struct dm_addresses *addresses, const struct dm_header *request,
                        enum dm_result result, const struct dm_fault *fault, bool is_whole)
{
    struct dm_header header = dm_answer_header(request, dm_result_is_protocol_error(result));
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &header);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, result);
    write_capabilities(&writer, self, advertise, addresses, fault, is_whole);
    return dm_writer_finish(&writer);
}

size_t dm_cea_write(void *to, size_t room, const struct dm_self *self,
                    const struct dm_applications *advertise, const struct dm_addresses *addresses,
                    const struct dm_header *request, enum dm_result result,
                    const struct dm_fault *fault)
{
    size_t size = write_cea(to, room, self, advertise, addresses, request, result, fault, true);
    if (size == 0 && fault)
        size = write_cea(to, room, self, advertise, addresses, request, result, fault, false);
    return size;
}
