/* redirect.h — D1 redirects, S1 and S2 serve, C1 asks: what the tests of redirects share. */
#pragma once

#include "tests/lab/lab.h"

#define D1        "d1.core.example"
#define D2        "d2.core.example"
#define BOB       "sip:bob@core.example"
#define AAA(host) "aaa://" host ":3868;transport=tcp"

enum {
    SAR = 284,
    MAR = 286,
    REDIRECT_HOST_USAGE = 261,
    REDIRECT_MAX_CACHE_TIME = 262,
    REDIRECT_HOST = 292,
    SIP_METHOD = 393,
    REDIRECT_REALM = 620,
};
enum {
    DONT_CACHE,
    ALL_SESSION,
    ALL_REALM,
    REALM_AND_APPLICATION,
    ALL_APPLICATION,
    ALL_HOST,
    ALL_USER,
};

/* Only D1 is in the route's pool. */
#define LOCATORS "  - { name: locators, members: [{ peer: d1.core.example }] }"
#define REDIRECT_PLAN                                                                              \
    .servers = {D1, S1, S2}, .pools = LOCATORS,                                                    \
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }"

struct redirect_bed {
    struct lab *lab;
    struct lab_peer *c1, *d1, *s1, *s2;
};

/* All servers of the plan and C1 are open; the first three are d1, s1 and s2. */
struct redirect_bed redirect_bed(struct lab_plan plan);

/* The answer that sends a request to `uri` (NULL: none), with usage and time unless DONT_CACHE. */
struct lab_message *redirect_to(const struct lab_peer *from, const struct lab_message *request,
                                const char *uri, uint32_t usage, uint32_t seconds);
/* D1 gets this request, and answers that. */
struct lab_message *redirect_at_d1(struct redirect_bed *bed, const char *uri, uint32_t usage,
                                   uint32_t seconds);

/* `request` reaches D1, which sends it on to S1; S1 answers, and the client sees that alone. */
void expect_followed(struct redirect_bed *bed, struct lab_message *request, uint32_t usage,
                     uint32_t seconds);
/* It goes to this server at once. */
void expect_direct(struct redirect_bed *bed, struct lab_peer *server, struct lab_message *request);
/* The client gets the very answer that D1 gave. */
void expect_passed(struct redirect_bed *bed, const struct lab_message *request,
                   const struct lab_message *answer);
/* How many redirects the agent remembers. */
void expect_remembered(struct redirect_bed *bed, unsigned count);
