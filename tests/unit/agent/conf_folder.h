/* conf_folder.h — configurations in a folder of their own, with the files that `tls` names. */
#pragma once

#include <unistd.h>

#include "conf_claims.h"

#define TLS_BUT(keys)                                                                              \
    "tls: { certificate: agent.pem, private_key: agent.key, ca: ca.pem, " keys " }\n"
#define TLS TLS_BUT("")

static const char *const folder_files[] = {"agent.pem", "agent.key", "ca.pem", "crl.pem"};
static char folder[] = "/tmp/antipode-conf-XXXXXX";

/* Valid until it has been asked for eight others. */
static inline const char *in_folder(const char *name)
{
    static char paths[8][64];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void write_in_folder(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", name);
}

/* Of tests/data/conf/tls, until it is asked for the next one. */
static inline const char *text_of_file(const char *name)
{
    static char text[4096];
    char path[256];
    snprintf(path, sizeof path, "%s/conf/tls/%s", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static inline void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof folder_files / sizeof *folder_files; i++)
        write_in_folder(folder_files[i], text_of_file(folder_files[i]));
}

static inline void remove_folder(void)
{
    for (size_t i = 0; i < sizeof folder_files / sizeof *folder_files; i++)
        unlink(in_folder(folder_files[i]));
    rmdir(folder);
}
