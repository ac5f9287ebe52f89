/* provision.h — the first column of a subscriber table: whom does a row mean? */
#pragma once

#include "routing/identity.h"

enum rt_row_kind { RT_ROW_EXACT, RT_ROW_PREFIX, RT_ROW_RANGE, RT_ROW_WILDCARD };

enum { RT_NUMBER_MAX = 15 }; /* digits of E.164 */

/* A row's identity. */
struct rt_provision {
    enum rt_row_kind kind;
    struct rt_key key; /* RT_ROW_EXACT; of RT_ROW_PREFIX as rt_prefix_key makes it */
    unsigned digits;   /* of a prefix */
    uint64_t low;      /* of a range, as rt_number_place gives them */
    uint64_t high;
};

/* NULL, or what is wrong with it. Of a wildcarded identity only the kind is read. */
const char *rt_provision_read(struct rt_provision *row, dm_bytes text,
                              const struct rt_domains *domains);

/* The key under which a table has the prefix of these digits; no request has such a key. */
void rt_prefix_key(struct rt_key *key, dm_bytes digits);

/* Digits, 15 at most, as a number that orders them by length first. */
uint64_t rt_number_place(dm_bytes digits);
