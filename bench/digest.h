/* digest.h — HTTP Digest with MD5 and qop=auth: what a registrar, a user agent and an HSS compute.
 *
 * All values are 32 lower-case hex digits without a terminating zero. RFC 2617 §3.2.2; RFC 4740
 * §9.5. */
#pragma once

#include "proto/bytes.h"

enum { DIGEST_HEX = 32 };

/* The machine that computes; one per thread. */
struct digest {
    void *md;
    void *context;
};

/* False where libcrypto refuses MD5 (a FIPS provider). */
bool digest_init(struct digest *digest);
void digest_fini(struct digest *digest);

/* H(A1) = MD5(username ":" realm ":" password). §3.2.2.2, algorithm MD5 (not MD5-sess). */
void digest_ha1(struct digest *digest, dm_bytes username, dm_bytes realm, dm_bytes password,
                char to[DIGEST_HEX]);
/* H(A2) = MD5(method ":" uri). §3.2.2.3, qop auth. */
void digest_ha2(struct digest *digest, dm_bytes method, dm_bytes uri, char to[DIGEST_HEX]);

/* What the user agent adds to the challenge. `qop` empty: the response of RFC 2069, without nc and
 * cnonce. */
struct digest_credentials {
    dm_bytes nonce;
    dm_bytes nonce_count; /* 8 hex digits */
    dm_bytes cnonce;
    dm_bytes qop; /* "auth", without quotes */
};

/* MD5(H(A1) ":" nonce ":" nc ":" cnonce ":" qop ":" H(A2)). §3.2.2.1. */
void digest_response(struct digest *digest, const char ha1[DIGEST_HEX],
                     const struct digest_credentials *credentials, const char ha2[DIGEST_HEX],
                     char to[DIGEST_HEX]);
/* The value of response-auth, with which the server shows that it knows the secret: H(A2) is
 * MD5(":" uri), that is digest_ha2() with an empty method. §3.2.3. */
