/* hss_auth.h — nonces, and whether credentials prove that somebody knows a user's secret. RFC 2617
 * §3.2, RFC 4740 §9.5.4. */
#pragma once

#include "bench/hss.h"

enum { HSS_NONCE = 32 };

/* A nonce that no other call makes, and that hss_nonce_is_ours() knows again without a table. */
void hss_nonce_make(struct hss_worker *worker, char to[HSS_NONCE]);
bool hss_nonce_is_ours(const struct hss *hss, dm_bytes nonce);

/* What SIP-Authorization says. Empty: absent. Quotes around a value are taken off. */
struct hss_proof {
    dm_bytes username, realm, nonce, uri, response, algorithm, cnonce, qop, nonce_count, method;
};

/* Reads SIP-Authorization; false with the code of a mandatory AVP in `missing`, 0 where it is
 * malformed. */
bool hss_proof_read(struct hss_proof *proof, dm_bytes authorization, uint32_t *missing);

enum hss_judgement { HSS_PROOF_GOOD, HSS_PROOF_WRONG, HSS_PROOF_STALE, HSS_PROOF_UNSUPPORTED };

/* `method`: of the SIP request, where the credentials do not say. */
enum hss_judgement hss_proof_judge(struct hss_worker *worker, uint32_t user,
                                   const struct hss_proof *proof, dm_bytes method);
/* The value of response-auth that shows the user that we know his secret, too. §3.2.3. */
void hss_proof_answer(struct hss_worker *worker, uint32_t user, const struct hss_proof *proof,
                      char to[DIGEST_HEX]);
