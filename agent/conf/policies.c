/* policies.c — readers of the policies of proxies: for which messages they are, and what they are
 * good for. What they do is read by policy_action.c. */
#include <ctype.h>

#include "agent/conf/conf_policies.h"
#include "agent/conf/policy.h"
#include "agent/conf/suggest.h"
#include "routing/pattern.h"

enum { PATTERN_MAX = 256 };

/* --- patterns --- */

bool conf_is_expression(const struct conf_node *node)
{
    return node->size >= 2 && node->text[0] == '/' && node->text[node->size - 1] == '/';
}

/* A letter behind a backslash is none. */
char *conf_folded(const char *text, size_t size, enum dm_type type, struct conf_arena *arena)
{
    char *copy = conf_arena_text(arena, text, size);
    for (char *at = copy; *at && type == DM_TYPE_IDENTITY; at++) {
        if (at[0] == '\\' && at[1])
            at++;
        else
            *at = (char)tolower((unsigned char)*at);
    }
    return copy;
}

struct rt_pattern *conf_expression(struct conf_reading *reading, const struct conf_node *node,
                                   enum dm_type type)
{
    const char *text = conf_folded(node->text + 1, node->size - 2, type, reading->scratch);
    const char *why = "not an expression";
    struct rt_pattern *pattern = rt_pattern_new(dm_text(text), false, &why);
    if (!pattern)
        conf_complain(reading, node, "`%s`: %s", node->text, why);
    return pattern;
}

static dm_bytes glob(struct conf_reading *reading, const struct conf_node *node, enum dm_type type)
{
    if (node->size > PATTERN_MAX)
        conf_complain(reading, node, "a pattern has at most %d octets", PATTERN_MAX);
    if (node->size && *node->text == '/')
        conf_complain(reading, node, "`%s` begins as an expression, but does not end with a slash",
                      node->text);
    return dm_bytes_of(conf_folded(node->text, node->size, type, reading->arena), node->size);
}

/* --- conditions --- */

void conf_read_avp(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    (void)key;
    struct conf_avp *avp = field;
    if (!conf_find_avp(reading, node, avp))
        avp->path.depth = 0;
}

void conf_read_present(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    struct conf_condition *it = conf_record_of(key, field);
    bool present = true;
    conf_read_boolean(reading, key, node, &present);
    it->condition.test = present ? RT_IS_PRESENT : RT_IS_ABSENT;
}

/* `matches` and `not`. */
void conf_read_matching(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    struct conf_condition *it = conf_record_of(key, field);
    if (!conf_scalar(reading, node))
        return;
    struct rt_condition *condition = &it->condition;
    condition->test = strcmp(key->name, "not") == 0 ? RT_MATCHES_NOT : RT_MATCHES;
    rt_pattern_free(condition->pattern); /* both were given, which is complained of */
    condition->pattern = NULL;
    if (conf_is_expression(node))
        condition->pattern = conf_expression(reading, node, it->avp.path.type);
    else
        condition->glob = glob(reading, node, it->avp.path.type);
}

static void read_condition(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *element)
{
    (void)key;
    struct conf_condition it = {0};
    conf_read_map(reading, node, CONF_CONDITION, &it);
    it.condition.path = it.avp.path;
    *(struct rt_condition *)element = it.condition;
    if (node->kind != CONF_MAP)
        return;
    int tests = (conf_node_find(node, "present") != NULL) +
                (conf_node_find(node, "matches") != NULL) + (conf_node_find(node, "not") != NULL);
    if (tests != 1)
        conf_complain(reading, node, "one of `present`, `matches` and `not` is wanted here");
}

void conf_read_when(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    struct rt_policy *policy = conf_record_of(key, field);
    policy->conditions =
        conf_read_list(reading, key, node, sizeof *policy->conditions, read_condition);
    policy->condition_count = conf_list_count(node);
}

/* --- what is done --- */

static void read_change(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    (void)key;
    conf_read_action(reading, node, element);
}

static bool is_about(const struct rt_change *change, uint32_t code)
{
    return change->kind != RT_REFUSE && change->path.depth == 1 &&
           change->path.step[0].vendor == 0 && change->path.step[0].code == code;
}

static bool changes_avp(const struct rt_policy *policy, uint32_t code)
{
    for (size_t i = 0; i < policy->change_count; i++)
        if (is_about(&policy->changes[i], code))
            return true;
    return false;
}

/* PXY-04: an Origin-State-Id says something of the host that the message names no more. */
static void hide_state(struct rt_policy *policy)
{
    if (!changes_avp(policy, DM_AVP_ORIGIN_HOST) || changes_avp(policy, DM_AVP_ORIGIN_STATE_ID))
        return;
    policy->changes[policy->change_count++] =
        (struct rt_change){.kind = RT_REMOVE,
                           .text = "remove Origin-State-Id, since Origin-Host is another",
                           .path = {.depth = 1, .step = {{0, DM_AVP_ORIGIN_STATE_ID}}}};
}

static const struct conf_node *child(const struct conf_node *list, size_t index)
{
    const struct conf_node *at = list->first;
    while (index--)
        at = at->next;
    return at;
}

static void check_order(struct conf_reading *reading, const struct conf_node *node,
                        const struct rt_policy *policy)
{
    for (size_t i = 0; i + 1 < policy->change_count; i++)
        if (policy->changes[i].kind == RT_REFUSE)
            conf_complain(reading, child(node, i + 1), "what follows a `reject` is never done");
}

void conf_read_do(struct conf_reading *reading, const struct conf_key *key,
                  const struct conf_node *node, void *field)
{
    struct rt_policy *policy = conf_record_of(key, field);
    struct rt_change *read =
        conf_read_list(reading, key, node, sizeof *policy->changes, read_change);
    policy->change_count = conf_list_count(node);
    policy->changes =
        conf_arena_new(reading->arena, (policy->change_count + 1) * sizeof *policy->changes);
    if (read)
        memcpy(policy->changes, read, policy->change_count * sizeof *read);
    else if (node->kind == CONF_LIST)
        conf_complain(reading, node, "at least one action is wanted here");
    check_order(reading, node, policy);
    hide_state(policy);
}

/* --- policies --- */

/* An answer that this agent makes a protocol error would have to be its own. ERR-03. */
static void check_rejections(struct conf_reading *reading, const struct conf_node *node,
                             const struct rt_policy *policy)
{
    for (size_t i = 0; i < policy->change_count; i++) {
        const struct rt_change *change = &policy->changes[i];
        if (change->kind == RT_REFUSE && change->rejection.vendor == 0 &&
            dm_result_is_protocol_error(change->rejection.result))
            conf_complain_key(reading, node, "do",
                              "an answer is not rejected with a protocol error (3xxx): 4xxx, 5xxx "
                              "or \"VENDOR:CODE\"");
    }
}

static void read_policy(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    (void)key;
    struct rt_policy *policy = element;
    conf_read_map(reading, node, CONF_POLICY, policy);
    conf_add_name(reading, node, &reading->policies, policy->name);
    policy->side = (enum rt_side)((int)policy->side + 1); /* the words begin with 0 */
    if (policy->side & RT_ANSWERS)
        check_rejections(reading, node, policy);
    for (size_t i = 0; i < policy->change_count; i++)
        policy->changes[i].rejection.policy = policy->name;
}

void conf_read_policies(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    struct conf_policies *all = conf_policies_new();
    struct conf_arena *before = reading->arena;
    size_t count = conf_list_count(node);
    conf_names_init(&reading->policies, (uint32_t)count, reading->scratch);
    reading->arena = &all->arena;
    all->policies = conf_read_list(reading, key, node, sizeof *all->policies, read_policy);
    all->count = count;
    reading->arena = before;
    *(struct conf_policies **)field = all;
}

/* --- of a route --- */

static const struct rt_policy *find_policy(struct conf_reading *reading,
                                           const struct conf_node *node)
{
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return NULL;
    const struct conf_name *name = conf_names_find(&reading->policies, text, node->size);
    const char *near = name ? NULL : conf_suggest_name(&reading->policies, text);
    if (name)
        return &reading->conf->policies->policies[name->number];
    if (near)
        conf_complain(reading, node, "there is no policy `%s`; did you mean `%s`?", text, near);
    else
        conf_complain(reading, node, "there is no policy `%s`", text);
    return NULL;
}

static void read_route_policy(struct conf_reading *reading, const struct conf_key *key,
                              const struct conf_node *node, void *element)
{
    (void)key;
    *(const struct rt_policy **)element = find_policy(reading, node);
}

static void sum_up(struct rt_policies *policies, const struct rt_policy *policy)
{
    policies->side |= policy->side;
    for (size_t i = 0; i < policy->change_count; i++) {
        const struct rt_path *path = &policy->changes[i].path;
        policies->adds_proxy_info |= policy->changes[i].kind <= RT_ADD && path->depth > 0 &&
                                     path->step[0].vendor == 0 &&
                                     path->step[0].code == DM_AVP_PROXY_INFO;
    }
}

/* In the memory of the policies, since they live as long. */
void conf_read_route_policies(struct conf_reading *reading, const struct conf_key *key,
                              const struct conf_node *node, void *field)
{
    struct conf_policies *all = reading->conf->policies;
    struct conf_arena *before = reading->arena;
    if (all)
        reading->arena = &all->arena;
    struct rt_policies *policies = conf_arena_new(reading->arena, sizeof *policies);
    policies->owner = all;
    policies->policies =
        conf_read_list(reading, key, node, sizeof *policies->policies, read_route_policy);
    policies->count = conf_list_count(node);
    for (size_t i = 0; i < policies->count; i++)
        if (policies->policies[i])
            sum_up(policies, policies->policies[i]);
    reading->arena = before;
    *(struct rt_policies **)field = policies->count ? policies : NULL;
}
