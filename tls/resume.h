/* resume.h — the last session with each peer that was dialled, to be resumed. Of the folder.
 *
 * A session is used once (RFC 8446 §C.4), so it leaves when it is taken. Dialling is rare and
 * happens in several threads, so there is a lock. How much is kept is limited: of the names of one
 * bucket the oldest goes. */
#pragma once

#include <openssl/ssl.h>

struct tls_resume;

struct tls_resume *tls_resume_new(void);
void tls_resume_free(struct tls_resume *resume);

/* Takes `session`. */
void tls_resume_put(struct tls_resume *resume, const char *peer, SSL_SESSION *session);
/* The caller's from now on; NULL: there is none. */
SSL_SESSION *tls_resume_take(struct tls_resume *resume, const char *peer);
