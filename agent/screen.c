/* screen.c — is this request one that its peer may send? SEC-10. */
#include "agent/screen.h"

#include "agent/peer.h"
#include "agent/worker.h"

enum { NS_PER_S = 1000000000 };

static bool ends_with(dm_bytes name, dm_bytes end)
{
    return name.size > end.size &&
           dm_identity_equal(dm_bytes_of(name.at + name.size - end.size, end.size), end);
}

/* "*", "*.example.net" (any name below) or a name. */
static bool fits(dm_bytes pattern, dm_bytes name)
{
    if (pattern.at[0] != '*')
        return dm_identity_equal(pattern, name);
    return pattern.size == 1 || ends_with(name, dm_bytes_of(pattern.at + 1, pattern.size - 1));
}

/* Is it a host of a realm that fits the pattern? */
static bool is_below(dm_bytes pattern, dm_bytes host)
{
    if (pattern.at[0] == '*')
        return fits(pattern, host);
    return ends_with(host, pattern) && host.at[host.size - pattern.size - 1] == '.';
}

/* Whoever speaks for a realm of the list may name hosts of these realms only, or itself. */
static bool is_own_origin(const struct conf_screen *screen, dm_bytes identity,
                          const struct rt_query *query)
{
    if (screen->realm_count == 0)
        return true;
    bool has_realm = false;
    bool has_host = dm_identity_equal(query->origin_host, identity);
    for (uint32_t i = 0; i < screen->realm_count; i++) {
        has_realm = has_realm || fits(screen->realms[i], query->origin_realm);
        has_host = has_host || is_below(screen->realms[i], query->origin_host);
    }
    return has_realm && has_host;
}

static bool takes_application(const struct dm_applications *set, uint32_t application)
{
    return set->count == 0 || dm_applications_has(set, application);
}

static bool takes_command(const struct conf_screen *screen, const struct dm_header *header)
{
    for (uint32_t i = 0; i < screen->command_count; i++) {
        const struct conf_command *it = &screen->commands[i];
        if (it->command == header->command &&
            (it->any_application || it->application == header->application))
            return true;
    }
    return screen->command_count == 0;
}

enum screen_reason screen_look(const struct conf_screen *screen, dm_bytes identity,
                               const struct rt_query *query, enum dm_result *result)
{
    *result = DM_APPLICATION_UNSUPPORTED;
    if (!takes_application(&screen->admitted, query->header.application))
        return SCREEN_APPLICATION;
    *result = DM_AUTHORIZATION_REJECTED;
    if (!takes_application(&screen->screened, query->header.application))
        return SCREEN_APPLICATION;
    if (!takes_command(screen, &query->header))
        return SCREEN_COMMAND;
    if (!is_own_origin(screen, identity, query))
        return SCREEN_ORIGIN;
    *result = DM_OK;
    return SCREEN_ADMITTED;
}

bool screen_rate(const struct conf_rate *rate, uint64_t *due, uint64_t now)
{
    if (rate->requests == 0)
        return true;
    uint64_t distance = NS_PER_S / rate->requests;
    uint64_t from = *due > now ? *due : now;
    if (from - now > (rate->burst - 1) * distance)
        return false;
    *due = from + distance;
    return true;
}

static stats_counter *counter_of(struct peer *from, enum screen_reason reason)
{
    struct stats_peer *stats = peer_stats(from);
    switch (reason) {
    case SCREEN_ORIGIN:
        return &stats->screened_origin;
    case SCREEN_APPLICATION:
        return &stats->screened_application;
    case SCREEN_COMMAND:
        return &stats->screened_command;
    default:
        return &stats->screened_rate;
    }
}

enum dm_result screen_request(struct peer *from, const struct rt_query *query)
{
    const struct conf_screen *screen = from->conf->screen;
    enum dm_result result = DM_TOO_BUSY;
    enum screen_reason reason = SCREEN_RATE;
    if (screen_rate(&screen->rate, &from->rate_due, from->worker->now))
        reason = screen_look(screen, dm_text(peer_name(from)), query, &result);
    if (reason == SCREEN_ADMITTED)
        return DM_OK;
    stats_add(counter_of(from, reason), 1);
    return result;
}

const char *screen_words(enum screen_reason reason)
{
    switch (reason) {
    case SCREEN_ORIGIN:
        return "its Origin-Host or Origin-Realm is not the peer's to use";
    case SCREEN_APPLICATION:
        return "the peer may not use the application";
    case SCREEN_COMMAND:
        return "the peer may not send the command";
    case SCREEN_RATE:
        return "more requests than the peer's rate";
    case SCREEN_ADMITTED:
        break;
    }
    return "admitted";
}
