/* tls.c — reader of `tls`: files that there are and go together, and what is asked of the other
 * side. SEC-04, SEC-07, SEC-08. */
#include <stdlib.h>

#include <xxhash.h>

#include "agent/conf/key.h"
#include "agent/conf/octets.h"
#include "agent/secrets.h"

enum { TLS_FILE_MAX = 64 * 1024 * 1024 }; /* lists of revoked certificates may be long */

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

/* The key of the file that `why` begins with. */
static const char *key_of(const struct conf_tls *tls, const char *why)
{
    const struct {
        const char *key;
        const char *path;
    } files[] = {{"certificate", tls->certificate},
                 {"private_key", tls->private_key},
                 {"ca", tls->ca},
                 {"crl", tls->crl}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size = files[i].path ? strlen(files[i].path) : 0;
        if (size && strncmp(why, files[i].path, size) == 0 && why[size] == ':')
            return files[i].key;
    }
    return "certificate";
}

/* Do they go together? Whoever uses them reads them again. */
static void try_files(struct conf_reading *reading, const struct conf_node *node,
                      const struct conf_tls *tls)
{
    char why[TLS_WHY_SIZE];
    struct tls_context *context = secrets_make(tls, why);
    if (!context)
        conf_complain_key(reading, node, key_of(tls, why), "%s", why);
    tls_context_unref(context);
}

void conf_read_tls(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    struct conf_tls *tls = field;
    (void)key;
    tls->is_given = true;
    size_t wrong = reading->complaints->count;
    conf_read_map(reading, node, CONF_TLS_MAP, tls);
    if (reading->complaints->count == wrong)
        try_files(reading, node, tls);
}
