/* schema_shape.h — what the value of a key looks like, by its reader. */
#pragma once

#include "agent/conf/key.h"
#include "agent/conf/schema_json.h"

struct conf_shape;

/* A key whose shape is asked for. `for_one`: within a peer nothing has a default, since it inherits
 * the program's, and what only the program has is not there. */
struct schema_asked {
    const struct conf_key *key;
    const struct conf_shape *shape;
    bool for_one;
};

typedef json_t *schema_make(const struct schema_asked *asked);

/* The row of a reader. */
struct conf_shape {
    conf_read *reader;
    schema_make *make;
    enum conf_map map; /* of maps, and lists of them */
    int least;         /* elements of a list */
    int most;          /* 0: any number */
};

/* Single values and lists of them; maps and lists of those. */
extern const struct conf_shape conf_value_shapes[];
extern const size_t conf_value_shape_count;
extern const struct conf_shape conf_map_shapes[];
extern const size_t conf_map_shape_count;

/* The keys of a map. */
json_t *schema_of_map(enum conf_map map, bool for_one);
