/* conf_policies.c — counting who holds the policies of a configuration. */
#include "agent/conf/conf_policies.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "routing/pattern.h"

struct conf_policies *conf_policies_new(void)
{
    struct conf_policies *all = calloc(1, sizeof *all);
    if (all == NULL)
        abort();
    atomic_init(&all->references, 1);
    return all;
}

static void free_patterns(const struct rt_policy *policy)
{
    for (size_t i = 0; i < policy->condition_count; i++)
        rt_pattern_free(policy->conditions[i].pattern);
    for (size_t i = 0; i < policy->change_count; i++)
        rt_pattern_free(policy->changes[i].pattern);
}

void conf_policies_unref(struct conf_policies *all)
{
    if (all == NULL || atomic_fetch_sub_explicit(&all->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < all->count; i++)
        free_patterns(&all->policies[i]);
    conf_arena_fini(&all->arena);
    free(all);
}

struct rt_policies *conf_policies_keep(struct rt_policies *policies)
{
    if (policies) {
        struct conf_policies *all = policies->owner;
        atomic_fetch_add_explicit(&all->references, 1, memory_order_relaxed);
    }
    return policies;
}

void conf_policies_drop(struct rt_policies *policies)
{
    if (policies)
        conf_policies_unref(policies->owner);
}
