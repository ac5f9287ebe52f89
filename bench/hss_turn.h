/* hss_turn.h — one request being answered: what the handlers of hss_commands.def work with.
 *
 * A handler first says its result, which writes the beginning of the answer, then appends what its
 * command adds. */
#pragma once

#include "bench/hss.h"

struct hss_turn {
    struct hss_worker *worker;
    struct hss *hss;
    const struct hss_request *request;
    struct dm_writer out;
};

/* AVPs that both applications have under different codes. */
struct hss_codes {
    uint32_t vendor;
    uint32_t aor;
    uint32_t server;
    uint32_t capabilities;
    uint32_t capability;
};

const struct hss_codes *hss_codes_of(const struct hss_turn *turn);

/* Writes the header, Session-Id, application, Origin and the result, which is translated for Cx.
 * Counts it. */
void hss_turn_result(struct hss_turn *turn, enum dm_result result);
/* The same with the Failed-AVP of the worker's fault. */
void hss_turn_fault(struct hss_turn *turn, enum dm_result result);
/* The same with the AVP that is at fault, or an example of it where the request has none. */
void hss_turn_fail(struct hss_turn *turn, enum dm_result result, enum hss_field field);
/* A result as it is: of RFC 6733 or of a vendor. */
void hss_turn_code(struct hss_turn *turn, uint32_t vendor, uint32_t code);

/* Who User-Name and the first SIP-AOR are: DM_OK, USER_UNKNOWN, IDENTITIES_DONT_MATCH, or
 * USER_NAME_REQUIRED where there is neither. */
enum dm_result hss_turn_identify(const struct hss_turn *turn, uint32_t *index);
/* The same of one name. */
bool hss_turn_name(const struct hss_turn *turn, dm_bytes user_name, uint32_t *index);
bool hss_turn_aor(const struct hss_turn *turn, dm_bytes aor, uint32_t *index);
/* The number of SIP-Server-URI, 0 where it is absent; false where it cannot be kept. */
bool hss_turn_server(const struct hss_turn *turn, uint32_t *server);
/* Who the request comes from, where that is to be remembered. */
uint32_t hss_turn_host(const struct hss_turn *turn);

/* A user's word was written: says so to whom it concerns, if it is another. */
void hss_turn_changed(const struct hss_turn *turn, uint32_t index, struct hss_user was,
                      struct hss_user now);

void hss_put_user_name(struct hss_turn *turn, uint32_t index);
void hss_put_server(struct hss_turn *turn, uint32_t server);
void hss_put_text(struct hss_turn *turn, uint32_t vendor, uint32_t code, dm_bytes text);

void hss_uar(struct hss_turn *turn);
void hss_sar(struct hss_turn *turn);
void hss_lir(struct hss_turn *turn);
void hss_mar(struct hss_turn *turn);
void hss_str(struct hss_turn *turn);
/* In place of all of them. */
void hss_redirect(struct hss_turn *turn);
