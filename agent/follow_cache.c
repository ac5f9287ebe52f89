/* follow_cache.c — what redirects taught: the same in all workers. */
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/follow_private.h"
#include "routing/names.h"

enum { SWEEP = 256, NAME_MAX_SIZE = 255 };

/* What an answer says of its use. */
struct usage {
    enum rt_usage usage; /* RT_DONT_CACHE: it is for this request only */
    uint32_t seconds;
};

enum lesson { LEARNT_HOST, LEARNT_REALM, LOST_HOST };

struct redirect_letter {
    struct letter letter;
    enum lesson lesson;
    uint32_t size;
    struct rt_redirect redirect; /* its host follows */
    uint8_t host[];
};

void follow_init(struct worker *worker)
{
    uint32_t limit = worker->conf->redirects.cache;
    rt_redirects_init(&worker->redirects, limit);
    rt_redirects_init(&worker->realm_redirects, limit);
}

void follow_fini(struct worker *worker)
{
    rt_redirects_fini(&worker->redirects);
    rt_redirects_fini(&worker->realm_redirects);
}

/* Routing asks only while there is something: it would read the user's key for it. */
static void publish(struct worker *worker)
{
    worker->world.redirected = worker->redirects.count ? follow_redirected : NULL;
    uint64_t count = worker->redirects.count + worker->realm_redirects.count;
    stats_add(&worker->stats.redirects, count - stats_read(&worker->stats.redirects));
}

static void carry_out(struct worker *worker, enum lesson lesson, const struct rt_redirect *redirect)
{
    if (lesson == LOST_HOST)
        rt_redirects_forget(&worker->redirects, redirect->host);
    else
        rt_redirects_put(lesson == LEARNT_REALM ? &worker->realm_redirects : &worker->redirects,
                         redirect, worker->now);
    publish(worker);
}

/* A worker that is far behind with its mail learns nothing: it will ask once more. */
static void tell_others(struct worker *worker, enum lesson lesson,
                        const struct rt_redirect *redirect)
{
    for (unsigned i = 0; i < worker->agent->worker_count; i++) {
        struct redirect_letter *letter =
            i == worker->index
                ? NULL
                : post_letter(&worker->post, i, MAIL_REDIRECT, sizeof *letter + redirect->host.size,
                              lesson == LOST_HOST);
        if (!letter)
            continue;
        letter->lesson = lesson;
        letter->redirect = *redirect;
        letter->size = (uint32_t)redirect->host.size;
        memcpy(letter->host, redirect->host.at, redirect->host.size);
    }
}

/* --- what is there? --- */

static bool is_reachable(struct worker *worker, const struct rt_query *query, dm_bytes host,
                         struct rt_seen *seen)
{
    return worker->world.host(worker, host, query ? query->header.application : 0, seen) &&
           seen->reach != RT_UNREACHABLE;
}

void follow_open(struct worker *worker, const struct letter *opened)
{
    const struct redirect_letter *letter = (const struct redirect_letter *)(const void *)opened;
    struct rt_redirect redirect = letter->redirect;
    struct rt_seen seen;
    redirect.host = dm_bytes_of(letter->host, letter->size);
    if (letter->lesson == LEARNT_HOST && !is_reachable(worker, NULL, redirect.host, &seen))
        return; /* it was lost meanwhile, and that letter may have been faster */
    carry_out(worker, letter->lesson, &redirect);
}

void follow_lost(struct peer *peer)
{
    struct rt_redirect lost = {.host = name_bytes(peer->name)};
    if (peer->is_client)
        return; /* nobody is redirected to it */
    carry_out(peer->worker, LOST_HOST, &lost);
    tell_others(peer->worker, LOST_HOST, &lost);
}

void follow_sweep(struct worker *worker)
{
    if (stats_read(&worker->stats.redirects) == 0)
        return;
    rt_redirects_sweep(&worker->redirects, worker->now, SWEEP);
    rt_redirects_sweep(&worker->realm_redirects, worker->now, SWEEP);
    publish(worker);
}

/* --- remembering --- */

/* RDR-10, RDR-13: a usage without a time is none. */
static struct usage usage_of(dm_bytes answer)
{
    struct usage none = {RT_DONT_CACHE, 0};
    struct dm_avp avp;
    uint32_t usage;
    uint32_t seconds;
    if (!dm_avp_find(answer, 0, DM_AVP_REDIRECT_HOST_USAGE, &avp) || !dm_avp_get32(&avp, &usage) ||
        usage >= RT_USAGES)
        return none;
    if (!dm_avp_find(answer, 0, DM_AVP_REDIRECT_MAX_CACHE_TIME, &avp) ||
        !dm_avp_get32(&avp, &seconds) || seconds == 0)
        return none;
    return (struct usage){(enum rt_usage)usage, seconds};
}

/* 0: it is about nobody; a session is no user. */
static uint64_t user_of(const struct rt_key *key)
{
    return key->size && key->octets[0] != RT_KIND_SESSION ? rt_key_hash(key) : 0;
}

void follow_remember(struct worker *worker, const struct relay_request *request,
                     const struct rt_query *query, dm_bytes host, bool is_realm)
{
    struct usage usage = usage_of(image_bytes(request->last_error));
    rt_peer asked = request->tried[request->redirected_by];
    if (usage.usage == RT_DONT_CACHE || host.size > NAME_MAX_SIZE)
        return;
    struct rt_key key = {0};
    uint8_t lower[NAME_MAX_SIZE];
    if (usage.usage == RT_ALL_USER)
        rt_key_of(&key, query, &worker->conf->tables.domains);
    for (size_t i = 0; i < host.size; i++)
        lower[i] = (uint8_t)(host.at[i] >= 'A' && host.at[i] <= 'Z' ? host.at[i] + 32 : host.at[i]);
    struct rt_redirect redirect = {
        .key =
            rt_redirect_key(worker->agent->redirect_seed, usage.usage, query, user_of(&key), asked),
        .until = worker->now + usage.seconds * NS_PER_S,
        .ingress = board_realm(worker->board, request->ingress.slot),
        .usage = usage.usage,
        .host = dm_bytes_of(lower, host.size),
    };
    if (!redirect.key)
        return;
    enum lesson lesson = is_realm ? LEARNT_REALM : LEARNT_HOST;
    carry_out(worker, lesson, &redirect);
    tell_others(worker, lesson, &redirect);
}

/* --- one user, several names --- */

static uint64_t user_key(const struct worker *worker, const struct rt_query *query, uint64_t user)
{
    return rt_redirect_key(worker->agent->redirect_seed, RT_ALL_USER, query, user, (rt_peer){0});
}

/* The first of the names for which there is a redirect. */
static bool find_any(struct worker *worker, const struct rt_query *query,
                     const struct rt_lesson *lesson, struct rt_redirect *found)
{
    for (uint8_t i = 0; i < lesson->count; i++)
        if (rt_redirects_find(&worker->redirects, RT_ALL_USER,
                              user_key(worker, query, lesson->keys[i]), worker->now, found))
            return true;
    return false;
}

/* What ALL_USER says of one of these names holds for all. */
static void share(struct worker *worker, const struct rt_query *query,
                  const struct rt_lesson *lesson)
{
    struct rt_redirect found;
    struct rt_redirect other;
    char host[NAME_MAX_SIZE];
    if (lesson->count < 2 || !find_any(worker, query, lesson, &found))
        return;
    memcpy(host, found.host.at, found.host.size);
    found.host = dm_bytes_of(host, found.host.size);
    for (uint8_t i = 0; i < lesson->count; i++) {
        found.key = user_key(worker, query, lesson->keys[i]);
        if (rt_redirects_find(&worker->redirects, RT_ALL_USER, found.key, worker->now, &other))
            continue;
        carry_out(worker, LEARNT_HOST, &found);
        tell_others(worker, LEARNT_HOST, &found);
    }
}

void follow_learn(struct worker *worker, const struct rt_waiting *waiting, dm_bytes answer,
                  const struct rt_result *result)
{
    const struct image *image = waiting->image;
    struct rt_taught taught;
    struct rt_query query;
    if (waiting->why != RT_BY_REDIRECT || !worker->redirects.of_usage[RT_ALL_USER] ||
        !follow_read(worker, &query, image_bytes(image)))
        return;
    rt_learn_read(&taught, image_bytes(image), answer, result, &worker->conf->tables, true);
    if (taught.teacher != RT_TEACHER_NONE)
        share(worker, &query, &taught.lesson);
}

void follow_switch(struct worker *worker)
{
    rt_redirects_limit(&worker->redirects, worker->conf->redirects.cache);
    rt_redirects_limit(&worker->realm_redirects, worker->conf->redirects.cache);
    publish(worker);
}

/* --- asking --- */

/* RDR-14; ALL_HOST is asked when the host is known. */
static const enum rt_usage precedence[] = {RT_ALL_SESSION, RT_ALL_USER, RT_REALM_AND_APPLICATION,
                                           RT_ALL_REALM, RT_ALL_APPLICATION};
enum { PRECEDENCES = sizeof precedence / sizeof *precedence };

static bool ask(struct worker *worker, struct rt_redirects *of, enum rt_usage usage,
                const struct rt_query *query, uint64_t user, struct rt_redirect *found)
{
    if (!of->of_usage[usage])
        return false;
    uint64_t key = rt_redirect_key(worker->agent->redirect_seed, usage, query, user, (rt_peer){0});
    return rt_redirects_find(of, usage, key, worker->now, found);
}

bool follow_recall_realm(struct worker *worker, const struct rt_query *query,
                         struct rt_redirect *found)
{
    struct rt_key key = {0};
    if (worker->realm_redirects.of_usage[RT_ALL_USER])
        rt_key_of(&key, query, &worker->conf->tables.domains);
    for (unsigned i = 0; i < PRECEDENCES; i++)
        if (ask(worker, &worker->realm_redirects, precedence[i], query, user_of(&key), found))
            return true;
    return false;
}

static bool ask_for_host(struct worker *worker, const struct rt_query *query, rt_peer chosen,
                         struct rt_redirect *found)
{
    uint64_t key = rt_redirect_key(worker->agent->redirect_seed, RT_ALL_HOST, query, 0, chosen);
    return rt_redirects_find(&worker->redirects, RT_ALL_HOST, key, worker->now, found);
}

bool follow_redirected(void *context, const struct rt_query *query, const struct rt_key *user,
                       rt_peer chosen, struct rt_seen *seen, dm_bytes *host)
{
    struct worker *worker = context;
    struct rt_redirect found;
    bool has_host = false;
    uint64_t hash = user_of(user);
    if (chosen.generation)
        has_host = ask_for_host(worker, query, chosen, &found) &&
                   is_reachable(worker, query, found.host, seen);
    for (unsigned i = 0; !chosen.generation && !has_host && i < PRECEDENCES; i++)
        has_host = ask(worker, &worker->redirects, precedence[i], query, hash, &found) &&
                   is_reachable(worker, query, found.host, seen);
    if (has_host)
        *host = found.host;
    return has_host;
}
