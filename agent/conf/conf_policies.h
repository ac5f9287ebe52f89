/* conf_policies.h — the policies of one configuration, in memory of their own.
 *
 * They are counted: a request whose answer has policies keeps them until it ends, also when a
 * reload has dropped the configuration. Any thread. */
#pragma once

#include "agent/conf/arena.h"
#include "routing/policy.h"

struct conf_policies {
    _Atomic uint32_t references;
    struct conf_arena arena;
    size_t count;
    struct rt_policy *policies; /* in the order of the file */
};

/* With one reference. Fatal without memory. */
struct conf_policies *conf_policies_new(void);
/* NULL is none. */
void conf_policies_unref(struct conf_policies *all);

/* The same for what a route holds of them. `policies` may be NULL. */
struct rt_policies *conf_policies_keep(struct rt_policies *policies);
void conf_policies_drop(struct rt_policies *policies);
