/* check.h — the grammar of what the agent consumes itself: CER, CEA, DWR, DWA, DPR, DPA.
 *
 * Table-driven: grammars.def says how often each AVP may stand in each command. Relayed messages
 * are never checked so (RFC 6733 §6.1.9). AVP-07, AVP-11, AVP-13, AVP-15, AVP-18..20, AVP-28. */
#pragma once

#include "proto/avp.h"

/* What is wrong, and what Failed-AVP shows of it. One error only, the first found (ERR-09). */
struct dm_fault {
    enum dm_result result;
    dm_bytes avp;     /* what goes into Failed-AVP: points into the message or at `made` (so never
                         copy); empty: none */
    uint8_t made[64]; /* an example AVP, where the message has none to show */
};

struct dm_strictness {
    bool refuse_unknown_mandatory; /* 5001 */
    bool refuse_unexpected;        /* 5008 */
    bool refuse_avp_flags;         /* 3009 */
    bool refuse_reserved_bits;     /* 5013 */
};

/* DM_OK, or the code with `fault` filled. `message` is a whole message of one of the base commands,
 * request or answer by its R bit. Commands without a grammar here are DM_COMMAND_UNSUPPORTED. */
enum dm_result dm_check(dm_bytes message, struct dm_strictness strictness, struct dm_fault *fault);

/* Sets `fault` to `result` with a copy of an AVP of the message, or with an example AVP of the
 * type's minimal length with zero payload (RFC 6733 §7.5). Return `result`. */
enum dm_result dm_fault_show(struct dm_fault *fault, enum dm_result result, dm_bytes avp);
enum dm_result dm_fault_example(struct dm_fault *fault, enum dm_result result, uint32_t vendor,
                                uint32_t code);
/* The Failed-AVP of a walk that ended with an error: the header padded with zeros to the minimum of
 * the type. */
enum dm_result dm_fault_walk(struct dm_fault *fault, const struct dm_avps *walk);

/* Writes a Failed-AVP with what `fault` shows, or nothing if it shows nothing or is NULL. Where not
 * `is_whole`, only the header of what failed with a zero payload of its type's minimum: at most 28
 * octets. */
void dm_write_failed_avp(struct dm_writer *writer, const struct dm_fault *fault, bool is_whole);
