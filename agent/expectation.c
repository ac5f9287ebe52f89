/* expectation.c — EXPECT.yaml becomes requests and what is expected of them.
 *
 * The tree, the complaints and the single values are read as those of the configuration are. */
#include "agent/expectation.h"

#include "agent/conf/key.h"
#include "agent/conf/suggest.h"

enum { KEYS_MAX = 8, NAMES_MAX = 256 };

/* One reading. */
struct reading {
    struct conf_reading conf; /* first: what reads single values gets this */
    struct rehearsal *rehearsal;
    struct expectation *now;
};

struct key {
    const char *name;
    bool is_required;
    void (*read)(struct reading *reading, const struct conf_node *node);
};

/* --- maps and lists --- */

static size_t row_of(const struct key *keys, const struct conf_node *name)
{
    size_t i = 0;
    while (keys[i].name && !conf_is_word(name, keys[i].name))
        i++;
    return i;
}

static void complain_unknown(struct reading *reading, const struct key *keys,
                             const struct conf_node *name)
{
    const char *names[KEYS_MAX];
    size_t count = 0;
    for (; keys[count].name; count++)
        names[count] = keys[count].name;
    const char *near = conf_suggest(name->text, names, count);
    if (near)
        conf_complain(&reading->conf, name, "no such key; did you mean `%s`?", near);
    else
        conf_complain(&reading->conf, name, "no such key");
}

/* Notes the value of a key; one that is unknown or given twice is complained about. */
static void note_key(struct reading *reading, const struct key *keys, const struct conf_node *name,
                     const struct conf_node *names[KEYS_MAX])
{
    struct conf_path inner = {reading->conf.path, name->text, 0};
    size_t row = row_of(keys, name);
    if (name->kind != CONF_SCALAR) {
        conf_complain(&reading->conf, name, "a key must be a word");
        return;
    }
    reading->conf.path = &inner;
    if (keys[row].name == NULL)
        complain_unknown(reading, keys, name);
    else if (names[row])
        conf_complain(&reading->conf, name, "given twice, first in line %u",
                      names[row]->place.line);
    else
        names[row] = name;
    reading->conf.path = inner.up;
}

static void read_map(struct reading *reading, const struct conf_node *map, const struct key *keys)
{
    const struct conf_node *names[KEYS_MAX] = {NULL};
    if (map->kind != CONF_MAP) {
        conf_complain(&reading->conf, map, "a map of keys is wanted here");
        return;
    }
    for (const struct conf_node *name = map->first; name; name = name->next->next)
        note_key(reading, keys, name, names);
    for (size_t i = 0; keys[i].name; i++) {
        struct conf_path inner = {reading->conf.path, keys[i].name, 0};
        reading->conf.path = &inner;
        if (names[i])
            keys[i].read(reading, names[i]->next);
        else if (keys[i].is_required)
            conf_complain(&reading->conf, map, "is missing");
        reading->conf.path = inner.up;
    }
}

/* True where it is a list. */
static bool is_list(struct reading *reading, const struct conf_node *node)
{
    if (node->kind != CONF_LIST)
        conf_complain(&reading->conf, node, "a list is wanted here");
    return node->kind == CONF_LIST;
}

/* --- single values --- */

static const char *copy(struct reading *reading, const struct conf_node *node)
{
    const char *text = conf_scalar(&reading->conf, node);
    return text ? conf_arena_text(reading->conf.arena, text, node->size) : NULL;
}

static uint32_t read_number(struct reading *reading, const struct conf_node *node)
{
    const char *text = conf_scalar(&reading->conf, node);
    uint64_t number = 0;
    if (text && (node->is_quoted || !conf_parse_number(text, &number) || number > UINT32_MAX)) {
        conf_complain(&reading->conf, node, "a number is wanted here, not `%s`", text);
        return 0;
    }
    return (uint32_t)number;
}

/* A peer that a row lets in, or NULL with a complaint. */
static const char *read_peer(struct reading *reading, const struct conf_node *node)
{
    rt_peer peer;
    const char *identity = conf_identity(&reading->conf, node, false);
    if (identity && rehearsal_find(reading->rehearsal, dm_text(identity), &peer))
        return identity;
    if (identity)
        conf_complain(&reading->conf, node, "no row of `peers` lets `%s` in", identity);
    return NULL;
}

/* --- request --- */

static void read_from(struct reading *reading, const struct conf_node *node)
{
    reading->now->request.from = read_peer(reading, node);
}

static void read_realm(struct reading *reading, const struct conf_node *node)
{
    reading->now->request.realm = copy(reading, node);
}

static void read_host(struct reading *reading, const struct conf_node *node)
{
    reading->now->request.host = copy(reading, node);
}

static void read_application(struct reading *reading, const struct conf_node *node)
{
    uint32_t *application = &reading->now->request.application;
    const char *text = conf_scalar(&reading->conf, node);
    if (text && !rehearsal_application(text, application))
        conf_complain(&reading->conf, node,
                      "`%s` is no application of requests; its number would do", text);
}

static void read_command(struct reading *reading, const struct conf_node *node)
{
    struct rehearsal_request *request = &reading->now->request;
    const char *text = conf_scalar(&reading->conf, node);
    if (text && !rehearsal_command(request->application, text, &request->command))
        conf_complain(&reading->conf, node,
                      "`%s` is no command of application %u; its code would do", text,
                      request->application);
    else if (text && dm_command_is_base(request->command))
        conf_complain(&reading->conf, node, "`%s` is between two neighbours: it is not routed",
                      text);
}

/* Is it written without a mistake? Room does not matter here. */
static void check_avp(struct reading *reading, const struct conf_node *node,
                      const struct rehearsal_avp *avp)
{
    uint8_t little[4];
    char why[AVP_TEXT_WHY];
    struct dm_writer writer;
    dm_writer_init(&writer, little, sizeof little);
    if (!avp_text_write(&writer, avp->name, avp->value, why))
        conf_complain(&reading->conf, node, "%s", why);
}

static void add_avp(struct reading *reading, const char *name, const struct conf_node *node)
{
    struct rehearsal_request *request = &reading->now->request;
    struct rehearsal_avp *avp = &request->avps[request->avp_count];
    *avp = (struct rehearsal_avp){name, copy(reading, node)};
    if (avp->value == NULL)
        return;
    check_avp(reading, node, avp);
    request->avp_count++;
}

/* One value, or a list of them: as many instances. */
static void read_avp(struct reading *reading, const struct conf_node *name,
                     const struct conf_node *value)
{
    const char *text = copy(reading, name);
    if (text == NULL)
        return;
    struct conf_path inner = {reading->conf.path, text, 0};
    reading->conf.path = &inner;
    if (value->kind != CONF_LIST)
        add_avp(reading, text, value);
    else
        for (const struct conf_node *at = value->first; at; at = at->next)
            add_avp(reading, text, at);
    reading->conf.path = inner.up;
}

static void read_avps(struct reading *reading, const struct conf_node *node)
{
    if (node->kind != CONF_MAP) {
        conf_complain(&reading->conf, node, "a map of AVPs and their values is wanted here");
        return;
    }
    size_t count = 0;
    for (const struct conf_node *name = node->first; name; name = name->next->next)
        count += name->next->kind == CONF_LIST ? name->next->count : 1;
    struct rehearsal_request *request = &reading->now->request;
    request->avps = conf_arena_new(reading->conf.arena, (count + 1) * sizeof *request->avps);
    for (const struct conf_node *name = node->first; name; name = name->next->next)
        read_avp(reading, name, name->next);
}

static const struct key request_keys[] = {{"from", false, read_from},
                                          {"realm", true, read_realm},
                                          {"application", true, read_application},
                                          {"command", true, read_command},
                                          {"host", false, read_host},
                                          {"avps", false, read_avps},
                                          {NULL, false, NULL}};

static void read_request(struct reading *reading, const struct conf_node *node)
{
    read_map(reading, node, request_keys);
}

/* --- down, pending --- */

static void read_down(struct reading *reading, const struct conf_node *node)
{
    struct expectation *now = reading->now;
    if (!is_list(reading, node))
        return;
    now->down = conf_arena_new(reading->conf.arena, (node->count + 1) * sizeof *now->down);
    struct conf_path inner = {reading->conf.path, NULL, 0};
    reading->conf.path = &inner;
    for (const struct conf_node *at = node->first; at; at = at->next, inner.index++) {
        const char *peer = read_peer(reading, at);
        if (peer)
            now->down[now->down_count++] = peer;
    }
    reading->conf.path = inner.up;
}

static void read_pending(struct reading *reading, const struct conf_node *node)
{
    struct expectation *now = reading->now;
    if (node->kind != CONF_MAP) {
        conf_complain(&reading->conf, node, "a map of peers and their requests is wanted here");
        return;
    }
    now->pending = conf_arena_new(reading->conf.arena, (node->count + 1) * sizeof *now->pending);
    for (const struct conf_node *at = node->first; at; at = at->next->next) {
        const char *peer = read_peer(reading, at);
        uint32_t requests = read_number(reading, at->next);
        if (peer)
            now->pending[now->pending_count++] = (struct expectation_pending){peer, requests};
    }
}

/* --- expect --- */

typedef const char *name_at(const struct conf *conf, size_t place);

static const char *route_at(const struct conf *conf, size_t place)
{
    return place < conf->tables.route_count ? conf->tables.routes[place].name : NULL;
}

static const char *pool_at(const struct conf *conf, size_t place)
{
    return place < conf->tables.pool_count ? conf->tables.pools[place].name : NULL;
}

static const char *action_at(const struct conf *conf, size_t place)
{
    (void)conf;
    return place <= RT_REJECT ? rehearsal_action_name((enum rt_action)place) : NULL;
}

static void complain_of_name(struct reading *reading, const struct conf_node *node, name_at *at,
                             const char *what)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (const char *name; count < NAMES_MAX && (name = at(reading->conf.conf, count)); count++)
        names[count] = name;
    const char *near = conf_suggest(node->text, names, count);
    if (near)
        conf_complain(&reading->conf, node, "there is no %s `%s`; did you mean `%s`?", what,
                      node->text, near);
    else
        conf_complain(&reading->conf, node, "there is no %s `%s`", what, node->text);
}

/* A name that there is, or "-". */
static const char *read_name(struct reading *reading, const struct conf_node *node, name_at *at,
                             const char *what)
{
    const char *text = copy(reading, node);
    if (text == NULL || strcmp(text, "-") == 0)
        return text;
    const char *name;
    for (size_t i = 0; (name = at(reading->conf.conf, i)); i++)
        if (strcmp(name, text) == 0)
            return text;
    complain_of_name(reading, node, at, what);
    return NULL;
}

static void expect_route(struct reading *reading, const struct conf_node *node)
{
    reading->now->route = read_name(reading, node, route_at, "route");
}

static void expect_action(struct reading *reading, const struct conf_node *node)
{
    reading->now->action = read_name(reading, node, action_at, "action");
}

static void expect_pool(struct reading *reading, const struct conf_node *node)
{
    reading->now->pool = read_name(reading, node, pool_at, "pool");
}

static void expect_peer(struct reading *reading, const struct conf_node *node)
{
    reading->now->peer = conf_is_word(node, "-") ? "-" : read_peer(reading, node);
}

static void expect_result(struct reading *reading, const struct conf_node *node)
{
    const char *colon = node->kind == CONF_SCALAR ? strchr(node->text, ':') : NULL;
    if (colon == NULL) {
        reading->now->result = read_number(reading, node);
        return;
    }
    struct conf_node vendor = *node;
    struct conf_node code = *node;
    vendor.is_quoted = code.is_quoted = false;
    vendor.text = conf_arena_text(reading->conf.arena, node->text, (size_t)(colon - node->text));
    code.text = colon + 1;
    reading->now->vendor = read_number(reading, &vendor);
    reading->now->result = read_number(reading, &code);
}

static const struct key expect_keys[] = {
    {"route", false, expect_route}, {"action", false, expect_action}, {"pool", false, expect_pool},
    {"peer", false, expect_peer},   {"result", false, expect_result}, {NULL, false, NULL}};

static void read_expect(struct reading *reading, const struct conf_node *node)
{
    if (node->kind == CONF_MAP && node->count == 0)
        conf_complain(&reading->conf, node, "nothing is expected here");
    read_map(reading, node, expect_keys);
}

/* --- the file --- */

static void read_own_name(struct reading *reading, const struct conf_node *node)
{
    reading->now->name = copy(reading, node);
}

static const struct key keys[] = {{"name", true, read_own_name}, {"request", true, read_request},
                                  {"down", false, read_down},    {"pending", false, read_pending},
                                  {"expect", true, read_expect}, {NULL, false, NULL}};

static void read_all(struct reading *reading, const struct conf_node *root,
                     struct expectations *all)
{
    if (!is_list(reading, root))
        return;
    all->at = conf_arena_new(reading->conf.arena, (root->count + 1) * sizeof *all->at);
    struct conf_path inner = {NULL, NULL, 0};
    reading->conf.path = &inner;
    for (const struct conf_node *node = root->first; node; node = node->next, inner.index++) {
        reading->now = &all->at[all->count++];
        read_map(reading, node, keys);
    }
    reading->conf.path = NULL;
}

bool expectations_read(struct expectations *all, const char *name, dm_bytes octets,
                       const struct conf *conf, FILE *complaints)
{
    struct conf_complaints found = {0};
    struct conf_arena scratch = {0};
    struct rehearsal rehearsal;
    *all = (struct expectations){0};
    rehearsal_init(&rehearsal, conf);
    struct reading reading = {
        .conf = {.conf = (struct conf *)conf, .arena = &all->arena, .complaints = &found},
        .rehearsal = &rehearsal};
    const struct conf_node *root = conf_node_read(octets.at, octets.size, &scratch, &found);
    if (root)
        read_all(&reading, root, all);
    bool is_good = found.count == 0;
    conf_complaints_write(&found, name, complaints);
    conf_complaints_fini(&found);
    conf_arena_fini(&scratch);
    rehearsal_fini(&rehearsal);
    return is_good;
}

void expectations_fini(struct expectations *all)
{
    conf_arena_fini(&all->arena);
}
