/* hss_auth.c — a nonce is a counter made unreadable and a check of it; so none has to be kept.
 *
 * It keeps honest clients apart, no more: this is a test server, not a place for real secrets. */
#include "bench/hss_auth.h"

#include <strings.h>

#include "bench/names.h"

/* The finalizer of SplitMix64: one to one, every bit of the output depends on every bit of the
 * input. */
static uint64_t scramble(uint64_t word)
{
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

uint64_t hss_random(struct hss_worker *worker)
{
    return scramble(worker->random += UINT64_C(0x9e3779b97f4a7c15));
}

static void put_hex(char *to, uint64_t word)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++)
        to[i] = digits[word >> (60 - 4 * i) & 15];
}

static bool get_hex(const uint8_t *at, uint64_t *word)
{
    *word = 0;
    for (size_t i = 0; i < 16; i++) {
        bool is_digit = at[i] >= '0' && at[i] <= '9';
        if (!is_digit && !(at[i] >= 'a' && at[i] <= 'f'))
            return false;
        *word = *word << 4 | (uint64_t)(is_digit ? at[i] - '0' : at[i] - 'a' + 10);
    }
    return true;
}

void hss_nonce_make(struct hss_worker *worker, char to[HSS_NONCE])
{
    uint64_t unique = hss_random(worker);
    put_hex(to, unique);
    put_hex(to + 16, scramble(unique ^ worker->hss->nonce_secret));
}

bool hss_nonce_is_ours(const struct hss *hss, dm_bytes nonce)
{
    uint64_t unique, check;
    return nonce.size == HSS_NONCE && get_hex(nonce.at, &unique) &&
           get_hex(nonce.at + 16, &check) && check == scramble(unique ^ hss->nonce_secret);
}

/* Header fields quote, RADIUS and Diameter do not; some clients copy the quotes. RFC 5090 §3. */
static dm_bytes unquoted(dm_bytes text)
{
    bool quoted = text.size >= 2 && text.at[0] == '"' && text.at[text.size - 1] == '"';
    return quoted ? dm_bytes_of(text.at + 1, text.size - 2) : text;
}

static dm_bytes *member_of(struct hss_proof *proof, uint32_t code)
{
    switch (code) {
    case DIGEST_USERNAME:
        return &proof->username;
    case DIGEST_REALM:
        return &proof->realm;
    case DIGEST_NONCE:
        return &proof->nonce;
    case DIGEST_URI:
        return &proof->uri;
    case DIGEST_RESPONSE:
        return &proof->response;
    case DIGEST_ALGORITHM:
        return &proof->algorithm;
    case DIGEST_CNONCE:
        return &proof->cnonce;
    case DIGEST_QOP:
        return &proof->qop;
    case DIGEST_NONCE_COUNT:
        return &proof->nonce_count;
    case DIGEST_METHOD:
        return &proof->method;
    default:
        return NULL;
    }
}

bool hss_proof_read(struct hss_proof *proof, dm_bytes authorization, uint32_t *missing)
{
    static const uint32_t mandatory[] = {DIGEST_USERNAME, DIGEST_REALM, DIGEST_NONCE, DIGEST_URI,
                                         DIGEST_RESPONSE};
    struct dm_avps walk = dm_avps_in(authorization);
    struct dm_avp avp;
    *proof = (struct hss_proof){0};
    while (dm_avps_next(&walk, &avp)) {
        dm_bytes *member = avp.vendor == 0 ? member_of(proof, avp.code) : NULL;
        if (member)
            *member = unquoted(avp.data);
    }
    *missing = 0;
    for (size_t i = 0; i < 5 && !walk.error; i++)
        if (member_of(proof, mandatory[i])->at == NULL && *missing == 0)
            *missing = mandatory[i];
    return !walk.error && *missing == 0;
}

static bool same_text(dm_bytes text, const char *wanted)
{
    return text.size == strlen(wanted) &&
           strncasecmp((const char *)text.at, wanted, text.size) == 0;
}

/* H(A2) of the request, or of our answer where there is no method. */
static void compute(struct hss_worker *worker, uint32_t user, const struct hss_proof *proof,
                    dm_bytes method, char to[DIGEST_HEX])
{
    char ha1[DIGEST_HEX], ha2[DIGEST_HEX];
    const struct digest_credentials credentials = {.nonce = proof->nonce,
                                                   .nonce_count = proof->nonce_count,
                                                   .cnonce = proof->cnonce,
                                                   .qop = proof->qop};
    hss_user_ha1(&worker->hss->users, user, &worker->digest, ha1);
    digest_ha2(&worker->digest, method, proof->uri, ha2);
    digest_response(&worker->digest, ha1, &credentials, ha2, to);
}

static bool is_for(const struct hss_worker *worker, uint32_t user, const struct hss_proof *proof)
{
    uint32_t named;
    dm_bytes realm = worker->hss->users.realm;
    return name_user_index(proof->username, realm, &named) && named == user &&
           dm_bytes_equal(proof->realm, realm);
}

enum hss_judgement hss_proof_judge(struct hss_worker *worker, uint32_t user,
                                   const struct hss_proof *proof, dm_bytes method)
{
    char wanted[DIGEST_HEX];
    if (proof->algorithm.size && !same_text(proof->algorithm, "MD5"))
        return HSS_PROOF_UNSUPPORTED;
    if (proof->qop.size && !same_text(proof->qop, "auth"))
        return HSS_PROOF_WRONG; /* not offered */
    if (!is_for(worker, user, proof))
        return HSS_PROOF_WRONG;
    compute(worker, user, proof, proof->method.size ? proof->method : method, wanted);
    if (!dm_bytes_equal(proof->response, dm_bytes_of(wanted, DIGEST_HEX)))
        return HSS_PROOF_WRONG;
    /* RFC 2617 §3.2.1, stale: the secret is right and the nonce is not. */
    return hss_nonce_is_ours(worker->hss, proof->nonce) ? HSS_PROOF_GOOD : HSS_PROOF_STALE;
}

void hss_proof_answer(struct hss_worker *worker, uint32_t user, const struct hss_proof *proof,
                      char to[DIGEST_HEX])
{
    compute(worker, user, proof, dm_text(""), to);
}
