/* learned.c — from what an answer says to what is kept: who has shown that a user is his, and
 * whether that is worth keeping.
 *
 * In a mirrored pool every member serves everybody: there a user is bound to one only where he was
 * sent to another than the hash would have chosen, and not because that one was away. With
 * partitioned data whoever answers has the user's data. sip-app.md §9.3, §9.7. */
#include "agent/learned.h"

#include "agent/agent.h"
#include "agent/store/store.h"

enum rt_lookup learned_find(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    struct worker *worker = context;
    struct store *store = worker->store;
    return store->methods->find(store, worker, key_hash, bound);
}

enum rt_lookup learned_here(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    const struct worker *worker = context;
    bool is_known = rt_bindings_find(worker->store->table, key_hash, worker->now, bound) &&
                    (bound->has_slot || bound->target);
    return is_known ? RT_KNOWN : RT_UNKNOWN;
}

void learned_expect(void *context, uint64_t key_hash)
{
    const struct worker *worker = context;
    rt_bindings_expect(worker->store->table, key_hash);
}

bool learned_wildcard(void *context, const struct rt_key *key, uint64_t *key_hash)
{
    const struct worker *worker = context;
    return rt_wildcards_find(worker->store->wildcards, key, key_hash);
}

/* --- whose? --- */

/* An answer while it is learnt from. */
struct learning {
    struct worker *worker;
    const struct rt_waiting *waiting;
    const struct rt_tables *tables;
    struct rt_taught taught;
    rt_peer teacher;
    const struct rt_pool *pool; /* by which he serves the user, or NULL */
};

/* The pool by which the request was sent; of one that a server pushed, the first that has him. */
static const struct rt_pool *pool_of(const struct learning *it)
{
    if (it->taught.teacher != RT_TEACHER_INGRESS)
        return rt_pool_numbered(it->tables, it->waiting->route, it->waiting->pool);
    for (uint32_t i = 0; i < it->tables->pool_count; i++)
        if (rt_member_of(&it->tables->pools[i], &it->worker->world, it->teacher) >= 0)
            return &it->tables->pools[i];
    return NULL;
}

/* What a user of the teacher is bound to; 0: he is no member, but was named. */
static uint32_t target_of_teacher(const struct learning *it)
{
    int member = it->pool ? rt_member_of(it->pool, &it->worker->world, it->teacher) : -1;
    return member < 0 ? 0 : rt_pool_target_of(it->pool, (uint32_t)member);
}

/* --- is it worth keeping? --- */

static bool keeps_users(const struct rt_pool *pool)
{
    return pool && (pool->select == RT_STICKY || pool->is_partitioned);
}

/* Before it is read: of what a server pushed the pool is not known yet. */
static bool wants_users(const struct learning *it)
{
    const struct rt_waiting *waiting = it->waiting;
    if (rt_learn_is_pushed(waiting->application, waiting->command))
        return it->tables->is_user_asked_for;
    return keeps_users(rt_pool_numbered(it->tables, waiting->route, waiting->pool));
}

static bool is_by_hash(enum rt_why why)
{
    return why == RT_BY_HASH || why == RT_BY_BINDING || why == RT_BY_SESSION;
}

/* Would the user come here anyway? */
static bool is_hashed(const struct learning *it, uint32_t target)
{
    struct rt_bound bound;
    const struct rt_lesson *lesson = &it->taught.lesson;
    struct store *store = it->worker->store;
    bool is_known = rt_bindings_find(store->table, lesson->keys[0], it->worker->now, &bound);
    uint16_t slot = is_known && bound.has_slot ? bound.slot : lesson->slots[0];
    return !bound.target && rt_pool_hashed(it->pool, slot) == target;
}

/* Whom the user is to be bound to; 0: nobody. */
static uint32_t target_of_user(const struct learning *it)
{
    if (it->taught.lesson.count == 0)
        return 0;
    if (it->pool->is_partitioned)
        return target_of_teacher(it);
    enum rt_why why = (enum rt_why)it->waiting->why;
    bool is_pushed = it->taught.teacher == RT_TEACHER_INGRESS;
    bool is_diverted = !is_pushed && it->waiting->tried_count > 0;
    bool is_provisioned = why == RT_BY_SUBSCRIBER && it->taught.lesson.count == 1;
    if (!is_pushed && (is_by_hash(why) || is_diverted || is_provisioned))
        return 0;
    uint32_t target = target_of_teacher(it);
    return is_hashed(it, target) ? 0 : target;
}

/* --- what is kept --- */

static void keep_user(struct learning *it)
{
    struct store *store = it->worker->store;
    if (!keeps_users(it->pool))
        return;
    it->taught.lesson.target = target_of_user(it);
    if (it->taught.lesson.count > 1 || it->taught.lesson.target)
        store->methods->learn(store, it->worker, &it->taught.lesson);
}

static void keep_session(const struct learning *it)
{
    struct store *store = it->worker->store;
    bool matters = it->taught.is_session_certain || it->taught.teacher == RT_TEACHER_INGRESS ||
                   !is_by_hash((enum rt_why)it->waiting->why);
    uint32_t target = it->taught.session && matters ? target_of_teacher(it) : 0;
    if (!target)
        return;
    rt_bindings_note_session(store->table);
    store->methods->bind(store, it->worker, it->taught.session, target, it->taught.lesson.realm);
}

/* The name under which it is known here: a client behind another agent is reached by that. */
static uint32_t name_of_client(const struct worker *worker, dm_bytes host, rt_peer ingress)
{
    const struct directory_entry *entry = directory_find(&worker->directory, host);
    return entry ? entry->name->hash : board_name(worker->board, ingress.slot);
}

/* What says the same already is not written again: the store's care. */
static void keep_name(struct worker *worker, const struct rt_waiting *waiting, uint64_t key,
                      uint32_t name)
{
    struct store *store = worker->store;
    store->methods->bind(store, worker, key, name,
                         board_realm(worker->board, waiting->origin.slot));
}

static void keep_client(struct worker *worker, const struct rt_waiting *waiting,
                        const struct rt_client *client)
{
    if (client->key)
        keep_name(worker, waiting, client->key,
                  name_of_client(worker, client->host, waiting->ingress));
}

/* The sender's own, mostly: its Route-Record, which every request gets, bears it. */
static uint32_t name_of_sender(const struct peer *from, dm_bytes host)
{
    enum { HEADER = 8 };
    dm_bytes own = dm_bytes_of(from->route_record + HEADER,
                               dm_get24(from->route_record + HEADER - 3) - HEADER);
    return dm_bytes_equal(host, own) ? board_name(from->worker->board, from->self.slot)
                                     : name_of_client(from->worker, host, from->self);
}

/* In words; 0: it is too far behind. Its AVP has no vendor, so its size is in the word before. */
static uint8_t word_of(const struct rt_query *query)
{
    size_t at = (size_t)(query->user_name.at - query->message.at);
    bool is_near = at / 4 <= UINT8_MAX && dm_get32(query->user_name.at - 8) == DM_AVP_USER_NAME;
    return is_near ? (uint8_t)(at / 4) : 0;
}

void learned_note_client(const struct peer *from, const struct rt_query *query,
                         struct relay_request *request)
{
    struct rt_client client;
    if (!from->worker->store || !rt_learn_client_of(&client, query))
        return;
    request->client = client.key;
    request->client_name = name_of_sender(from, client.host);
    request->user_name_at = word_of(query);
}

void learned_expect_client(const struct worker *worker, const struct rt_waiting *waiting)
{
    const struct image *image = waiting->image;
    if (!waiting->client || !worker->store)
        return;
    rt_bindings_expect(worker->store->table, waiting->client);
    __builtin_prefetch(image->octets + (size_t)waiting->user_name_at * 4);
}

bool learned_names_others(const struct rt_waiting *waiting, dm_bytes answer)
{
    const struct image *image = waiting->image;
    size_t at = waiting->client ? (size_t)waiting->user_name_at * 4 : 0;
    dm_bytes user_name = {0};
    if (at)
        user_name = dm_bytes_of(image->octets + at, dm_get24(image->octets + at - 3) - 8);
    return rt_learn_names_others(image_bytes(image), user_name, answer);
}

void learned_client(struct peer *from, const struct rt_waiting *waiting,
                    const struct rt_result *result)
{
    struct worker *worker = from->worker;
    const struct image *image = waiting->image;
    struct rt_client client;
    if (!worker->store)
        return;
    if (!waiting->client && rt_learn_client(&client, image_bytes(image), result))
        keep_client(worker, waiting, &client);
    else if (waiting->client && rt_learn_is_registered(result))
        keep_name(worker, waiting, waiting->client, waiting->client_name);
}

/* The pattern goes to whoever served the first of its users. Only one that was named, or has the
 * data, takes it away from him. */
static void keep_wildcard(const struct learning *it)
{
    struct store *store = it->worker->store;
    struct rt_key key;
    struct rt_bound bound;
    if (!it->taught.wildcard.at)
        return;
    rt_key_wildcard(&key, it->taught.wildcard);
    uint64_t hash = rt_key_hash(&key);
    bool is_kept = rt_bindings_find(store->table, hash, it->worker->now, &bound) && bound.target;
    if (is_kept && !it->pool->is_partitioned && is_by_hash((enum rt_why)it->waiting->why))
        return;
    uint32_t target = target_of_teacher(it);
    if (target && rt_wildcards_add(store->wildcards, it->taught.wildcard, &it->tables->domains,
                                   it->taught.lesson.realm))
        store->methods->bind(store, it->worker, hash, target, it->taught.lesson.realm);
}

static void disown(const struct learning *it)
{
    struct store *store = it->worker->store;
    uint32_t target = it->taught.lesson.count ? target_of_teacher(it) : 0;
    if (target)
        store->methods->forget(store, it->worker, it->taught.lesson.keys[0], target);
}

void learned_from_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes answer,
                         const struct rt_result *result)
{
    struct worker *worker = from->worker;
    struct learning it = {.worker = worker, .waiting = waiting, .tables = &worker->conf->tables};
    const struct image *image = waiting->image;
    if (!worker->store)
        return;
    rt_learn_read(&it.taught, image_bytes(image), answer, result, it.tables, wants_users(&it));
    if (it.taught.client.key)
        rt_bindings_expect(worker->store->table, it.taught.client.key);
    it.taught.lesson.realm = board_realm(worker->board, waiting->origin.slot);
    it.teacher = it.taught.teacher == RT_TEACHER_INGRESS ? waiting->ingress : from->self;
    it.pool = pool_of(&it);
    if (it.taught.is_unknown)
        disown(&it);
    if (it.taught.teacher == RT_TEACHER_NONE)
        return;
    keep_user(&it);
    if (it.pool)
        keep_wildcard(&it);
    keep_session(&it);
    keep_client(worker, waiting, &it.taught.client);
}
