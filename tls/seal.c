/* seal.c — keys from the master secret, and records under them. */
#include "tls/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

enum {
    KEY_MAX = 32,
    BLOCK_MAX = 2 * (KEY_MAX + TLS_SEAL_IV),
    AAD_SIZE = 13,
    RANDOM_SIZE = 32,
    GCM_SALT = 4,
};
static const uint64_t SEQUENCE_END = UINT64_C(1) << 48;

/* --- keys: RFC 5246 §6.3 -------------------------------------------------------------------------
 */

/* PRF(master secret, "key expansion", server random + client random). */
static bool derive(SSL *ssl, uint8_t *block, size_t size)
{
    uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH];
    uint8_t seed[2 * RANDOM_SIZE];
    char label[] = "key expansion";
    size_t secret_size = SSL_SESSION_get_master_key(SSL_get_session(ssl), secret, sizeof secret);
    (void)SSL_get_server_random(ssl, seed, RANDOM_SIZE);
    (void)SSL_get_client_random(ssl, seed + RANDOM_SIZE, RANDOM_SIZE);
    const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
    char digest_name[32];
    OPENSSL_strlcpy(digest_name, digest ? EVP_MD_get0_name(digest) : "", sizeof digest_name);
    const OSSL_PARAM how[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, secret_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool derived = context && EVP_KDF_derive(context, block, size, how) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(secret, sizeof secret);
    return derived;
}

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *cipher, const uint8_t *key, bool is_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context && EVP_CipherInit_ex(context, cipher, NULL, key, NULL, is_sealing) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

/* client key, server key, client IV, server IV. */
static bool cut_block(struct tls_seal *seal, const EVP_CIPHER *cipher, const uint8_t *block,
                      enum tls_side side)
{
    size_t key = (size_t)EVP_CIPHER_get_key_length(cipher);
    size_t iv = seal->has_nonce ? GCM_SALT : TLS_SEAL_IV;
    size_t ours = side == TLS_CLIENT ? 0 : 1;
    size_t theirs = 1 - ours;
    seal->out = keyed(cipher, block + ours * key, true);
    seal->in = keyed(cipher, block + theirs * key, false);
    memcpy(seal->out_iv, block + 2 * key + ours * iv, iv);
    memcpy(seal->in_iv, block + 2 * key + theirs * iv, iv);
    return seal->out && seal->in;
}

bool tls_seal_init(struct tls_seal *seal, SSL *ssl, enum tls_side side, struct tls_seal_count next)
{
    *seal = (struct tls_seal){.next = next};
    int name = SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl));
    const EVP_CIPHER *cipher = EVP_get_cipherbynid(name);
    bool is_chacha = name == NID_chacha20_poly1305;
    seal->has_nonce = !is_chacha;
    if (!cipher || (!is_chacha && EVP_CIPHER_get_mode(cipher) != EVP_CIPH_GCM_MODE))
        return false;
    uint8_t block[BLOCK_MAX];
    bool made = derive(ssl, block, sizeof block) && cut_block(seal, cipher, block, side);
    OPENSSL_cleanse(block, sizeof block);
    return made;
}

void tls_seal_fini(struct tls_seal *seal)
{
    EVP_CIPHER_CTX_free(seal->out);
    EVP_CIPHER_CTX_free(seal->in);
    OPENSSL_cleanse(seal, sizeof *seal);
}

/* --- records ------------------------------------------------------------------------------------
 */

static uint64_t number_of(const struct tls_record *record)
{
    return (uint64_t)record->epoch << 48 | record->sequence;
}

/* AES-GCM: salt, then the nonce of the record (RFC 5288 §3). ChaCha20: the IV, crossed with the
 * number (RFC 7905 §2). */
static void make_iv(uint8_t *to, const struct tls_seal *seal, const uint8_t *iv,
                    const uint8_t nonce[TLS_SEAL_NONCE])
{
    memcpy(to, iv, TLS_SEAL_IV);
    for (size_t i = 0; i < TLS_SEAL_NONCE; i++) {
        uint8_t *at = to + TLS_SEAL_IV - TLS_SEAL_NONCE + i;
        *at = seal->has_nonce ? nonce[i] : (uint8_t)(*at ^ nonce[i]);
    }
}

/* Number, type, version and length of the plaintext. */
static void make_aad(uint8_t *aad, const struct tls_record *record, size_t plaintext)
{
    tls_put(aad, number_of(record), 8);
    tls_put(aad + 8, record->type, 1);
    tls_put(aad + 9, record->version, 2);
    tls_put(aad + 11, plaintext, 2);
}

static bool begin(EVP_CIPHER_CTX *context, const uint8_t *iv, const uint8_t *aad)
{
    int size;
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, -1) == 1 &&
           EVP_CipherUpdate(context, NULL, &size, aad, AAD_SIZE) == 1;
}

static bool update(EVP_CIPHER_CTX *context, uint8_t **to, const void *from, size_t size)
{
    int done = 0;
    if (size == 0)
        return true;
    if (EVP_CipherUpdate(context, *to, &done, from, (int)size) != 1)
        return false;
    *to += done;
    return true;
}

static bool encrypt(struct tls_seal *seal, const struct iovec *pieces, int count, uint8_t *to)
{
    int done = 0;
    for (int i = 0; i < count; i++) {
        if (!update(seal->out, &to, pieces[i].iov_base, pieces[i].iov_len))
            return false;
    }
    return EVP_CipherFinal_ex(seal->out, to, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(seal->out, EVP_CTRL_AEAD_GET_TAG, TLS_SEAL_TAG, to) == 1;
}

size_t tls_seal_close(struct tls_seal *seal, uint8_t type, const struct iovec *pieces, int count,
                      size_t size, uint8_t *to)
{
    size_t nonce_size = seal->has_nonce ? TLS_SEAL_NONCE : 0;
    struct tls_record record = {.type = type,
                                .version = TLS_RECORD_VERSION,
                                .epoch = TLS_SEAL_EPOCH,
                                .sequence = seal->next.sequence,
                                .length = nonce_size + size + TLS_SEAL_TAG};
    uint8_t nonce[TLS_SEAL_NONCE];
    uint8_t iv[TLS_SEAL_IV];
    uint8_t aad[AAD_SIZE];
    if (record.sequence >= SEQUENCE_END)
        return 0;
    tls_put(nonce, seal->has_nonce ? seal->next.nonce : number_of(&record), TLS_SEAL_NONCE);
    seal->next.sequence++;
    seal->next.nonce++;
    tls_record_write(to, &record);
    memcpy(to + TLS_RECORD_HEAD, nonce, nonce_size);
    make_iv(iv, seal, seal->out_iv, nonce);
    make_aad(aad, &record, size);
    if (!begin(seal->out, iv, aad) ||
        !encrypt(seal, pieces, count, to + TLS_RECORD_HEAD + nonce_size))
        return 0;
    return tls_record_size(&record);
}

bool tls_seal_open(struct tls_seal *seal, const struct tls_record *record, uint8_t *plaintext,
                   size_t room, size_t *size)
{
    size_t nonce_size = seal->has_nonce ? TLS_SEAL_NONCE : 0;
    uint8_t nonce[TLS_SEAL_NONCE];
    uint8_t iv[TLS_SEAL_IV];
    uint8_t aad[AAD_SIZE];
    uint8_t tag[TLS_SEAL_TAG];
    int done = 0;
    if (record->epoch != TLS_SEAL_EPOCH || record->length < nonce_size + TLS_SEAL_TAG)
        return false;
    *size = record->length - nonce_size - TLS_SEAL_TAG;
    if (*size > room)
        return false;
    tls_put(nonce, number_of(record), TLS_SEAL_NONCE);
    memcpy(nonce, record->fragment, nonce_size);
    memcpy(tag, record->fragment + nonce_size + *size, TLS_SEAL_TAG);
    make_iv(iv, seal, seal->in_iv, nonce);
    make_aad(aad, record, *size);
    return begin(seal->in, iv, aad) &&
           EVP_CIPHER_CTX_ctrl(seal->in, EVP_CTRL_AEAD_SET_TAG, TLS_SEAL_TAG, tag) == 1 &&
           update(seal->in, &plaintext, record->fragment + nonce_size, *size) &&
           EVP_CipherFinal_ex(seal->in, plaintext, &done) == 1;
}
