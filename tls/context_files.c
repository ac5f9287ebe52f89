/* context_files.c — certificate, key, CA and CRL from their PEM files, each mistake with its path.
 * SEC-07. */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls/context_private.h"

struct reading {
    struct tls_context *context;
    const struct tls_options *options;
    char *why;
};

__attribute__((format(printf, 3, 4))) static bool complain(struct reading *reading,
                                                           const char *path, const char *form, ...)
{
    int size = snprintf(reading->why, TLS_WHY_SIZE, "%s: ", path);
    if (size < 0 || size >= TLS_WHY_SIZE)
        return false;
    va_list list;
    va_start(list, form);
    (void)vsnprintf(reading->why + size, TLS_WHY_SIZE - (size_t)size, form, list);
    va_end(list);
    return false;
}

/* What OpenSSL has against it. */
static bool complain_by_library(struct reading *reading, const char *path, const char *what)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return complain(reading, path, "%s: %s", what, text ? text : "no reason given");
}

static BIO *open_file(struct reading *reading, const char *path)
{
    errno = 0;
    BIO *file = BIO_new_file(path, "r");
    if (!file)
        complain(reading, path, "cannot be read: %s", strerror(errno));
    return file;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm broken;
    if (!time || !ASN1_TIME_to_tm(time, &broken))
        return 0;
    return timegm(&broken);
}

/* Remembers when what stands in a file is over: of several the first. */
static struct tls_file *note_file(struct reading *reading, const char *path)
{
    struct tls_context *context = reading->context;
    assert(context->file_count < TLS_FILES_MAX);
    struct tls_file *file = &context->files[context->file_count];
    file->path = strdup(path);
    if (file->path)
        context->file_count++;
    else
        complain(reading, path, "no memory");
    return file->path ? file : NULL;
}

static void note_end(struct tls_file *file, const ASN1_TIME *time)
{
    int64_t at = seconds_of(time);
    if (at != 0 && (file->expires == 0 || at < file->expires))
        file->expires = at;
}

/* The end of a PEM file shows as an error like any other. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (ended)
        ERR_clear_error();
    return ended;
}

/* What OpenSSL works out when it first looks at a certificate, here and not in the first
 * handshakes: those are in several threads, and all have this one. Whether it is good is for `take`
 * and the handshake to say. */
static void look_first(X509 *certificate)
{
    (void)X509_get_extension_flags(certificate);
}

typedef bool take_certificate(struct tls_context *context, X509 *certificate, size_t number);

/* Hands each certificate of a file to `take`, which says whether OpenSSL likes it. */
static bool read_certificates(struct reading *reading, const char *path, take_certificate *take)
{
    struct tls_file *note = note_file(reading, path);
    BIO *file = note ? open_file(reading, path) : NULL;
    if (!file)
        return false;
    size_t count = 0;
    bool good = true;
    X509 *certificate;
    while (good && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        look_first(certificate);
        note_end(note, X509_get0_notAfter(certificate));
        good = take(reading->context, certificate, count++);
        X509_free(certificate);
    }
    BIO_free(file);
    if (!good)
        return complain_by_library(reading, path, "certificate refused");
    if (!is_at_end())
        return complain_by_library(reading, path, "not a PEM certificate");
    return count != 0 || complain(reading, path, "there is no PEM certificate in it");
}

static bool take_own(struct tls_context *context, X509 *certificate, size_t number)
{
    if (number == 0)
        return SSL_CTX_use_certificate(context->stream, certificate) &&
               SSL_CTX_use_certificate(context->message, certificate);
    return SSL_CTX_add1_chain_cert(context->stream, certificate) &&
           SSL_CTX_add1_chain_cert(context->message, certificate);
}

/* The acceptor names whom it trusts, so that a client can choose. */
static bool take_trusted(struct tls_context *context, X509 *certificate, size_t number)
{
    (void)number;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context->stream), certificate) &&
           X509_STORE_add_cert(SSL_CTX_get_cert_store(context->message), certificate) &&
           SSL_CTX_add_client_CA(context->stream, certificate) &&
           SSL_CTX_add_client_CA(context->message, certificate);
}

/* Nobody sits at a terminal to be asked. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool use_key(struct reading *reading, EVP_PKEY *key)
{
    const struct tls_options *options = reading->options;
    struct tls_context *context = reading->context;
    if (!X509_check_private_key(SSL_CTX_get0_certificate(context->stream), key))
        return complain(reading, options->private_key, "does not belong to the certificate in %s",
                        options->certificate);
    if (!SSL_CTX_use_PrivateKey(context->stream, key) ||
        !SSL_CTX_use_PrivateKey(context->message, key))
        return complain_by_library(reading, options->private_key, "key refused");
    return true;
}

static bool complain_of_key(struct reading *reading)
{
    const char *path = reading->options->private_key;
    if (is_at_end() || ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED)
        return complain(reading, path, "there is no PEM private key in it");
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ)
        return complain(reading, path, "it is encrypted, and there is nobody to ask");
    return complain_by_library(reading, path, "not a private key");
}

static bool read_key(struct reading *reading)
{
    BIO *file = open_file(reading, reading->options->private_key);
    if (!file)
        return false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_password, NULL);
    BIO_free(file);
    bool good = key ? use_key(reading, key) : complain_of_key(reading);
    EVP_PKEY_free(key);
    return good;
}

static bool take_list(struct tls_context *context, X509_CRL *list)
{
    return X509_STORE_add_crl(SSL_CTX_get_cert_store(context->stream), list) &&
           X509_STORE_add_crl(SSL_CTX_get_cert_store(context->message), list);
}

static bool check_lists(struct tls_context *context)
{
    return X509_STORE_set_flags(SSL_CTX_get_cert_store(context->stream), X509_V_FLAG_CRL_CHECK) &&
           X509_STORE_set_flags(SSL_CTX_get_cert_store(context->message), X509_V_FLAG_CRL_CHECK);
}

static bool read_lists(struct reading *reading)
{
    const char *path = reading->options->crl;
    struct tls_file *note = note_file(reading, path);
    BIO *file = note ? open_file(reading, path) : NULL;
    if (!file)
        return false;
    size_t count = 0;
    bool good = true;
    X509_CRL *list;
    while (good && (list = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
        note_end(note, X509_CRL_get0_nextUpdate(list));
        good = take_list(reading->context, list);
        X509_CRL_free(list);
        count++;
    }
    BIO_free(file);
    if (!good || !is_at_end())
        return complain_by_library(reading, path, "not a PEM revocation list");
    if (count == 0)
        return complain(reading, path, "there is no PEM revocation list in it");
    return check_lists(reading->context) || complain(reading, path, "no memory");
}

bool tls_context_read(struct tls_context *context, const struct tls_options *options,
                      char why[TLS_WHY_SIZE])
{
    struct reading reading = {.context = context, .options = options, .why = why};
    ERR_clear_error();
    if (options->certificate &&
        !(read_certificates(&reading, options->certificate, take_own) && read_key(&reading)))
        return false;
    if (options->ca && !read_certificates(&reading, options->ca, take_trusted))
        return false;
    return !options->crl || read_lists(&reading);
}
