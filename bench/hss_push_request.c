/* hss_push_request.c — RTR ends a registration, PPR brings a profile, ASR asks to end a session.
 * RFC 4740 §8.9, §8.11, §6.7; RFC 6733 §8.5.1; 29.229 §6.1.9, §6.1.11. */
#include "bench/hss_push_request.h"

#include "bench/names.h"

enum { M = DM_AVP_MANDATORY };

static uint32_t command_of(enum hss_push kind, bool is_cx)
{
    if (kind == HSS_PUSH_ASR)
        return SIP_ASR;
    if (kind == HSS_PUSH_RTR)
        return is_cx ? CX_RTR : SIP_RTR;
    return is_cx ? CX_PPR : SIP_PPR;
}

/* That which an ASR is about, else one of our own. */
static void write_session_id(struct dm_writer *writer, const struct push_request *request)
{
    char text[400];
    const struct dm_self *self = &request->hss->self;
    int size = snprintf(text, sizeof(text), "%.*s;%u;%u", (int)self->origin_host.size,
                        (const char *)self->origin_host.at, (unsigned)self->origin_state_id,
                        request->identifier);
    dm_write_avp(writer, 0, DM_AVP_SESSION_ID, M,
                 request->session ? dm_bytes_of(request->session->id, request->session->size)
                                  : dm_bytes_of(text, (size_t)size));
}

static void write_application(struct dm_writer *writer, bool is_cx)
{
    if (!is_cx) {
        dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, M, SIP_APPLICATION);
        return;
    }
    size_t group = dm_write_group(writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, M, CX_VENDOR);
    dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, M, CX_APPLICATION);
    dm_write_group_end(writer, group);
}

/* RFC 4740 §8.11: Destination-Host is optional in PPR; 29.229 §6.1.11 demands it. */
static void write_routing(struct dm_writer *writer, const struct push_request *request)
{
    const struct dm_self *self = &request->hss->self;
    bool named = !request->by_realm || request->is_cx || request->kind != HSS_PUSH_PPR;
    dm_write32(writer, 0, DM_AVP_AUTH_SESSION_STATE, M, request->kind != HSS_PUSH_ASR);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_HOST, M, self->origin_host);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_REALM, M, self->origin_realm);
    dm_write_avp(writer, 0, DM_AVP_DESTINATION_REALM, M, request->realm);
    if (named)
        dm_write_avp(writer, 0, DM_AVP_DESTINATION_HOST, M, request->host);
}

static void write_termination(struct dm_writer *writer, const struct push_request *request)
{
    char aor[NAME_SIZE_MAX];
    bool is_cx = request->is_cx;
    uint32_t vendor = is_cx ? CX_VENDOR : 0;
    dm_write_avp(writer, vendor, is_cx ? CX_PUBLIC_IDENTITY : SIP_AOR, M,
                 dm_bytes_of(aor, name_aor(aor, request->user, request->hss->users.realm)));
    size_t group = dm_write_group(writer, vendor,
                                  is_cx ? CX_DEREGISTRATION_REASON : SIP_DEREGISTRATION_REASON, M);
    dm_write32(writer, vendor, is_cx ? CX_REASON_CODE : SIP_REASON_CODE, M, request->reason);
    dm_write_group_end(writer, group);
}

static void write_profile(struct dm_writer *writer, bool is_cx)
{
    static const char profile[] = "<IMSSubscription/>";
    if (is_cx) {
        dm_write_text(writer, CX_VENDOR, CX_USER_DATA, M, profile);
        return;
    }
    size_t group = dm_write_group(writer, 0, SIP_USER_DATA, M);
    dm_write_text(writer, 0, SIP_USER_DATA_TYPE, M, "application/3gpp-ims+xml");
    dm_write_text(writer, 0, SIP_USER_DATA_CONTENTS, M, profile);
    dm_write_group_end(writer, group);
}

size_t push_request_write(const struct push_request *request, uint8_t *to)
{
    struct dm_writer writer;
    char name[NAME_SIZE_MAX];
    const struct dm_header header = {.version = DM_VERSION,
                                     .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                                     .command = command_of(request->kind, request->is_cx),
                                     .application =
                                         request->is_cx ? CX_APPLICATION : SIP_APPLICATION,
                                     .hop_by_hop = request->identifier,
                                     .end_to_end = request->identifier};
    dm_writer_init(&writer, to, PUSH_ROOM);
    dm_write_header(&writer, &header);
    write_session_id(&writer, request);
    write_application(&writer, request->is_cx);
    write_routing(&writer, request);
    dm_write_avp(&writer, 0, DM_AVP_USER_NAME, M,
                 dm_bytes_of(name, name_user(name, request->user, request->hss->users.realm)));
    if (request->kind == HSS_PUSH_RTR)
        write_termination(&writer, request);
    if (request->kind == HSS_PUSH_PPR)
        write_profile(&writer, request->is_cx);
    return dm_writer_finish(&writer);
}
