/* policy_edit.c — one change, carried out on a message.
 *
 * One pass: the chain is walked, and what is passed is taken over in runs. Where the path leads
 * into a group its header is taken over, then its value by the same rule, and its length is written
 * when its end is known. So the work grows with the message, not with the AVPs that change.
 *
 *     … | Session-Id | Failed-AVP [ A | B | C ] | Result-Code | …        remove Failed-AVP/B
 *     run ------------------------>|---|<- passed over
 *                       length       run ----------------------->
 *
 * A group that is malformed is not searched, nor is anything appended to it. */
#include "routing/policy_edit.h"

#include "routing/pattern.h"
#include "routing/policy_text.h"

struct edit {
    const struct rt_change *change;
    struct rt_draft *to;
    uint8_t *text;
    size_t text_size;
    bool appends; /* nothing is to be replaced: the AVP goes to the end */
    bool is_done; /* the rest stays as it is */
    bool is_changed;
};

static bool is_whole(dm_bytes chain)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        ;
    return !walk.error;
}

/* --- one AVP --- */

/* The AVP of RT_SET and RT_ADD with the groups around it from this level on. */
static dm_bytes avp_from(const struct rt_change *change, uint32_t level)
{
    size_t from = change->inner[level];
    return dm_bytes_of(change->avp.at + from, change->avp.size - from);
}

static void set(struct edit *it, const struct dm_avp *avp)
{
    enum { KEPT = DM_AVP_MANDATORY | DM_AVP_PROTECTED };
    size_t mark = it->to->size;
    rt_draft_put(it->to, avp_from(it->change, it->change->path.depth - 1));
    if (it->change->keeps_flags && !it->to->overflow)
        it->to->start[mark + 4] =
            (uint8_t)((it->to->start[mark + 4] & ~KEPT) | (avp->flags & KEPT));
    it->is_changed = it->is_done = true;
}

static size_t header_size(const struct dm_avp *avp)
{
    return avp->whole.size - avp->data.size;
}

/* False: it does not match, or would not fit. */
static bool write_replaced(struct edit *it, const struct dm_avp *avp)
{
    struct rt_draft *to = it->to;
    dm_bytes text = rt_value_text(&it->change->path, avp, it->text, it->text_size);
    struct rt_span span;
    if (!rt_pattern_match(it->change->pattern, text, &span, 1))
        return false;
    size_t mark = to->size;
    size_t size = 0;
    rt_draft_put(to, dm_bytes_of(avp->whole.at, header_size(avp)));
    if (to->overflow || !rt_pattern_replace(it->change->pattern, text, it->change->by,
                                            to->start + to->size, to->room - to->size, &size))
        to->overflow = true;
    (void)rt_draft_room(to, size);
    rt_draft_close(to, mark);
    rt_draft_pad(to);
    return true;
}

static void replace(struct edit *it, const struct dm_avp *avp)
{
    if (write_replaced(it, avp))
        it->is_changed = true;
    else
        rt_draft_copy(it->to, avp->whole.at, rt_avp_end(avp));
}

static void change_avp(struct edit *it, const struct dm_avp *avp)
{
    if (it->change->kind == RT_SET)
        set(it, avp);
    else if (it->change->kind == RT_REPLACE)
        replace(it, avp);
    else
        it->is_changed = true; /* RT_REMOVE: it is passed over */
}

/* --- chains --- */

static void rewrite(struct edit *it, dm_bytes chain, uint32_t level);

static void rewrite_group(struct edit *it, const struct dm_avp *group, uint32_t level)
{
    size_t mark = it->to->size;
    rt_draft_put(it->to, dm_bytes_of(group->whole.at, header_size(group)));
    rewrite(it, group->data, level + 1);
    rt_draft_close(it->to, mark);
    rt_draft_copy(it->to, group->whole.at + group->whole.size, rt_avp_end(group));
}

static void append(struct edit *it, uint32_t level)
{
    rt_draft_put(it->to, avp_from(it->change, level));
    it->is_changed = it->is_done = true;
}

/* Does the path go on, or end, here? */
static bool is_met(const struct edit *it, const struct dm_avp *avp, uint32_t level)
{
    const struct rt_path *path = &it->change->path;
    if (it->is_done || !rt_path_is_at(path, level, avp))
        return false;
    return level + 1 == path->depth ? !it->appends : is_whole(avp->data);
}

static void rewrite(struct edit *it, dm_bytes chain, uint32_t level)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    const uint8_t *from = chain.at;
    while (!it->is_done && dm_avps_next(&walk, &avp)) {
        if (!is_met(it, &avp, level))
            continue;
        rt_draft_copy(it->to, from, avp.whole.at);
        if (level + 1 == it->change->path.depth)
            change_avp(it, &avp);
        else
            rewrite_group(it, &avp, level);
        from = rt_avp_end(&avp);
    }
    rt_draft_copy(it->to, from, chain.at + chain.size);
    if (it->appends && !it->is_done)
        append(it, level);
}

static void run(struct edit *it, dm_bytes message)
{
    it->to->size = 0;
    rt_draft_copy(it->to, message.at, message.at + DM_HEADER_SIZE);
    rewrite(it, dm_bytes_of(message.at + DM_HEADER_SIZE, message.size - DM_HEADER_SIZE), 0);
}

enum rt_edited rt_edit(const struct rt_change *change, dm_bytes message, struct rt_draft *to,
                       uint8_t *text, size_t text_size)
{
    struct edit it = {.change = change, .to = to, .text = text, .text_size = text_size};
    it.appends = change->kind == RT_ADD;
    run(&it, message);
    if (change->kind == RT_SET && !it.is_changed && !to->overflow) {
        it.appends = true;
        run(&it, message);
    }
    if (!it.is_changed)
        return RT_EDIT_NOTHING;
    return rt_draft_finish(to) ? RT_EDIT_DONE : RT_EDIT_TOO_LARGE;
}
