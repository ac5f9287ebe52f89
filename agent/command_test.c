/* command_test.c — `antipode test`: are requests routed as EXPECT.yaml says? */
#include "agent/command_test.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/expectation.h"

static const char usage[] =
    "usage: antipode test FILE EXPECT.yaml\n"
    "Routes each request of EXPECT.yaml by the configuration FILE, without any network.\n";

/* --- one request --- */

/* All was checked when it was read. */
static rt_peer peer_of(struct rehearsal *rehearsal, const char *identity)
{
    rt_peer peer = {0, 0};
    if (identity)
        (void)rehearsal_find(rehearsal, dm_text(identity), &peer);
    return peer;
}

static void people(struct rehearsal *rehearsal, const struct expectation *it)
{
    for (size_t i = 0; i < it->down_count; i++)
        rehearsal_set_down(rehearsal, peer_of(rehearsal, it->down[i]));
    for (size_t i = 0; i < it->pending_count; i++)
        rehearsal_set_pending(rehearsal, peer_of(rehearsal, it->pending[i].peer),
                              it->pending[i].requests);
}

/* Adds to `differences` what was expected otherwise. */
static void compare(FILE *differences, const char *what, const char *expected, const char *got)
{
    if (expected && strcmp(expected, got) != 0)
        fprintf(differences, "%sexpected %s %s, got %s", ftell(differences) ? "; " : "", what,
                expected, got);
}

static void name_result(char *to, size_t room, uint32_t vendor, uint32_t result)
{
    if (vendor)
        snprintf(to, room, "%" PRIu32 ":%" PRIu32, vendor, result);
    else
        snprintf(to, room, "%" PRIu32, result);
}

static void compare_result(FILE *differences, const struct expectation *it,
                           const struct rehearsal_outcome *outcome)
{
    char wanted[32];
    char got[32] = "-";
    name_result(wanted, sizeof wanted, it->vendor, it->result);
    if (!outcome->is_forwarded)
        name_result(got, sizeof got, outcome->vendor, (uint32_t)outcome->result);
    compare(differences, "result", it->result ? wanted : NULL, got);
}

/* What was got is named as EXPECT.yaml names it. */
static void compare_all(FILE *differences, const struct expectation *it,
                        const struct rehearsal_outcome *outcome)
{
    const struct rt_route *route = outcome->route;
    compare(differences, "route", it->route, route ? route->name : "-");
    compare(differences, "action", it->action, route ? rehearsal_action_name(route->action) : "-");
    compare(differences, "pool", it->pool, outcome->pool ? outcome->pool->name : "-");
    compare(differences, "peer", it->peer, outcome->peer ? outcome->peer : "-");
    compare_result(differences, it, outcome);
}

/* As a connection would take it: one that is too large is refused before anybody decides. */
static struct rehearsal_outcome route(struct rehearsal *rehearsal, dm_bytes octets, rt_peer from)
{
    if (octets.size > rehearsal_message_limit(rehearsal, from))
        return (struct rehearsal_outcome){.result = DM_INVALID_MESSAGE_LENGTH};
    return rehearsal_decide(rehearsal, octets, from, NULL);
}

static void rehearse(struct rehearsal *rehearsal, const struct expectation *it, FILE *differences)
{
    size_t size;
    size_t which;
    char why[AVP_TEXT_WHY];
    uint8_t *octets = rehearsal_request_write(rehearsal, &it->request, &size, &which, why);
    if (octets == NULL) {
        fputs(why, differences);
        return;
    }
    people(rehearsal, it);
    rt_peer from = peer_of(rehearsal, it->request.from);
    struct rehearsal_outcome outcome = route(rehearsal, dm_bytes_of(octets, size), from);
    compare_all(differences, it, &outcome);
    free(octets);
}

/* Each has a world of its own: no request knows of another. */
static bool is_fulfilled(const struct conf *conf, const struct expectation *it)
{
    char *differences = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&differences, &size);
    if (stream == NULL)
        abort();
    struct rehearsal rehearsal;
    rehearsal_init(&rehearsal, conf);
    rehearse(&rehearsal, it, stream);
    rehearsal_fini(&rehearsal);
    fclose(stream);
    if (size)
        printf("not ok %s: %s\n", it->name, differences);
    else
        printf("ok %s\n", it->name);
    free(differences);
    return size == 0;
}

/* --- the command --- */

static int test(const struct conf *conf, const struct expectations *all)
{
    size_t fulfilled = 0;
    for (size_t i = 0; i < all->count; i++)
        fulfilled += is_fulfilled(conf, &all->at[i]);
    printf("%zu requests: %zu ok, %zu not ok\n", all->count, fulfilled, all->count - fulfilled);
    return fulfilled == all->count ? 0 : 1;
}

static int test_by(const struct conf *conf, const char *file)
{
    size_t size;
    uint8_t *octets = conf_file_read(file, &size, stderr);
    if (octets == NULL)
        return 1;
    struct expectations all;
    int status = 1;
    if (expectations_read(&all, file, dm_bytes_of(octets, size), conf, stderr))
        status = test(conf, &all);
    expectations_fini(&all);
    free(octets);
    return status;
}

int command_test(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (count != 3) {
        fprintf(stderr, "antipode test: exactly FILE and EXPECT.yaml are wanted\n%s", usage);
        return 2;
    }
    struct conf *conf = conf_load(arguments[1], stderr);
    if (conf == NULL)
        return 1;
    int status = test_by(conf, arguments[2]);
    conf_free(conf);
    return status;
}
