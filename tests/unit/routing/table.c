/* The realm table: which route wins, and against a plain walk over all routes that does it the slow
 * way. */
#include "routing/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SIP = 6, CX = 16777216, UAR = 283, LIR = 285, MAR = 286, MANY = 10000 };

static const uint32_t uar_lir[] = {UAR, LIR};

static struct rt_route route(const char *realm)
{
    return (struct rt_route){.name = realm, .realm = dm_text(realm), .any_application = true};
}

static struct rt_route of_application(struct rt_route it, uint32_t application)
{
    it.any_application = false;
    it.application = application;
    return it;
}

static struct rt_route of_commands(struct rt_route it)
{
    it.commands = uar_lir;
    it.command_count = 2;
    return it;
}

static struct rt_route from(struct rt_route it, const char *host, const char *realm)
{
    it.origin_host = dm_text(host);
    it.origin_realm = dm_text(realm);
    return it;
}

static struct rt_query request(const char *realm, uint32_t application, uint32_t command)
{
    return (struct rt_query){
        .header = {.application = application, .command = command},
        .origin_host = dm_text("ps1.sip.example.com"),
        .origin_realm = dm_text("sip.example.com"),
        .destination_realm = dm_text(realm),
    };
}

static struct rt_memo memo;

/* The number of the route that wins, or minus the result: it is the same for whoever notes what he
 * finds, the first time and later. */
static int find(const struct rt_route *routes, uint32_t count, struct rt_query query)
{
    struct rt_table *table = rt_table_new(routes, count);
    cr_assert_not_null(table);
    enum dm_result result = DM_OK, again = DM_OK;
    const struct rt_route *found = rt_table_find(table, &query, NULL, &result);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(rt_table_find(table, &query, &memo, &again), found);
    memo = (struct rt_memo){0};
    rt_table_free(table);
    cr_assert(found || again == result);
    return found ? (int)(found - routes) : -(int)result;
}

#define FIND(query, ...)                                                                           \
    find((struct rt_route[]){__VA_ARGS__},                                                         \
         sizeof((struct rt_route[]){__VA_ARGS__}) / sizeof(struct rt_route), query)

/* --- realms --- */

Test(table, RTE_17_an_exact_realm_comes_before_a_suffix_and_a_suffix_before_any)
{
    struct rt_route routes[] = {route("*"), route("*.example.net"), route("a.example.net")};
    cr_assert_eq(find(routes, 3, request("a.example.net", SIP, LIR)), 2);
    cr_assert_eq(find(routes, 3, request("b.example.net", SIP, LIR)), 1);
    cr_assert_eq(find(routes, 3, request("example.org", SIP, LIR)), 0);
}

Test(table, RTE_17_the_longest_suffix_wins)
{
    struct rt_route routes[] = {route("*.net"), route("*.b.example.net"), route("*.example.net")};
    cr_assert_eq(find(routes, 3, request("a.b.example.net", SIP, LIR)), 1);
    cr_assert_eq(find(routes, 3, request("x.a.b.example.net", SIP, LIR)), 1);
    cr_assert_eq(find(routes, 3, request("a.c.example.net", SIP, LIR)), 2);
    cr_assert_eq(find(routes, 3, request("other.net", SIP, LIR)), 0);
}

Test(table, a_suffix_takes_names_below_and_not_the_name_itself)
{
    struct rt_route routes[] = {route("*.example.net")};
    cr_assert_eq(find(routes, 1, request("example.net", SIP, LIR)), -DM_REALM_NOT_SERVED);
    cr_assert_eq(find(routes, 1, request(".example.net", SIP, LIR)), -DM_REALM_NOT_SERVED);
    cr_assert_eq(find(routes, 1, request("badexample.net", SIP, LIR)), -DM_REALM_NOT_SERVED);
}

Test(table, realms_are_compared_without_case)
{
    struct rt_route routes[] = {route("example.net"), route("*.example.org")};
    cr_assert_eq(find(routes, 2, request("EXAMPLE.Net", SIP, LIR)), 0);
    cr_assert_eq(find(routes, 2, request("A.Example.ORG", SIP, LIR)), 1);
}

Test(table, RTE_13_a_realm_without_a_route_is_3003)
{
    cr_assert_eq(FIND(request("nowhere.example", SIP, LIR), route("core.example")),
                 -DM_REALM_NOT_SERVED);
}

Test(table, RTE_14_a_realm_whose_routes_do_not_take_the_application_is_3002)
{
    cr_assert_eq(FIND(request("core.example", 4, LIR), of_application(route("core.example"), SIP)),
                 -DM_UNABLE_TO_DELIVER);
}

Test(table, RTE_13_a_request_that_no_route_of_its_realm_takes_goes_to_any)
{
    cr_assert_eq(FIND(request("core.example", 4, LIR), of_application(route("core.example"), SIP),
                      route("*")),
                 1);
}

Test(table, the_realm_of_a_request_is_the_most_particular_only)
{
    cr_assert_eq(FIND(request("a.core.example", 4, LIR),
                      of_application(route("a.core.example"), SIP), route("*.core.example")),
                 -DM_UNABLE_TO_DELIVER);
}

Test(table, any_that_does_not_take_the_request_is_no_route_for_the_realm)
{
    cr_assert_eq(FIND(request("nowhere.example", 4, LIR), of_application(route("*"), SIP)),
                 -DM_REALM_NOT_SERVED);
}

Test(table, an_empty_table_serves_no_realm)
{
    cr_assert_eq(find(NULL, 0, request("core.example", SIP, LIR)), -DM_REALM_NOT_SERVED);
}

Test(table, a_realm_longer_than_an_identity_goes_to_any)
{
    char name[400];
    memset(name, '.', sizeof name);
    strcpy(name + sizeof name - 13, ".example.net");
    struct rt_route routes[] = {route("*.example.net"), route("*")};
    cr_assert_eq(find(routes, 2, request(name, SIP, LIR)), 1);
    cr_assert_eq(find(routes, 2, request("", SIP, LIR)), 1);
}

/* --- what comes after the realm --- */

Test(table, RTE_19_a_named_application_comes_before_any)
{
    struct rt_route routes[] = {of_commands(route("r.example")),
                                of_application(route("r.example"), SIP)};
    cr_assert_eq(find(routes, 2, request("r.example", SIP, LIR)), 1);
    cr_assert_eq(find(routes, 2, request("r.example", CX, LIR)), 0);
}

Test(table, a_listed_command_comes_before_any)
{
    struct rt_route routes[] = {of_application(route("r.example"), SIP),
                                of_commands(of_application(route("r.example"), SIP))};
    cr_assert_eq(find(routes, 2, request("r.example", SIP, UAR)), 1);
    cr_assert_eq(find(routes, 2, request("r.example", SIP, LIR)), 1);
    cr_assert_eq(find(routes, 2, request("r.example", SIP, MAR)), 0);
}

Test(table, an_origin_host_comes_before_an_origin_realm)
{
    struct rt_route routes[] = {route("r.example"), from(route("r.example"), "", "sip.example.com"),
                                from(route("r.example"), "*.example.com", "")};
    cr_assert_eq(find(routes, 3, request("r.example", SIP, UAR)), 2);
    cr_assert_eq(find(routes, 2, request("r.example", SIP, UAR)), 1);
}

Test(table, origins_go_from_exact_by_longest_suffix_to_any)
{
    struct rt_route routes[] = {
        route("r.example"),
        from(route("r.example"), "", "*.com"),
        from(route("r.example"), "", "*.example.com"),
        from(route("r.example"), "", "sip.example.com"),
    };
    for (int count = 4; count > 0; count--)
        cr_assert_eq(find(routes, (uint32_t)count, request("r.example", SIP, UAR)), count - 1);
}

Test(table, a_route_for_another_origin_is_passed_over)
{
    cr_assert_eq(FIND(request("r.example", SIP, UAR),
                      from(route("r.example"), "other.example.com", ""), route("r.example")),
                 1);
}

Test(table, of_routes_that_ask_for_the_same_the_first_in_the_file_wins)
{
    cr_assert_eq(FIND(request("r.example", SIP, UAR), route("r.example"), route("r.example")), 0);
}

/* --- against the slow way --- */

static bool is_suffix(dm_bytes pattern)
{
    return pattern.size > 1 && pattern.at[0] == '*';
}

/* 0: does not fit; else the more, the more particular. */
static unsigned fit(dm_bytes pattern, dm_bytes name)
{
    if (pattern.size == 0 || dm_bytes_equal(pattern, dm_text("*")))
        return 1;
    if (!is_suffix(pattern))
        return dm_identity_equal(pattern, name) ? 1000 : 0;
    dm_bytes tail = dm_bytes_of(pattern.at + 1, pattern.size - 1);
    if (name.size <= tail.size)
        return 0;
    dm_bytes end = dm_bytes_of(name.at + name.size - tail.size, tail.size);
    return dm_identity_equal(end, tail) ? 1 + (unsigned)tail.size : 0;
}

static unsigned fit_command(const struct rt_route *it, uint32_t command)
{
    if (it->command_count == 0)
        return 1;
    for (uint32_t i = 0; i < it->command_count; i++)
        if (it->commands[i] == command)
            return 2;
    return 0;
}

struct fitness {
    unsigned of[5];
};

static struct fitness fitness_of(const struct rt_route *it, const struct rt_query *query)
{
    unsigned application = it->any_application                            ? 1
                           : it->application == query->header.application ? 2
                                                                          : 0;
    return (struct fitness){{fit(it->realm, query->destination_realm), application,
                             fit_command(it, query->header.command),
                             fit(it->origin_host, query->origin_host),
                             fit(it->origin_realm, query->origin_realm)}};
}

static bool takes(struct fitness it)
{
    return it.of[0] && it.of[1] && it.of[2] && it.of[3] && it.of[4];
}

static bool is_better(struct fitness a, struct fitness b)
{
    for (int i = 0; i < 5; i++)
        if (a.of[i] != b.of[i])
            return a.of[i] > b.of[i];
    return false;
}

static int find_slowly(const struct rt_route *routes, uint32_t count, const struct rt_query *query)
{
    unsigned realm = 0;
    for (uint32_t i = 0; i < count; i++) {
        unsigned fits = fit(routes[i].realm, query->destination_realm);
        realm = fits > realm ? fits : realm;
    }
    int best = -1;
    struct fitness most = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct fitness it = fitness_of(&routes[i], query);
        if (!takes(it) || (it.of[0] != realm && it.of[0] != 1))
            continue;
        if (best < 0 || is_better(it, most)) {
            best = (int)i;
            most = it;
        }
    }
    if (best >= 0)
        return best;
    return realm > 1 ? -DM_UNABLE_TO_DELIVER : -DM_REALM_NOT_SERVED;
}

static uint32_t state = 4711;

static unsigned any_of(unsigned count)
{
    state = state * 1664525 + 1013904223;
    return (state >> 16) % count;
}

static const char *any_name(void)
{
    static const char *const names[] = {"a.x.net", "b.x.net", "x.net", "A.b.x.net", "y.org", "net"};
    return names[any_of(6)];
}

static const char *any_pattern(void)
{
    static const char *const patterns[] = {"*.x.net", "*.b.x.net", "*.net", "*", "*.org", "x.net"};
    return any_of(2) ? patterns[any_of(6)] : any_name();
}

static struct rt_route any_route(void)
{
    struct rt_route it = route(any_pattern());
    if (any_of(2))
        it = of_application(it, any_of(2) ? SIP : CX);
    if (any_of(3) == 0)
        it = of_commands(it);
    return from(it, any_of(2) ? "" : any_pattern(), any_of(2) ? "" : any_pattern());
}

Test(table, random_tables_choose_as_the_slow_way_does)
{
    for (int round = 0; round < 3000; round++) {
        struct rt_route routes[12];
        uint32_t count = any_of(13);
        for (uint32_t i = 0; i < count; i++)
            routes[i] = any_route();
        struct rt_query query = request(any_name(), any_of(2) ? SIP : CX, any_of(2) ? UAR : MAR);
        query.origin_host = dm_text(any_name());
        query.origin_realm = dm_text(any_name());
        cr_assert_eq(find(routes, count, query), find_slowly(routes, count, &query));
    }
}

/* --- what was found lately --- */

Test(table, a_route_that_was_found_is_not_found_for_another_realm_application_or_command)
{
    struct rt_route routes[] = {of_commands(route("a.example")), of_commands(route("b.example")),
                                of_application(route("a.example"), CX)};
    enum dm_result result;
    struct rt_table *table = rt_table_new(routes, 3);
    struct rt_query lir = request("a.example", SIP, LIR);
    struct rt_query other_realm = request("b.example", SIP, LIR);
    struct rt_query other_command = request("a.example", SIP, LIR + RT_MEMOS);
    struct rt_query other_application = request("a.example", CX, LIR);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(rt_table_find(table, &lir, &memo, &result), &routes[0]);
        cr_assert_eq(rt_table_find(table, &other_realm, &memo, &result), &routes[1]);
        cr_assert_null(rt_table_find(table, &other_command, &memo, &result));
        cr_assert_eq(rt_table_find(table, &other_application, &memo, &result), &routes[2]);
    }
    memo = (struct rt_memo){0};
    rt_table_free(table);
}

Test(table, a_realm_that_is_too_long_to_be_noted_is_found_all_the_same)
{
    char realm[RT_MEMO_REALM + 2];
    memset(realm, 'a', sizeof realm);
    realm[RT_MEMO_REALM + 1] = '\0';
    cr_assert_eq(FIND(request(realm, SIP, LIR), route("*")), 0);
    cr_assert_eq(FIND(request(realm + 1, SIP, LIR), route("*")), 0);
}

/* --- cost --- */

static uint64_t cost_of(const struct rt_route *routes, uint32_t count, struct rt_query query)
{
    struct rt_table *table = rt_table_new(routes, count);
    enum dm_result result;
    struct timespec start, end;
    uint64_t least = UINT64_MAX;
    for (int round = 0; round < 20; round++) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        for (int i = 0; i < 1000; i++)
            cr_assert_not_null(rt_table_find(table, &query, NULL, &result));
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        uint64_t ns = (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)end.tv_nsec -
                      (uint64_t)start.tv_nsec;
        least = ns < least ? ns : least;
    }
    rt_table_free(table);
    return least;
}

/* The bound is far above the figure: a walk over 10,000 routes would be a thousand times as long.
 */
Test(table, ten_thousand_routes_cost_as_ten_do)
{
    static char names[MANY][32];
    struct rt_route *routes = calloc(MANY, sizeof *routes);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "r%d.example.net", i);
        routes[i] = from(of_application(route(i % 2 ? names[i] : "r.example"), SIP),
                         i % 2 ? "" : names[i], "");
    }
    struct rt_query query = request("r9.example.net", SIP, LIR);
    uint64_t few = cost_of(routes, 10, query);
    uint64_t many = cost_of(routes, MANY, query);
    cr_log_info("a look-up: %.1f ns of 10 routes, %.1f ns of 10,000", (double)few / 1000,
                (double)many / 1000);
    cr_assert_lt(many, 20 * few + 100000);
    free(routes);
}
