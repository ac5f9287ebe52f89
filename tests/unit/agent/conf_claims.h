/* conf_claims.h — a configuration and the complaints about it, line for line. */
#pragma once

#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/conf.h"

/* Five good lines, so that what is added begins in line 6; and four, for tests that bring their
 * routes. */
#define FOUR                                                                                       \
    "version: 1\n"                                                                                 \
    "identity: dra1.example.net\n"                                                                 \
    "realm: example.net\n"                                                                         \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
#define SIXTY "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define FIVE  FOUR "routes: []\n"
#define PEERS "peers: [{ identity: h1.example.net }, { identity: \"*.sip.example.net\" }]\n"
#define POOL  "pools: [{ name: east, members: [{ peer: h1.example.net }] }]\n"

static inline char *complaints_of(const void *octets, size_t size)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    conf_free(conf_load_octets("F", octets, size, to));
    fclose(to);
    return complaints;
}

static inline void claim_size(const void *octets, size_t size, const char *expected)
{
    char *complaints = complaints_of(octets, size);
    cr_assert_str_eq(complaints, expected);
    free(complaints);
}

static inline void claim(const char *text, const char *expected)
{
    claim_size(text, strlen(text), expected);
}

static inline char *file_complaints(const char *path)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    conf_free(conf_load(path, to));
    fclose(to);
    return complaints;
}
