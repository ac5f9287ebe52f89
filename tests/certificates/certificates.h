/* certificates.h — a folder of certificates for a test: authorities, what they issue, whom they
 * revoke.
 *
 * EC keys, made in a fraction of a millisecond each. `name` stands for the files <name>.pem,
 * <name>.key and <name>.crl. Whatever fails aborts: a test without certificates says nothing. */
#pragma once

#include <stdint.h>

struct certificates {
    char folder[128];
    long serial;
};

struct certificate {
    const char *name;   /* of its files, and its common name */
    const char *issuer; /* the name of an authority; NULL: signed by itself */
    const char *dns;    /* its dNSName; several with commas; NULL: no subjectAltName */
    int64_t from;       /* seconds from now, 0: since an hour */
    int64_t until;      /* seconds from now, 0: a day */
    int is_authority;
};

/* An empty folder below TMPDIR. */
void certificates_open(struct certificates *certificates);
/* Removes it with all that is in it. */
void certificates_close(struct certificates *certificates);

void certificates_make(struct certificates *certificates, const struct certificate *wanted);

/* Writes the authority's list, `revoked` on it (NULL: nobody), to <authority>.crl; good for
 * `seconds`. */
void certificates_revoke(struct certificates *certificates, const char *authority,
                         const char *revoked, int64_t seconds);

/* "<folder>/<file>", good until thirty-two more were asked for. */
const char *certificates_path(const struct certificates *certificates, const char *file);

/* Writes `text` to a file of the folder. */
void certificates_write(const struct certificates *certificates, const char *file,
                        const char *text);

/* What most tests want: "ca", "agent" (agent.example.net) and "peer" (peer.example.net). */
void certificates_usual(struct certificates *certificates);
