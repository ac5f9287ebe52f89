/* rehearsal_request.h — a request as it is described by options or in EXPECT.yaml, and its octets.
 */
#pragma once

#include "agent/avp_text.h"
#include "agent/rehearsal.h"

struct rehearsal_avp {
    const char *name;
    const char *value;
};

struct rehearsal_request {
    const char *from; /* Origin-Host: the peer it comes from; NULL: nobody in particular */
    const char *realm;
    const char *host; /* NULL: no Destination-Host */
    uint32_t application;
    uint32_t command;
    size_t avp_count;
    struct rehearsal_avp *avps;
};

/* Writes it as a client would: Session-Id, Origin-Host and -Realm, Destination-Realm and -Host,
 * then the AVPs in their order; of the first three those that are among the AVPs are not written
 * twice. The octets are to be freed; NULL: an AVP cannot be written, its place is in `*wrong` and
 * why in `why`, or the request is larger than Diameter has (`*wrong` is their count). */
uint8_t *rehearsal_request_write(const struct rehearsal *rehearsal,
                                 const struct rehearsal_request *request, size_t *size,
                                 size_t *wrong, char why[AVP_TEXT_WHY]);

/* The number of a command by its name in the application ("LIR") or by its code. */
bool rehearsal_command(uint32_t application, const char *text, uint32_t *command);
/* The number of an application by its name or its number. */
bool rehearsal_application(const char *text, uint32_t *application);
