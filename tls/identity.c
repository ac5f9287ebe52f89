/* identity.c — dNSNames of a certificate against a DiameterIdentity. SEC-05. */
#include "tls/identity.h"

#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls/context_private.h"
#include "tls/core.h"

/* Host names are ASCII; RFC 4343 gives only its letters a case. */
static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

/* By length, so that a NUL in a name ends nothing. */
static bool names_are_equal(const uint8_t *one, const uint8_t *other, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (lower(one[i]) != lower(other[i]))
            return false;
    }
    return true;
}

static bool is_named(const GENERAL_NAME *name, const char *identity, size_t size)
{
    if (name->type != GEN_DNS || size == 0 || (size_t)ASN1_STRING_length(name->d.dNSName) != size)
        return false;
    return names_are_equal(ASN1_STRING_get0_data(name->d.dNSName), (const uint8_t *)identity, size);
}

static bool certificate_names(const X509 *certificate, const char *identity, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
        found = is_named(sk_GENERAL_NAME_value(names, i), identity, size);
    GENERAL_NAMES_free(names);
    return found;
}

enum tls_proof tls_core_speaks_for(const struct tls_core *core, const char *identity, size_t size)
{
    const X509 *certificate = SSL_get0_peer_certificate(core->ssl);
    if (!certificate || core->context->verify == TLS_VERIFY_NONE)
        return TLS_SILENT;
    return certificate_names(certificate, identity, size) ? TLS_PROVES : TLS_DENIES;
}
