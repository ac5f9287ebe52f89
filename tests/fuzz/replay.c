/* replay.c — runs a fuzz target over its corpus, as an ordinary test: every file of the folders
 * given.
 *
 * A folder that is missing or empty fails, since a test of nothing would pass for ever. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

/* The file's octets in memory of exactly their size, so that a sanitizer sees the octet after the
 * last. */
static uint8_t *read_file(FILE *file, size_t *size)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long end = ftell(file);
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0)
        return NULL;
    *size = (size_t)end;
    uint8_t *octets = malloc(*size ? *size : 1);
    if (octets && fread(octets, 1, *size, file) != *size) {
        free(octets);
        return NULL;
    }
    return octets;
}

static bool replay(const char *path)
{
    size_t size;
    FILE *file = fopen(path, "rb");
    uint8_t *octets = file ? read_file(file, &size) : NULL;
    if (file)
        (void)fclose(file); /* it was only read */
    if (!octets) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    (void)LLVMFuzzerTestOneInput(octets, size); /* always 0 */
    free(octets);
    return true;
}

/* The number of files replayed, or -1. */
static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (!dir)
        return -1;
    for (const struct dirent *entry; count >= 0 && (entry = readdir(dir));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count = replay(path) ? count + 1 : -1;
    }
    (void)closedir(dir); /* it was only read */
    return count;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s folder...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: missing, empty or not readable\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return 0;
}
