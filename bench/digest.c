/* digest.c — RFC 2617 with MD5 by libcrypto.
 *
 * The algorithm is fetched once and the context reused: a fetch costs more than the digest itself.
 */
#include "bench/digest.h"

#include <assert.h>
#include <openssl/evp.h>

bool digest_init(struct digest *digest)
{
    digest->md = EVP_MD_fetch(NULL, "MD5", NULL);
    digest->context = EVP_MD_CTX_new();
    if (digest->md && digest->context)
        return true;
    digest_fini(digest);
    return false;
}

void digest_fini(struct digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->md);
    *digest = (struct digest){0};
}

/* MD5 of the parts with a colon between each two. */
static void hash_joined(struct digest *digest, const dm_bytes *parts, size_t count,
                        char to[DIGEST_HEX])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t md5[EVP_MAX_MD_SIZE];
    bool fine = EVP_DigestInit_ex2(digest->context, digest->md, NULL);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fine &= EVP_DigestUpdate(digest->context, ":", 1) == 1;
        fine &= EVP_DigestUpdate(digest->context, parts[i].at, parts[i].size) == 1;
    }
    fine &= EVP_DigestFinal_ex(digest->context, md5, NULL) == 1;
    assert(fine); /* MD5 was fetched: nothing is left that could fail */
    for (size_t i = 0; i < DIGEST_HEX / 2; i++) {
        to[2 * i] = hex[md5[i] >> 4];
        to[2 * i + 1] = hex[md5[i] & 15];
    }
}

void digest_ha1(struct digest *digest, dm_bytes username, dm_bytes realm, dm_bytes password,
                char to[DIGEST_HEX])
{
    const dm_bytes parts[] = {username, realm, password};
    hash_joined(digest, parts, 3, to);
}

void digest_ha2(struct digest *digest, dm_bytes method, dm_bytes uri, char to[DIGEST_HEX])
{
    const dm_bytes parts[] = {method, uri};
    hash_joined(digest, parts, 2, to);
}

void digest_response(struct digest *digest, const char ha1[DIGEST_HEX],
                     const struct digest_credentials *credentials, const char ha2[DIGEST_HEX],
                     char to[DIGEST_HEX])
{
    const dm_bytes h1 = dm_bytes_of(ha1, DIGEST_HEX), h2 = dm_bytes_of(ha2, DIGEST_HEX);
    if (credentials->qop.size == 0) {
        const dm_bytes parts[] = {h1, credentials->nonce, h2};
        hash_joined(digest, parts, 3, to);
        return;
    }
    const dm_bytes parts[] = {
        h1, credentials->nonce, credentials->nonce_count, credentials->cnonce, credentials->qop,
        h2};
    hash_joined(digest, parts, 6, to);
}
