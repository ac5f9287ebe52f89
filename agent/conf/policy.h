/* policy.h — parts of the readers of `policies`. Private to policies.c and policy_*.c. */
#pragma once

#include "agent/conf/avp_path.h"

/* A condition as it is read: `present`, `matches` and `not` come after `avp`, which says how. */
struct conf_condition {
    struct conf_avp avp;
    struct rt_condition condition;
};

/* An element of `do` as it is read, in the order of keys.def. */
struct conf_action {
    struct conf_avp avp; /* of set, add, remove or replace; depth 0: it could not be read */
    int type;            /* enum dm_type; -1: not given */
    bool says_mandatory; /* `mandatory` is given: */
    bool mandatory;
    const char *value; /* of `to` */
    struct rt_change change;
};

/* The AVP has no name of its own, nor a type: its value is hex. */
static inline bool conf_avp_is_unknown(const struct conf_avp *avp)
{
    return avp->path.is_unknown;
}

/* Is this text between slashes? */
bool conf_is_expression(const struct conf_node *node);
/* The expression between slashes, of a value of this type; NULL with a complaint. */
struct rt_pattern *conf_expression(struct conf_reading *reading, const struct conf_node *node,
                                   enum dm_type type);
/* A copy in lower case where the type is DiameterIdentity, whose case does not count. */
char *conf_folded(const char *text, size_t size, enum dm_type type, struct conf_arena *arena);

/* Reads an element of `do`. */
void conf_read_action(struct conf_reading *reading, const struct conf_node *node,
                      struct rt_change *change);
