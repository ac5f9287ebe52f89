/* digest.c — hashes of what a file says. */
#include "agent/conf/digest.h"

#include <string.h>

#include <xxhash.h>

#include "agent/conf/key.h"

static const struct {
    const char *key;
    const char *name; /* the key that names an element */
} lists[CONF_LISTS] = {
    [CONF_LIST_PEERS] = {"peers", "identity"},         [CONF_LIST_POOLS] = {"pools", "name"},
    [CONF_LIST_SUBSCRIBERS] = {"subscribers", "name"}, [CONF_LIST_POLICIES] = {"policies", "name"},
    [CONF_LIST_ROUTES] = {"routes", "name"},
};

const char *conf_list_name(enum conf_list_of list)
{
    return lists[list].key;
}

/* The depth of a file is bounded: CONF_DEPTH_MAX. */
static uint64_t hash_of(const struct conf_node *node, uint64_t seed)
{
    uint64_t hash = XXH3_64bits_withSeed(node->text, node->kind == CONF_SCALAR ? node->size : 0,
                                         seed + (uint64_t)node->kind);
    for (const struct conf_node *at = node->first; at; at = at->next)
        hash = hash_of(at, hash);
    return hash;
}

static bool is_list(const struct conf_node *key, enum conf_list_of list)
{
    return strcmp(key->text, lists[list].key) == 0;
}

/* As it is compared: identities without regard to case. */
static const char *name_of(const struct conf_node *element, enum conf_list_of list,
                           struct conf_arena *arena)
{
    const struct conf_node *name = conf_node_find(element, lists[list].name);
    if (!name || name->kind != CONF_SCALAR)
        return "";
    char *text = conf_arena_text(arena, name->text, name->size);
    for (char *at = text; *at && list == CONF_LIST_PEERS; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    return text;
}

static void read_list(struct conf_items *items, enum conf_list_of list,
                      const struct conf_node *node, struct conf_arena *arena)
{
    if (node->kind != CONF_LIST)
        return;
    items->at = conf_arena_new(arena, node->count * sizeof *items->at);
    for (const struct conf_node *at = node->first; at; at = at->next)
        if (at->kind == CONF_MAP)
            items->at[items->count++] =
                (struct conf_item){name_of(at, list, arena), hash_of(at, 0)};
}

static void read_key(struct conf_digest *digest, const struct conf_node *key,
                     struct conf_arena *arena)
{
    for (enum conf_list_of list = 0; list < CONF_LISTS; list++)
        if (is_list(key, list)) {
            read_list(&digest->lists[list], list, key->next, arena);
            return;
        }
    const struct conf_node *bindings = conf_node_find(key->next, "bindings");
    if (bindings)
        digest->bindings = hash_of(bindings, 0);
    digest->keys.at[digest->keys.count++] =
        (struct conf_item){conf_arena_text(arena, key->text, key->size), hash_of(key->next, 0)};
}

void conf_digest_read(struct conf_digest *digest, const struct conf_node *root,
                      struct conf_arena *arena)
{
    if (root->kind != CONF_MAP)
        return;
    digest->keys.at = conf_arena_new(arena, root->count * sizeof *digest->keys.at);
    for (const struct conf_node *key = root->first; key && key->next; key = key->next->next)
        read_key(digest, key, arena);
}
