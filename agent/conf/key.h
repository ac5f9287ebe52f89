/* key.h — the schema: one row per key of the configuration (keys.def), and how a map is read by it.
 *
 * A row says in which map a key stands, who reads its value and where to, its default as YAML text,
 * and its range or its words. Rows are read in the order of the table, so that what names something
 * comes after what it names. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/conf/names.h"
#include "agent/conf/node.h"

enum conf_map {
    CONF_ROOT,
    CONF_LISTENER,
    CONF_TLS_MAP,
    CONF_SCTP_MAP,
    CONF_RTO,
    CONF_DNS,
    CONF_TIMERS,
    CONF_RECONNECT,
    CONF_LIMITS,
    CONF_ADMIN,
    CONF_HTTP,
    CONF_LOG,
    CONF_COMPATIBILITY,
    CONF_PEER,
    CONF_SCREEN,
    CONF_RATE,
    CONF_CONNECT,
    CONF_POOL,
    CONF_RETRY,
    CONF_MEMBER,
    CONF_USERS,
    CONF_DERIVE,
    CONF_SUBSCRIBERS,
    CONF_BINDINGS,
    CONF_ROUTE,
    CONF_POLICY,
    CONF_CONDITION,
    CONF_ACTION,
    CONF_REDIRECTS,
    CONF_REDIRECT,
};

/* Where the reading is: `pools[0].members[1].weight`, from the innermost outwards. */
struct conf_path {
    const struct conf_path *up;
    const char *key; /* NULL: `index` of a list */
    size_t index;
};

/* One reading of one file. */
struct conf_reading {
    struct conf *conf;
    struct conf_arena *arena;   /* the snapshot's */
    struct conf_arena *scratch; /* gone when the file is read */
    struct conf_complaints *complaints;
    const struct conf_path *path;
    bool changes_only;         /* what is not given stays as it is: a peer's own timers, limits,
                                  compatibility */
    struct conf_names *peers;  /* the snapshot's: conf_peer_for asks them */
    const struct conf *before; /* the snapshot in use, whose tables may be shared; or NULL */
    struct conf_names pools;
    struct conf_names tables; /* of subscribers */
    struct conf_names routes;
    struct conf_names policies;
};

struct conf_key;
typedef void conf_read(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field);

struct conf_key {
    enum conf_map map;
    const char *name;
    conf_read *read;
    size_t offset;
    const char *fallback; /* YAML; NULL: none; CONF_REQUIRED */
    const char *least;
    const char *most;
    const char *words; /* "packed|spread": the place of a word is its value */
};

extern const char CONF_REQUIRED[];
extern const struct conf_key conf_keys[];
extern const size_t conf_key_count;

/* Says what is wrong at the present path. */
__attribute__((format(printf, 3, 4))) void
conf_complain(struct conf_reading *reading, const struct conf_node *node, const char *format, ...);
/* Says what is wrong at `key` of the map at the present path, `map`; the place is that of the key's
 * value, or the map's where it is not given. */
__attribute__((format(printf, 4, 5))) void conf_complain_key(struct conf_reading *reading,
                                                             const struct conf_node *map,
                                                             const char *key, const char *format,
                                                             ...);

/* The value of a key, or NULL. */
const struct conf_node *conf_node_find(const struct conf_node *map, const char *key);

/* Reads a map by the rows of `map` into `at`, with the defaults unless `changes_only`. */
void conf_read_map(struct conf_reading *reading, const struct conf_node *node, enum conf_map map,
                   void *at);
/* The record in which `field` lies. */
static inline void *conf_record_of(const struct conf_key *key, void *field)
{
    return (uint8_t *)field - key->offset;
}
/* Reads each element of a list by `read`, with the path set, into zeroed elements of `size`; their
 * count is node->count, or 0 where it is no list. NULL if there are none. */
void *conf_read_list(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, size_t size, conf_read *read);
size_t conf_list_count(const struct conf_node *node);

/* The text of a scalar, or NULL with a complaint. */
const char *conf_scalar(struct conf_reading *reading, const struct conf_node *node);
/* The path as the configuration means it: from the folder in which its file lies. */
const char *conf_path(struct conf_reading *reading, const char *text);
bool conf_is_word(const struct conf_node *node, const char *word);
/* A DiameterIdentity in lower case, or NULL with a complaint; as a pattern also "*.example.net" or
 * "*". */
const char *conf_identity(struct conf_reading *reading, const struct conf_node *node,
                          bool is_pattern);
bool conf_parse_number(const char *text, uint64_t *value);
/* Octets: "4096" or "4KiB". */
bool conf_parse_size(const char *text, uint64_t *value);
/* The keys of a map that cannot be set for one peer, ended by NULL. */
const char *const *conf_program_only(enum conf_map map);
/* An application by its name or number; false with a complaint. */
bool conf_find_application(struct conf_reading *reading, const struct conf_node *node,
                           uint32_t *id);
/* The place of a word among those of its key, or -1 with a complaint. */
int conf_find_word(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node);
/* Transport, addresses and ports by the rows of `map`; of a mistake, no address. */
void conf_read_endpoint(struct conf_reading *reading, const struct conf_node *node,
                        enum conf_map map, struct conf_endpoint *endpoint);
/* What can be said of `sctp` when all listeners and peers are known. */
void conf_check_sctp(struct conf_reading *reading, const struct conf_node *root);
/* Adds the `name` of the element at the present path, NULL where it could not be read; complains if
 * it was given before. */
void conf_add_name(struct conf_reading *reading, const struct conf_node *map,
                   struct conf_names *names, const char *name);

/* The readers named in keys.def. */
#define KEY(map, name, reader, record, field, fallback)                conf_read conf_read_##reader;
#define RANGE(map, name, reader, record, field, fallback, least, most) conf_read conf_read_##reader;
#define WORDS(map, name, reader, record, field, fallback, words)       conf_read conf_read_##reader;
#include "agent/conf/keys.def"
#undef KEY
#undef RANGE
#undef WORDS
