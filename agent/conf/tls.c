/* tls.c — reader of `tls`: files that there are, and what is asked of the other side. SEC-04,
 * SEC-07, SEC-08. */
#include <stdlib.h>

#include <xxhash.h>

#include "agent/conf/key.h"
#include "agent/conf/octets.h"

enum { TLS_FILE_MAX = 64 * 1024 * 1024 }; /* lists of revoked certificates may be long */

/* What is in the file is for tls/context.h to judge; here it must be readable. */
void conf_read_tls_file(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    const char *text = NULL;
    conf_read_text(reading, key, node, &text);
    if (!text || !*text)
        return;
    const char *path = conf_path(reading, text);
    struct conf_octets octets;
    const char *why = conf_octets_read(path, TLS_FILE_MAX, &octets);
    uint64_t *hash = &reading->conf->tls.files_hash;
    if (why)
        conf_complain(reading, node, "%s: %s", path, why);
    else
        *hash = XXH3_64bits_withSeed(octets.at, octets.size, *hash);
    free(octets.at);
    *(const char **)field = path;
}

void conf_read_crl_file(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    if (!conf_is_word(node, "none"))
        conf_read_tls_file(reading, key, node, field);
}

void conf_read_tls_version(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    enum { TLS_1_2 = 0x0303 };
    int place = conf_find_word(reading, key, node);
    if (place >= 0)
        *(uint16_t *)field = (uint16_t)(TLS_1_2 + place);
}

void conf_read_tls(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    struct conf_tls *tls = field;
    (void)key;
    tls->is_given = true;
    conf_read_map(reading, node, CONF_TLS_MAP, tls);
}
