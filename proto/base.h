/* base.h — the messages an agent originates: DWR, DWA, DPR, DPA and error answers. RFC 6733 §5.4,
 * §5.5, §7.2. */
#pragma once

#include "proto/caps.h"

enum dm_disconnect_cause { DM_REBOOTING = 0, DM_BUSY = 1, DM_DO_NOT_WANT_TO_TALK_TO_YOU = 2 };

/* All return the size written, or 0 if `room` does not do. 512 octets and the sizes of our two
 * names always do, but for dm_error_write: see there. */
size_t dm_dwr_write(void *to, size_t room, const struct dm_self *self, uint32_t hop_by_hop,
                    uint32_t end_to_end);
size_t dm_dpr_write(void *to, size_t room, const struct dm_self *self,
                    enum dm_disconnect_cause cause, uint32_t hop_by_hop, uint32_t end_to_end);
/* The DWA or DPA to `request`; `result` is DM_SUCCESS or an error with its `fault` (may be NULL). E
 * for 3xxx, P copied. */
size_t dm_base_answer_write(void *to, size_t room, const struct dm_self *self,
                            const struct dm_header *request, enum dm_result result,
                            const struct dm_fault *fault);

struct dm_error {
    enum dm_result result;
    uint32_t experimental_vendor; /* not 0: `result` goes into Experimental-Result of this vendor */
    const struct dm_fault *fault; /* may be NULL */
    const char *message;          /* Error-Message, may be NULL */
    dm_bytes more;                /* whole AVPs that say more of the result, or nothing */
    bool error_bit;               /* E: for 3xxx always, for 5xxx of a relay (ERR-04) */
    bool echo_application; /* copy Auth-Application-Id or VSAI and Auth-Session-State of the request
                              (ERR-10, ERR-13) */
};

/* The answer of ERR-01..05 to `request`, a message whose header is whole: Session-Id first,
 * Origin-Host and -Realm of ours, Result-Code, Origin-State-Id, Error-Message, Failed-AVP, every
 * Proxy-Info of the request in order. What cannot be read in a malformed request is left out. Where
 * `room` does not do, Failed-AVP is cut to its header first and Proxy-Info stays; request.size +
 * 1024 octets and `more` always do for an Error-Message of up to 400. */
size_t dm_error_write(void *to, size_t room, const struct dm_self *self, dm_bytes request,
                      const struct dm_error *error);
