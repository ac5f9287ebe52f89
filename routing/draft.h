/* draft.h — a message while it is written anew: octets are taken over in runs, and what is put
 * between them is whole AVPs. Private to policy*.c. */
#pragma once

#include "proto/avp.h"

struct rt_draft {
    uint8_t *start;
    size_t size;
    size_t room;
    bool overflow; /* sticky */
};

/* `size` octets more, or NULL where they do not fit. */
static inline uint8_t *rt_draft_room(struct rt_draft *draft, size_t size)
{
    if (draft->overflow || size > draft->room - draft->size) {
        draft->overflow = true;
        return NULL;
    }
    uint8_t *at = draft->start + draft->size;
    draft->size += size;
    return at;
}

static inline void rt_draft_copy(struct rt_draft *draft, const uint8_t *from, const uint8_t *to)
{
    size_t size = (size_t)(to - from);
    uint8_t *at = rt_draft_room(draft, size);
    if (at && size)
        memcpy(at, from, size);
}

static inline void rt_draft_put(struct rt_draft *draft, dm_bytes octets)
{
    rt_draft_copy(draft, octets.at, octets.at + octets.size);
}

/* The length of the AVP that begins at `mark`, whose value ends here; what pads it follows. */
static inline void rt_draft_close(struct rt_draft *draft, size_t mark)
{
    size_t length = draft->size - mark;
    if (length > DM_LENGTH_MAX)
        draft->overflow = true;
    if (draft->overflow)
        return;
    dm_put24(draft->start + mark + 5, (uint32_t)length);
}

static inline void rt_draft_pad(struct rt_draft *draft)
{
    size_t missing = dm_padded(draft->size) - draft->size;
    uint8_t *at = rt_draft_room(draft, missing);
    if (at)
        memset(at, 0, missing);
}

/* Writes the length into the header: false where something did not fit. */
static inline bool rt_draft_finish(struct rt_draft *draft)
{
    if (draft->overflow || draft->size > DM_LENGTH_MAX)
        return false;
    dm_put24(draft->start + 1, (uint32_t)draft->size);
    return true;
}

/* Where the AVP ends with its padding. */
static inline const uint8_t *rt_avp_end(const struct dm_avp *avp)
{
    return avp->whole.at + dm_padded(avp->whole.size);
}
