/* context_private.h — what is in a context: for the channels of the folder. */
#pragma once

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "tls/context.h"
#include "tls/resume.h"

struct tls_context {
    atomic_uint holders;
    enum tls_verify verify;
    SSL_CTX *stream;  /* TLS */
    SSL_CTX *message; /* DTLS */
    struct tls_resume *resume;
    size_t file_count;
    struct tls_file files[TLS_FILES_MAX];
};

/* Reads the files of `options` into the context. False: `why` says which is wrong, and how. */
bool tls_context_read(struct tls_context *context, const struct tls_options *options,
                      char why[TLS_WHY_SIZE]);
