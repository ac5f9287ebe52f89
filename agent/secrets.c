/* secrets.c — from the configuration's words to the library's. */
#include "agent/secrets.h"

static enum tls_verify verify_of(enum conf_verify verify)
{
    switch (verify) {
    case CONF_VERIFY_NONE:
        return TLS_VERIFY_NONE;
    case CONF_VERIFY_OPTIONAL:
        return TLS_VERIFY_OPTIONAL;
    default:
        return TLS_VERIFY_REQUIRED;
    }
}

struct tls_context *secrets_make(const struct conf_tls *tls, char why[TLS_WHY_SIZE])
{
    struct tls_options options = {.certificate = tls->certificate,
                                  .private_key = tls->private_key,
                                  .ca = tls->ca,
                                  .crl = tls->crl,
                                  .minimum_version = tls->minimum_version,
                                  .verify = verify_of(tls->verify)};
    return tls_context_new(&options, why);
}

bool secrets_load(const struct conf *conf, struct tls_context **context, FILE *complaints)
{
    char why[TLS_WHY_SIZE];
    *context = NULL;
    if (!conf->tls.is_given)
        return true;
    *context = secrets_make(&conf->tls, why);
    if (!*context)
        fprintf(complaints, "%s: tls: %s\n", conf->file, why);
    return *context != NULL;
}
