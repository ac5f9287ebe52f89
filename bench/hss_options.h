/* hss_options.h — the command line of antipode-hss: read, completed with defaults, checked. */
#pragma once

#include <stdio.h>

#include "bench/hss.h"
#include "bench/link_net.h"

enum { HSS_ADDRESSES_MAX = 16, HSS_THREADS_MAX = 64, HSS_USERS_MAX = 100000000 };

enum hss_push { HSS_PUSH_NONE, HSS_PUSH_RTR, HSS_PUSH_PPR, HSS_PUSH_ASR };

struct hss_options {
    struct link_address listen[HSS_ADDRESSES_MAX], connect[HSS_ADDRESSES_MAX], peer_of;
    size_t listens, connects;
    struct link_carrier_options carrier;
    bool has_peer;
    const char *identity, *realm;
    uint32_t users, threads;
    bool registered;
    uint64_t delay_least, delay_most; /* ns */
    struct hss_policy policy;
    enum hss_push push;
    double push_rate; /* a second, all threads together */
    bool push_by_realm;
};

enum hss_wish { HSS_GO, HSS_HELP, HSS_WRONG };

/* HSS_WRONG: one line in `wrong` says what. Strings stay in `argv`; addresses are looked up. */
enum hss_wish hss_options_read(struct hss_options *options, int argc, char **argv, char *wrong,
                               size_t room);
void hss_options_help(FILE *to);
