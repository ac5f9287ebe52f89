/* policy_edit.h — one change, carried out on a message. Private to policy*.c. */
#pragma once

#include "routing/draft.h"
#include "routing/policy.h"

enum rt_edited { RT_EDIT_NOTHING, RT_EDIT_DONE, RT_EDIT_TOO_LARGE };

/* Writes `message` with `change` (not RT_REFUSE) into `to`, where there is something to change.
 * `text` is room for a value as text. */
enum rt_edited rt_edit(const struct rt_change *change, dm_bytes message, struct rt_draft *to,
                       uint8_t *text, size_t text_size);

/* Is this the AVP of this step of a path? */
static inline bool rt_path_is_at(const struct rt_path *path, uint32_t level,
                                 const struct dm_avp *avp)
{
    return avp->code == path->step[level].code && avp->vendor == path->step[level].vendor;
}
