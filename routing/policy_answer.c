/* policy_answer.c — a server's answer that a proxy makes a failure. RFC 6733 §6.2.2, §7.4. */
#include "routing/draft.h"
#include "routing/policy.h"

static bool is_ietf(const struct dm_avp *avp, uint32_t code)
{
    return avp->vendor == 0 && avp->code == code;
}

static bool is_result(const struct dm_avp *avp)
{
    return is_ietf(avp, DM_AVP_RESULT_CODE) || is_ietf(avp, DM_AVP_EXPERIMENTAL_RESULT);
}

static void put_avp(struct rt_draft *draft, uint32_t code, uint8_t flags, dm_bytes value)
{
    struct dm_writer writer;
    dm_writer_init(&writer, draft->start + draft->size, draft->room - draft->size);
    dm_write_avp(&writer, 0, code, flags, value);
    if (writer.overflow)
        draft->overflow = true;
    (void)rt_draft_room(draft, (size_t)(writer.at - writer.start));
}

static void put_result(struct rt_draft *draft, const struct rt_rejection *rejection)
{
    uint8_t octets[64];
    struct dm_writer writer;
    dm_writer_init(&writer, octets, sizeof octets);
    if (rejection->vendor == 0) {
        dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, rejection->result);
    } else {
        size_t mark = dm_write_group(&writer, 0, DM_AVP_EXPERIMENTAL_RESULT, DM_AVP_MANDATORY);
        dm_write32(&writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, rejection->vendor);
        dm_write32(&writer, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, DM_AVP_MANDATORY,
                   rejection->result);
        dm_write_group_end(&writer, mark);
    }
    rt_draft_put(draft, dm_bytes_of(octets, (size_t)(writer.at - writer.start)));
}

/* What ours takes the place of. */
static bool gives_way(const struct dm_avp *avp, const struct rt_rejection *rejection)
{
    return is_ietf(avp, DM_AVP_ERROR_REPORTING_HOST) || (rejection->result && is_result(avp)) ||
           (rejection->message && is_ietf(avp, DM_AVP_ERROR_MESSAGE));
}

/* The new result stands where the old one stood; an answer without one has it at the end. */
static void copy_rest(struct rt_draft *draft, dm_bytes answer, const struct rt_rejection *rejection)
{
    struct dm_avps walk = dm_avps_of(answer);
    struct dm_avp avp;
    bool has_result = rejection->result == 0;
    while (dm_avps_next(&walk, &avp)) {
        if (!gives_way(&avp, rejection)) {
            rt_draft_copy(draft, avp.whole.at, rt_avp_end(&avp));
        } else if (is_result(&avp) && !has_result) {
            put_result(draft, rejection);
            has_result = true;
        }
    }
    if (!has_result)
        put_result(draft, rejection);
}

size_t rt_answer_reject(uint8_t *to, size_t room, dm_bytes answer, dm_bytes self,
                        const struct rt_rejection *rejection)
{
    struct rt_draft draft = {.start = to, .room = room};
    rt_draft_copy(&draft, answer.at, answer.at + DM_HEADER_SIZE);
    copy_rest(&draft, answer, rejection);
    put_avp(&draft, DM_AVP_ERROR_REPORTING_HOST, 0, self);
    if (rejection->message)
        put_avp(&draft, DM_AVP_ERROR_MESSAGE, 0, dm_text(rejection->message));
    return rt_draft_finish(&draft) ? draft.size : 0;
}
