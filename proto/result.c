/* result.c — Result-Codes by number: binary search over results.def, which is ascending. */
#include "proto/result.h"

#include <stdlib.h>

struct result {
    uint32_t vendor; /* 0: a Result-Code */
    uint32_t code;
    const char *name;
};

static const struct result results[] = {
#define RESULT(code, symbol, name, source) {0, code, name},
#include "proto/results.def"
};

static const struct result experimental[] = {
#define EXPERIMENTAL(vendor, code, name, source) {vendor, code, name},
#include "proto/results.def"
};

static int compare(const void *one, const void *other)
{
    const struct result *a = one;
    const struct result *b = other;
    if (a->vendor != b->vendor)
        return a->vendor < b->vendor ? -1 : 1;
    return (a->code > b->code) - (a->code < b->code);
}

const char *dm_result_name(uint32_t code)
{
    const struct result wanted = {.code = code};
    const struct result *found =
        bsearch(&wanted, results, sizeof results / sizeof *results, sizeof *results, compare);
    return found ? found->name : NULL;
}

const char *dm_experimental_name(uint32_t vendor, uint32_t code)
{
    const struct result wanted = {.vendor = vendor, .code = code};
    const struct result *found =
        bsearch(&wanted, experimental, sizeof experimental / sizeof *experimental,
                sizeof *experimental, compare);
    return found ? found->name : NULL;
}
