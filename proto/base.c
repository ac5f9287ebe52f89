/* base.c — DWR, DWA, DPR, DPA and error answers, written AVP by AVP in the order of their CCF.
 *
 * An answer that must show what failed is written with the whole of it, and again with its header
 * only where there was no room. RFC 6733 §5.4, §5.5, §6.2, §7.2. */
#include "proto/base.h"

static void start_request(struct dm_writer *writer, uint32_t command, uint32_t hop_by_hop,
                          uint32_t end_to_end)
{
    struct dm_header header = {.version = DM_VERSION,
                               .flags = DM_FLAG_REQUEST,
                               .command = command,
                               .hop_by_hop = hop_by_hop,
                               .end_to_end = end_to_end};
    dm_write_header(writer, &header);
}

size_t dm_dwr_write(void *to, size_t room, const struct dm_self *self, uint32_t hop_by_hop,
                    uint32_t end_to_end)
{
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    start_request(&writer, DM_DEVICE_WATCHDOG, hop_by_hop, end_to_end);
    dm_write_origin(&writer, self);
    dm_write_origin_state(&writer, self);
    return dm_writer_finish(&writer);
}

size_t dm_dpr_write(void *to, size_t room, const struct dm_self *self,
                    enum dm_disconnect_cause cause, uint32_t hop_by_hop, uint32_t end_to_end)
{
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    start_request(&writer, DM_DISCONNECT_PEER, hop_by_hop, end_to_end);
    dm_write_origin(&writer, self);
    dm_write32(&writer, 0, DM_AVP_DISCONNECT_CAUSE, DM_AVP_MANDATORY, cause);
    return dm_writer_finish(&writer);
}

static size_t write_base_answer(void *to, size_t room, const struct dm_self *self,
                                const struct dm_header *request, enum dm_result result,
                                const struct dm_fault *fault, bool is_whole)
{
    struct dm_header header = dm_answer_header(request, dm_result_is_protocol_error(result));
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &header);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, result);
    dm_write_origin(&writer, self);
    dm_write_failed_avp(&writer, fault, is_whole);
    if (request->command != DM_DISCONNECT_PEER) /* RFC 6733 §10.1: none in a DPA */
        dm_write_origin_state(&writer, self);
    return dm_writer_finish(&writer);
}

size_t dm_base_answer_write(void *to, size_t room, const struct dm_self *self,
                            const struct dm_header *request, enum dm_result result,
                            const struct dm_fault *fault)
{
    size_t size = write_base_answer(to, room, self, request, result, fault, true);
    if (size == 0 && fault)
        size = write_base_answer(to, room, self, request, result, fault, false);
    return size;
}

/* What an error answer repeats of its request: the values, or nothing where they cannot be read. */
struct echo {
    bool has_session_id, has_auth_application, has_specific_application, has_session_state;
    struct dm_avp session_id, auth_application, specific_application, session_state;
};

static void keep_first(struct dm_avp *kept, bool *has, const struct dm_avp *avp)
{
    if (!*has)
        *kept = *avp;
    *has = true;
}

static void read_echo(struct echo *echo, dm_bytes request)
{
    *echo = (struct echo){0};
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor != 0)
            continue;
        if (avp.code == DM_AVP_SESSION_ID)
            keep_first(&echo->session_id, &echo->has_session_id, &avp);
        else if (avp.code == DM_AVP_AUTH_APPLICATION_ID)
            keep_first(&echo->auth_application, &echo->has_auth_application, &avp);
        else if (avp.code == DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID)
            keep_first(&echo->specific_application, &echo->has_specific_application, &avp);
        else if (avp.code == DM_AVP_AUTH_SESSION_STATE)
            keep_first(&echo->session_state, &echo->has_session_state, &avp);
    }
}

static void repeat(struct dm_writer *writer, bool has, const struct dm_avp *avp)
{
    if (has)
        dm_write_avp(writer, 0, avp->code, DM_AVP_MANDATORY, avp->data);
}

/* ERR-10, ERR-13: what an application's answer must have beside the result. */
static void repeat_application(struct dm_writer *writer, const struct echo *echo)
{
    repeat(writer, echo->has_specific_application, &echo->specific_application);
    repeat(writer, echo->has_auth_application, &echo->auth_application);
    repeat(writer, echo->has_session_state, &echo->session_state);
}

/* Added by ourselves on the way, it is no concern of the client's. */
static bool is_own_proxy_info(const struct dm_avp *info, const struct dm_self *self)
{
    struct dm_avp host;
    return dm_avp_find_in(info->data, 0, DM_AVP_PROXY_HOST, &host) &&
           dm_identity_equal(host.data, self->origin_host);
}

/* ERR-05: every one that was received, as it was, in order. */
static void repeat_proxy_info(struct dm_writer *writer, dm_bytes request,
                              const struct dm_self *self)
{
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (avp.vendor == 0 && avp.code == DM_AVP_PROXY_INFO && !is_own_proxy_info(&avp, self))
            dm_write_raw(writer, avp.whole);
}

static void write_result(struct dm_writer *writer, const struct dm_error *error)
{
    if (error->experimental_vendor == 0) {
        dm_write32(writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, error->result);
        return;
    }
    size_t mark = dm_write_group(writer, 0, DM_AVP_EXPERIMENTAL_RESULT, DM_AVP_MANDATORY);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, error->experimental_vendor);
    dm_write32(writer, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, DM_AVP_MANDATORY, error->result);
    dm_write_group_end(writer, mark);
}

/* E: 3xxx always; of the others a relay's 5xxx only (ERR-03, ERR-04); a vendor's result never
 * (ERR-13). */
static bool has_error_bit(const struct dm_error *error)
{
    if (error->experimental_vendor)
        return false;
    bool is_permanent = error->result / 1000 == 5;
    return dm_result_is_protocol_error(error->result) || (error->error_bit && is_permanent);
}

static size_t write_error(void *to, size_t room, const struct dm_self *self, dm_bytes request,
                          const struct dm_error *error, bool is_whole)
{
    struct dm_header header;
    dm_header_read(&header, request.at);
    header = dm_answer_header(&header, has_error_bit(error));
    struct echo echo;
    read_echo(&echo, request);
    struct dm_writer writer;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &header);
    repeat(&writer, echo.has_session_id, &echo.session_id);
    if (error->echo_application)
        repeat_application(&writer, &echo);
    dm_write_origin(&writer, self);
    write_result(&writer, error);
    if (error->more.size)
        dm_write_raw(&writer, error->more);
    dm_write_origin_state(&writer, self);
    if (error->message)
        dm_write_text(&writer, 0, DM_AVP_ERROR_MESSAGE, 0, error->message);
    dm_write_failed_avp(&writer, error->fault, is_whole);
    repeat_proxy_info(&writer, request, self);
    return dm_writer_finish(&writer);
}

size_t dm_error_write(void *to, size_t room, const struct dm_self *self, dm_bytes request,
                      const struct dm_error *error)
{
    size_t size = write_error(to, room, self, request, error, true);
    if (size == 0 && error->fault)
        size = write_error(to, room, self, request, error, false);
    return size;
}
