/* failure.c — from OpenSSL's hundreds of errors to the dozen that somebody acts on. */
#include "tls/failure.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

struct row {
    int theirs;
    enum tls_reason ours;
};

static enum tls_reason look_up(const struct row *rows, size_t count, int theirs,
                               enum tls_reason otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].theirs == theirs)
            return rows[i].ours;
    }
    return otherwise;
}

/* What is wrong with a certificate. */
static enum tls_reason reason_of_verification(long result)
{
    static const struct row rows[] = {
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_CERT_UNTRUSTED, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_CERT_REJECTED, TLS_REASON_UNTRUSTED},
        {X509_V_ERR_CERT_NOT_YET_VALID, TLS_REASON_EXPIRED},
        {X509_V_ERR_CERT_HAS_EXPIRED, TLS_REASON_EXPIRED},
        {X509_V_ERR_CERT_REVOKED, TLS_REASON_REVOKED},
        {X509_V_ERR_OUT_OF_MEM, TLS_REASON_INTERNAL},
    };
    return look_up(rows, sizeof rows / sizeof *rows, (int)result, TLS_REASON_CERTIFICATE);
}

/* Alerts are numbers from SSL_AD_REASON_OFFSET on. */
static enum tls_reason reason_of_alert(int alert)
{
    static const struct row rows[] = {
        {SSL_AD_PROTOCOL_VERSION, TLS_REASON_VERSION},
        {SSL_AD_INSUFFICIENT_SECURITY, TLS_REASON_CIPHER},
    };
    return look_up(rows, sizeof rows / sizeof *rows, alert, TLS_REASON_ALERT);
}

static enum tls_reason reason_of_error(int error)
{
    static const struct row rows[] = {
        {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_REASON_NO_CERTIFICATE},
        {SSL_R_UNSUPPORTED_PROTOCOL, TLS_REASON_VERSION},
        {SSL_R_WRONG_SSL_VERSION, TLS_REASON_VERSION},
        {SSL_R_VERSION_TOO_LOW, TLS_REASON_VERSION},
        {SSL_R_VERSION_TOO_HIGH, TLS_REASON_VERSION},
        {SSL_R_INAPPROPRIATE_FALLBACK, TLS_REASON_VERSION},
        {SSL_R_NO_SHARED_CIPHER, TLS_REASON_CIPHER},
        {SSL_R_NO_CIPHERS_AVAILABLE, TLS_REASON_CIPHER},
        {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_REASON_CIPHER},
        {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_REASON_CIPHER},
        {SSL_R_NO_SUITABLE_KEY_SHARE, TLS_REASON_CIPHER},
        {SSL_R_NO_SUITABLE_GROUPS, TLS_REASON_CIPHER},
        {SSL_R_WRONG_CIPHER_RETURNED, TLS_REASON_CIPHER},
        {SSL_R_UNKNOWN_CIPHER_RETURNED, TLS_REASON_CIPHER},
        {SSL_R_EE_KEY_TOO_SMALL, TLS_REASON_CERTIFICATE},
        {SSL_R_CA_KEY_TOO_SMALL, TLS_REASON_CERTIFICATE},
        {SSL_R_CA_MD_TOO_WEAK, TLS_REASON_CERTIFICATE},
        {SSL_R_EXCESSIVE_MESSAGE_SIZE, TLS_REASON_PROTOCOL},
        {ERR_R_MALLOC_FAILURE, TLS_REASON_INTERNAL},
        {ERR_R_INTERNAL_ERROR, TLS_REASON_INTERNAL},
    };
    return look_up(rows, sizeof rows / sizeof *rows, error, TLS_REASON_PROTOCOL);
}

enum tls_reason tls_failure_find(SSL *ssl, const char **detail)
{
    unsigned long first = ERR_peek_error(); /* the later ones follow from it */
    if (first == 0)
        return TLS_REASON_INTERNAL; /* the BIO had no memory */
    int error = ERR_GET_REASON(first);
    if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        *detail = X509_verify_cert_error_string(SSL_get_verify_result(ssl));
        return reason_of_verification(SSL_get_verify_result(ssl));
    }
    if (ERR_GET_LIB(first) == ERR_LIB_SSL && error > SSL_AD_REASON_OFFSET) {
        *detail = SSL_alert_desc_string_long(error - SSL_AD_REASON_OFFSET);
        return reason_of_alert(error - SSL_AD_REASON_OFFSET);
    }
    *detail = ERR_reason_error_string(first);
    return reason_of_error(error);
}
