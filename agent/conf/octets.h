/* octets.h — the octets of a regular file: a pipe would keep a reload waiting. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct conf_octets {
    uint8_t *at; /* to be freed; NULL: none */
    size_t size;
};

/* Reads the whole file, of at most `most` octets. NULL, or why not. */
const char *conf_octets_read(const char *path, size_t most, struct conf_octets *octets);
