/* tally.h — the account of a load: every request ends exactly once, as an answer, a time-out or
 * with its connection.
 *
 * One per thread; added up at the end. */
#pragma once

#include "bench/histogram.h"
#include "proto/bytes.h"

enum load_error {
#define ERROR(name, what) LOAD_##name,
#include "bench/load_errors.def"
#undef ERROR
    LOAD_ERRORS
};

extern const char *const load_error_names[LOAD_ERRORS];

/* The error of this name, or LOAD_ERRORS. */
enum load_error load_error_named(dm_bytes name);

enum { TALLY_RESULTS = 128 };

struct tally {
    uint64_t requests, answers, flows, pushes;
    uint64_t errors[LOAD_ERRORS];
    size_t results;
    struct tally_result {
        uint32_t vendor, code; /* vendor not 0: an Experimental-Result */
        uint64_t count;
    } result[TALLY_RESULTS]; /* those that do not fit are not told apart: the last row, code 0 */
    struct histogram latency;
};

void tally_result(struct tally *tally, uint32_t vendor, uint32_t code, uint64_t count);
void tally_merge(struct tally *into, const struct tally *from);
/* Ascending by vendor and code. */
void tally_sort(struct tally *tally);
/* Requests that have ended. */
uint64_t tally_ended(const struct tally *tally);
/* Errors but for those of the set `allowed`, bit by bit. */
uint64_t tally_errors(const struct tally *tally, uint32_t allowed);
