/* load_options.h — the command line of antipode-load: read, completed with defaults, checked. */
#pragma once

#include <stdio.h>
#include <sys/socket.h>

#include "bench/link_net.h"
#include "bench/tally.h"

enum { LOAD_COMMANDS = 4 };

/* The commands of a mix, in every application. */
enum load_command { LOAD_UAR, LOAD_MAR, LOAD_SAR, LOAD_LIR };

struct load_options {
    struct link_list connect;
    struct link_carrier_options carrier;
    uint64_t connections, server2_connections, window, rate, requests, flows, users, seed, threads;
    uint64_t auth_session_state;
    uint64_t duration, warmup, timeout; /* ns; duration 0: until all requests or flows are sent */
    const char *application, *mix, *flow, *origin, *server2, *realm;
    const char *destination_realm, *destination_host, *report, *histogram, *plot, *allow;
    const char *password; /* the number of the user follows */
    bool verify_stickiness, no_fixed_destination;

    /* What follows from the above. */
    struct link_address address[LINK_LIST_MAX];
    bool cx, json;
    uint32_t weight[LOAD_COMMANDS];
    uint32_t allowed; /* bits of enum load_error */
};

enum load_verdict { LOAD_GO, LOAD_HELP, LOAD_WRONG };

/* LOAD_WRONG: one line in `wrong` says what. Strings stay in `argv`; addresses are looked up. */
enum load_verdict load_options_read(struct load_options *options, int argc, char **argv,
                                    char *wrong, size_t room);
void load_options_help(FILE *to);

/* Writes the identity number `i` (from 1) of a pattern, at most 255 octets and NUL. */
void load_identity(char to[256], const char *pattern, uint64_t i);
