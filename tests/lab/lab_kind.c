/* lab_kind.c — which transport is it this time, and which tests are for it?
 *
 * A program of tests runs once for each transport that its line in CMakeLists.txt names. A test
 * that is about streams of octets, or about TCP itself, says so in its description and is left out
 * where it has no sense. */
#include "tests/lab/lab_kind.h"

#include <criterion/hooks.h>
#include <stdlib.h>
#include <string.h>

static const struct lab_kind *const kinds[] = {&lab_tcp, &lab_tls, &lab_sctp, &lab_dtls};

static const char *transport_of_this_run(void)
{
    const char *name = getenv("LAB_TRANSPORT");
    return name && *name ? name : "tcp";
}

const struct lab_kind *lab_kind_of(const struct lab_plan *plan)
{
    const char *name = plan->transport ? plan->transport : transport_of_this_run();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    lab_fail("no transport %s", name);
}

static bool is_for(const struct criterion_test *test, const char *transport)
{
    const char *only = test->data->description;
    return !only || strncmp(only, "tcp", 3) != 0 || strstr(only, transport);
}

ReportHook(PRE_ALL)(struct criterion_test_set *set)
{
    FOREACH_SET(struct criterion_suite_set *suite, set->suites)
        FOREACH_SET(struct criterion_test *test, suite->tests)
            if (!is_for(test, transport_of_this_run()))
                test->data->disabled = true;
}
