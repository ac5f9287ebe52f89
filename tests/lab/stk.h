/* stk.h — four servers that answer everything, two clients, and who did is in the answer: what the
 * tests of what is learnt of users share. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

#define S3    "s3.core.example"
#define S4    "s4.core.example"
#define REALM "core.example"

enum { SERVERS = 4, SAR = 284, MAR = 286, CX_UAR = 300, CX_SAR = 301 };
enum {
    CLASS = 25,
    REDIRECT_HOST = 292,
    SIP_METHOD = 393,
    SERVER_ASSIGNMENT = 375,
    PUBLIC_IDENTITY = 601,
    WILDCARD = 634
};
enum { DEREGISTERED = 5, UNREGISTERED = 3 };

static const char *const names[SERVERS] = {S1, S2, S3, S4};

struct bed {
    struct lab *lab;
    struct lab_peer *server[SERVERS];
    struct lab_peer *c1;
    struct lab_peer *c2;
};

static const struct lab_plan FOUR = {.servers = {S1, S2, S3, S4},
                                     .timers = "request: 60s, watchdog: 6s"};

static inline struct bed bed_of(struct lab_plan plan)
{
    struct bed bed = {.lab = lab_start(plan)};
    for (int i = 0; i < SERVERS; i++) {
        bed.server[i] = lab_server(bed.lab, names[i]);
        bed.server[i]->auto_result = 2001;
    }
    bed.c1 = lab_client(bed.lab, C1);
    bed.c2 = lab_client(bed.lab, C2);
    return bed;
}

/* --- requests --- */

static inline struct lab_message *with_aor(struct lab_message *request, int user)
{
    char aor[64];
    snprintf(aor, sizeof aor, "sip:user%d@" REALM, user);
    return with_text(request, SIP_AOR, aor);
}

/* Private names have nothing in common with public ones. */
static inline struct lab_message *with_name(struct lab_message *request, int user)
{
    char name[64];
    snprintf(name, sizeof name, "id-%d-private@" REALM, user * 7);
    return with_text(request, USER_NAME, name);
}

static inline struct lab_message *uar(struct lab_peer *from, int user)
{
    return with_name(with_aor(lab_request_from(from, UAR, APP_SIP), user), user);
}

static inline struct lab_message *mar(struct lab_peer *from, int user)
{
    struct lab_message *request = lab_request_from(from, MAR, APP_SIP);
    return with_text(with_name(with_aor(request, user), user), SIP_METHOD, "REGISTER");
}

static inline struct lab_message *sar(struct lab_peer *from, int user, uint32_t type)
{
    struct lab_message *request = lab_request_from(from, SAR, APP_SIP);
    return with_number(with_name(with_aor(request, user), user), SERVER_ASSIGNMENT, type);
}

/* A de-registration, which need not say of which address. */
static inline struct lab_message *sar_by_name(struct lab_peer *from, int user)
{
    struct lab_message *request = lab_request_from(from, SAR, APP_SIP);
    return with_name(with_number(request, SERVER_ASSIGNMENT, DEREGISTERED), user);
}

static inline struct lab_message *lir(struct lab_peer *from, int user)
{
    return with_aor(lab_request_from(from, LIR, APP_SIP), user);
}

static inline struct lab_message *to_host(struct lab_message *request, const char *host)
{
    return with_text(request, DESTINATION_HOST, host);
}

/* --- who answered? --- */

static inline int number_of(const char *server)
{
    for (int i = 0; i < SERVERS; i++)
        if (strcmp(server, names[i]) == 0)
            return i;
    return -1;
}

static inline int served_by(struct lab_peer *client, struct lab_message *request)
{
    lab_send(client, request);
    struct lab_message *answer = lab_await_answer(client, request);
    return number_of(lab_text(answer, ORIGIN_HOST, 0));
}

static inline double entries(const struct bed *bed)
{
    return lab_metric(bed->lab, "antipode_bindings_entries");
}

static inline void all_answer(struct bed *bed, uint32_t result)
{
    for (int i = 0; i < SERVERS; i++)
        bed->server[i]->auto_result = result;
}

/* The request as the server got it; nobody answers by himself. */
static inline struct lab_message *taken_by(struct bed *bed, int *server)
{
    for (;;) {
        for (*server = 0; *server < SERVERS; ++*server)
            if (bed->server[*server]->inbox)
                return lab_take(bed->server[*server]);
        lab_serve(bed->lab, 100);
    }
}
