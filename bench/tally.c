/* tally.c — counting and adding up. */
#include "bench/tally.h"

#include <stdlib.h>

const char *const load_error_names[LOAD_ERRORS] = {
#define ERROR(name, what) #name,
#include "bench/load_errors.def"
#undef ERROR
};

enum load_error load_error_named(dm_bytes name)
{
    for (int i = 0; i < LOAD_ERRORS; i++)
        if (dm_bytes_equal(name, dm_text(load_error_names[i])))
            return (enum load_error)i;
    return LOAD_ERRORS;
}

void tally_result(struct tally *tally, uint32_t vendor, uint32_t code, uint64_t count)
{
    struct tally_result *row = tally->result;
    struct tally_result *end = row + tally->results;
    while (row < end && (row->code != code || row->vendor != vendor))
        row++;
    if (row == end && tally->results == TALLY_RESULTS) {
        row[-1].vendor = row[-1].code = 0;
        row--;
    } else if (row == end) {
        tally->results++;
        *row = (struct tally_result){.vendor = vendor, .code = code};
    }
    row->count += count;
}

void tally_merge(struct tally *into, const struct tally *from)
{
    into->requests += from->requests;
    into->answers += from->answers;
    into->flows += from->flows;
    into->pushes += from->pushes;
    for (int i = 0; i < LOAD_ERRORS; i++)
        into->errors[i] += from->errors[i];
    for (size_t i = 0; i < from->results; i++)
        tally_result(into, from->result[i].vendor, from->result[i].code, from->result[i].count);
    histogram_merge(&into->latency, &from->latency);
}

static int compare(const void *a, const void *b)
{
    const struct tally_result *x = a, *y = b;
    if (x->vendor != y->vendor)
        return x->vendor < y->vendor ? -1 : 1;
    return x->code < y->code ? -1 : x->code > y->code;
}

void tally_sort(struct tally *tally)
{
    qsort(tally->result, tally->results, sizeof(tally->result[0]), compare);
}

uint64_t tally_ended(const struct tally *tally)
{
    return tally->answers + tally->errors[LOAD_timeout] + tally->errors[LOAD_disconnected];
}

uint64_t tally_errors(const struct tally *tally, uint32_t allowed)
{
    uint64_t sum = 0;
    for (int i = 0; i < LOAD_ERRORS; i++)
        sum += allowed & 1u << i ? 0 : tally->errors[i];
    return sum;
}
