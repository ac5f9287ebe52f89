/* failure.h — why OpenSSL has failed, in the words of reasons.def. Of the folder. */
#pragma once

#include <openssl/ssl.h>

#include "tls/reason.h"

/* Reads OpenSSL's errors of this thread and what verification said. `detail`: a text that says
 * more, or NULL; it is a constant. */
enum tls_reason tls_failure_find(SSL *ssl, const char **detail);
