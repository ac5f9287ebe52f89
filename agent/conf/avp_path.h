/* avp_path.h — an AVP by name in the configuration: User-Name, "10415:1407",
 * Supported-Features/Feature-List. */
#pragma once

#include "agent/conf/key.h"
#include "routing/policy.h"

struct conf_avp {
    struct rt_path path;
    struct dm_avp_info info[RT_PATH_MAX]; /* of each step; without a name: known by number only */
};

/* Reads the name that `node` holds; false with a complaint at the present path. */
bool conf_find_avp(struct conf_reading *reading, const struct conf_node *node,
                   struct conf_avp *avp);
