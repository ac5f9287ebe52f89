/* policy.c — what a proxy changes: which policies apply, and what they leave. */
#include "routing/policy.h"

#include "proto/check.h"
#include "routing/pattern.h"
#include "routing/policy_edit.h"
#include "routing/policy_text.h"

/* One application of the policies of a route. */
struct applying {
    dm_bytes *message;
    struct rt_draft drafts[2]; /* one is being written while the message lies in the other */
    unsigned next;             /* of the drafts */
    uint8_t *text;
    size_t text_size;
    struct rt_rejection *rejection;
    struct rt_reasons *reasons;
};

/* --- conditions --- */

static bool matches(const struct applying *it, const struct rt_condition *condition,
                    const struct dm_avp *avp)
{
    dm_bytes text = rt_value_text(&condition->path, avp, it->text, it->text_size);
    return condition->pattern ? rt_pattern_match(condition->pattern, text, NULL, 0)
                              : rt_glob_match(condition->glob, text);
}

static bool is_met_by(const struct applying *it, const struct rt_condition *condition,
                      const struct dm_avp *avp)
{
    bool asks_value = condition->test == RT_MATCHES || condition->test == RT_MATCHES_NOT;
    return !asks_value || matches(it, condition, avp);
}

/* Is there an instance that is there, or that matches? */
static bool any(const struct applying *it, const struct rt_condition *condition, dm_bytes chain,
                uint32_t level)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    bool is_last = level + 1 == condition->path.depth;
    while (dm_avps_next(&walk, &avp)) {
        if (!rt_path_is_at(&condition->path, level, &avp))
            continue;
        if (is_last ? is_met_by(it, condition, &avp) : any(it, condition, avp.data, level + 1))
            return true;
    }
    return false;
}

static bool holds(const struct applying *it, const struct rt_condition *condition)
{
    dm_bytes chain =
        dm_bytes_of(it->message->at + DM_HEADER_SIZE, it->message->size - DM_HEADER_SIZE);
    bool wants_any = condition->test == RT_IS_PRESENT || condition->test == RT_MATCHES;
    return any(it, condition, chain, 0) == wants_any;
}

/* --- policies --- */

static bool applies(const struct applying *it, const struct rt_policy *policy)
{
    for (size_t i = 0; i < policy->condition_count; i++) {
        if (holds(it, &policy->conditions[i]))
            continue;
        if (it->reasons)
            rt_say(it->reasons, "policy %s: not applied, when[%zu] is not so", policy->name, i);
        return false;
    }
    return true;
}

static void say(const struct applying *it, const struct rt_policy *policy,
                const struct rt_change *change, const char *otherwise)
{
    if (it->reasons)
        rt_say(it->reasons, "policy %s: %s%s", policy->name, change->text, otherwise);
}

static enum rt_policy_outcome carry_out(struct applying *it, const struct rt_policy *policy,
                                        const struct rt_change *change)
{
    if (change->kind == RT_REFUSE) {
        say(it, policy, change, "");
        *it->rejection = change->rejection;
        return RT_POLICY_REJECTED;
    }
    struct rt_draft *draft = &it->drafts[it->next];
    enum rt_edited edited = rt_edit(change, *it->message, draft, it->text, it->text_size);
    if (edited == RT_EDIT_TOO_LARGE) {
        say(it, policy, change, ": the message would be too large");
        return RT_POLICY_TOO_LARGE;
    }
    say(it, policy, change, edited == RT_EDIT_NOTHING ? ": nothing to do" : "");
    if (edited == RT_EDIT_NOTHING)
        return RT_POLICY_UNCHANGED;
    *it->message = dm_bytes_of(draft->start, draft->size);
    it->next ^= 1;
    return RT_POLICY_CHANGED;
}

static enum rt_policy_outcome apply(struct applying *it, const struct rt_policy *policy)
{
    enum rt_policy_outcome outcome = RT_POLICY_UNCHANGED;
    if (!applies(it, policy))
        return outcome;
    for (size_t i = 0; i < policy->change_count; i++) {
        enum rt_policy_outcome now = carry_out(it, policy, &policy->changes[i]);
        if (now > RT_POLICY_CHANGED)
            return now;
        if (now == RT_POLICY_CHANGED)
            outcome = now;
    }
    return outcome;
}

enum rt_policy_outcome rt_policies_apply(const struct rt_policies *policies, enum rt_side side,
                                         dm_bytes *message, struct rt_policy_room room,
                                         struct rt_rejection *rejection, struct rt_reasons *reasons)
{
    enum rt_policy_outcome outcome = RT_POLICY_UNCHANGED;
    dm_bytes received = *message;
    struct applying it = {.message = message,
                          .drafts = {{.start = room.at, .room = room.limit},
                                     {.start = room.at + room.limit, .room = room.limit}},
                          .text = room.at + 2 * room.limit,
                          .text_size = 2 * room.limit + 64,
                          .rejection = rejection,
                          .reasons = reasons};
    for (size_t i = 0; i < policies->count; i++) {
        if (!(policies->policies[i]->side & side))
            continue;
        enum rt_policy_outcome now = apply(&it, policies->policies[i]);
        if (now == RT_POLICY_TOO_LARGE)
            *message = received;
        if (now > RT_POLICY_CHANGED)
            return now;
        if (now == RT_POLICY_CHANGED)
            outcome = now;
    }
    return outcome;
}

/* --- HDR-19 --- */

static enum dm_result check_application(struct dm_fault *fault, const struct dm_avp *avp,
                                        uint32_t application)
{
    uint32_t id;
    if (!dm_avp_get32(avp, &id))
        return dm_fault_show(fault, DM_INVALID_AVP_LENGTH, avp->whole);
    return id == application ? DM_OK : dm_fault_show(fault, DM_INVALID_AVP_VALUE, avp->whole);
}

static bool names_application(const struct dm_avp *avp)
{
    return avp->vendor == 0 &&
           (avp->code == DM_AVP_AUTH_APPLICATION_ID || avp->code == DM_AVP_ACCT_APPLICATION_ID);
}

/* The whole group is shown, since that is what stands in the message. Its Vendor-Id is nobody's
 * business: 3GPP's applications go by several. RFC 6733 §6.11. */
static enum dm_result check_specific(struct dm_fault *fault, const struct dm_avp *group,
                                     uint32_t application)
{
    struct dm_avps walk = dm_avps_in(group->data);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        enum dm_result wrong =
            names_application(&avp) ? check_application(fault, &avp, application) : DM_OK;
        if (wrong)
            return dm_fault_show(fault, wrong, group->whole);
    }
    return walk.error ? dm_fault_show(fault, walk.error, group->whole) : DM_OK;
}

enum dm_result rt_application_check(dm_bytes request, struct dm_fault *fault)
{
    uint32_t application = dm_get32(request.at + 8);
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    enum dm_result wrong = DM_OK;
    while (!wrong && dm_avps_next(&walk, &avp)) {
        if (names_application(&avp))
            wrong = check_application(fault, &avp, application);
        else if (avp.vendor == 0 && avp.code == DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID)
            wrong = check_specific(fault, &avp, application);
    }
    return wrong;
}
