/* conf_subscribers.c — tables of users, and rules that derive names, as the configuration has them.
 */
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "agent/conf/diff.h"

#define FULL TEST_DATA "/conf/full.yaml"

static struct conf *load(const char *path, const struct conf *before)
{
    struct conf *conf = conf_load_after(path, before, stderr);
    cr_assert_not_null(conf);
    return conf;
}

static struct rt_subscriber find(const struct conf *conf, const char *identity)
{
    struct rt_key key;
    struct rt_subscriber found;
    rt_key_public(&key, dm_text(identity), &conf->tables.domains);
    cr_assert(rt_subscribers_find(conf->tables.subscribers[0].rows, &key, &found, NULL), "%s",
              identity);
    return found;
}

Test(conf_subscribers, tables_are_read_from_the_folder_of_the_configuration)
{
    struct conf *conf = load(FULL, NULL);
    const struct rt_subscriber_table *tables = conf->tables.subscribers;
    cr_assert_eq(conf->tables.subscriber_count, 2);
    cr_assert_str_eq(tables[0].name, "home-users");
    cr_assert_str_eq(tables[0].file, TEST_DATA "/conf/full-users.csv");
    cr_assert_eq(tables[0].count, 6, "one of seven rows is derived from another");
    cr_assert(tables[0].unknown_rejects);
    cr_assert_not(tables[1].unknown_rejects);
    cr_assert_eq(tables[0].file_hash, tables[1].file_hash);
    conf_free(conf);
}

Test(conf_subscribers, targets_are_pools_groups_and_peers)
{
    struct conf *conf = load(FULL, NULL);
    struct rt_target bob = find(conf, "sip:bob@example.net").target;
    cr_assert_eq(bob.kind, RT_TARGET_GROUP);
    cr_assert_str_eq(conf->tables.pools[bob.pool].name, "hss-north");
    cr_assert_str_eq(conf->tables.pools[bob.pool].groups[bob.number].name, "a");
    struct rt_target number = find(conf, "tel:+4930999").target;
    cr_assert_eq(number.kind, RT_TARGET_POOL);
    cr_assert_str_eq(conf->tables.pools[number.pool].name, "hss-east");
    struct rt_target chat = find(conf, "sip:chat7@example.net").target;
    cr_assert_eq(chat.kind, RT_TARGET_PEER);
    cr_assert_str_eq(conf->peers[chat.number].identity, "hss3.example.net");
    cr_assert(conf->peers[chat.number].in_pool, "it serves users");
    conf_free(conf);
}

Test(conf_subscribers, a_route_has_a_table_or_none)
{
    struct conf *conf = load(FULL, NULL);
    cr_assert_eq(conf->tables.routes[0].subscribers, 0);
    cr_assert_eq(conf->tables.routes[1].subscribers, -1);
    conf_free(conf);
}

Test(conf_subscribers, a_redirect_names_a_table_instead_of_hosts)
{
    struct conf *conf = load(FULL, NULL);
    const struct rt_route *route = &conf->tables.routes[conf->tables.route_count - 1];
    cr_assert_str_eq(route->name, "locator");
    cr_assert_eq(route->redirect.subscribers, 0);
    cr_assert_eq(route->redirect.to_count, 0);
    conf_free(conf);
}

Test(conf_subscribers, rules_derive_the_key_of_a_private_identity)
{
    struct conf *conf = load(FULL, NULL);
    struct rt_query ppr = {.header = {.application = RT_APPLICATION_CX, .command = 305},
                           .user_name = dm_text("bob@ims.example.net")};
    struct rt_key key;
    struct rt_key public;
    rt_key_of(&key, &ppr, &conf->tables.domains);
    rt_key_public(&public, dm_text("sip:bob@example.net"), &conf->tables.domains);
    cr_assert_eq(key.size, public.size);
    cr_assert_eq(memcmp(key.octets, public.octets, key.size), 0);
    conf_free(conf);
}

/* --- shared by snapshots --- */

static char folder[] = "/tmp/conf_subscribers.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[0], "%s/%s", folder, name);
    return path[turn];
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    write_file("u.csv", "sip:alice@example.net,east\n");
}

static void remove_folder(void)
{
    unlink(path_of("c.yaml"));
    unlink(path_of("u.csv"));
    rmdir(folder);
}

#define HEAD                                                                                       \
    "version: 1\nidentity: dra1.example.net\nrealm: example.net\n"                                 \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\nroutes: []\n"                               \
    "peers: [{ identity: h1.example.net }]\n"
#define EAST   "{ name: east, members: [{ peer: h1.example.net }] }"
#define TABLES "subscribers: [{ name: home, table: u.csv }]\n"

static struct conf *load_text(const char *text, const struct conf *before)
{
    write_file("c.yaml", text);
    return load(path_of("c.yaml"), before);
}

static size_t memory_of(const struct conf *conf)
{
    return (size_t)conf->tables.subscribers[0].file_hash;
}

Test(conf_subscribers, an_unchanged_table_goes_on_with_the_numbers_of_the_new_snapshot,
     .init = make_folder, .fini = remove_folder)
{
    struct conf *first = load_text(HEAD "pools: [" EAST "]\n" TABLES, NULL);
    struct conf *second = load_text(
        HEAD "pools: [{ name: new, members: [{ peer: h1.example.net }] }, " EAST "]\n" TABLES,
        first);
    cr_assert_eq(find(first, "sip:alice@example.net").target.pool, 0);
    cr_assert_eq(memory_of(first), memory_of(second));
    struct conf_diff diff;
    conf_diff_init(&diff, first, second);
    cr_assert_eq(diff.lists[CONF_LIST_SUBSCRIBERS].changed, 0);
    conf_diff_fini(&diff);
    conf_free(first);
    cr_assert_eq(find(second, "sip:alice@example.net").target.pool, 1);
    conf_free(second);
}

Test(conf_subscribers, a_changed_table_is_read_anew, .init = make_folder, .fini = remove_folder)
{
    struct conf *first = load_text(HEAD "pools: [" EAST "]\n" TABLES, NULL);
    write_file("u.csv", "sip:alice@example.net,east\nsip:bob@example.net,east\n");
    struct conf *second = load_text(HEAD "pools: [" EAST "]\n" TABLES, first);
    cr_assert_neq(memory_of(first), memory_of(second));
    struct conf_diff diff;
    conf_diff_init(&diff, first, second);
    cr_assert_eq(diff.lists[CONF_LIST_SUBSCRIBERS].changed, 1);
    cr_assert_str_eq(diff.text, "subscribers: home is changed\n");
    conf_diff_fini(&diff);
    cr_assert_eq(first->tables.subscribers[0].count, 1);
    cr_assert_eq(second->tables.subscribers[0].count, 2);
    conf_free(first);
    conf_free(second);
}

Test(conf_subscribers, where_keys_are_made_otherwise_a_table_is_not_shared, .init = make_folder,
     .fini = remove_folder)
{
    write_file("u.csv", "alice@ims.example.net,east\n");
    struct conf *first = load_text(HEAD "pools: [" EAST "]\n" TABLES, NULL);
    struct conf *second = load_text(
        HEAD "pools: [" EAST "]\n" TABLES
             "users: { derive: [{ private: \"(.*)@ims.(.*)\", public: 'sip:\\1@\\2' }] }\n",
        first);
    (void)find(second, "sip:alice@example.net");
    conf_free(first);
    conf_free(second);
}

/* --- mistakes --- */

static void claim_complaints(const char *text, const struct conf *before, const char *expected)
{
    write_file("c.yaml", text);
    char *complaints = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&complaints, &size);
    cr_assert_null(conf_load_after(path_of("c.yaml"), before, to));
    fclose(to);
    char *at = complaints;
    for (char *found; (found = strstr(at, folder)); at = found) /* as if the folder were "" */
        memmove(found, found + strlen(folder) + 1, strlen(found + strlen(folder) + 1) + 1);
    cr_assert_str_eq(complaints, expected);
    free(complaints);
}

Test(conf_subscribers, a_table_that_is_not_there_is_named, .init = make_folder,
     .fini = remove_folder)
{
    claim_complaints(HEAD "subscribers:\n  - { name: home, table: v.csv }\n"
                          "  - { name: other, table: . }\n",
                     NULL,
                     "c.yaml:8:26: subscribers[0].table: v.csv: No such file or directory\n"
                     "c.yaml:9:27: subscribers[1].table: .: no regular file\n");
}

Test(conf_subscribers, mistakes_of_the_table_stand_beside_those_of_the_configuration,
     .init = make_folder, .fini = remove_folder)
{
    write_file("u.csv", "sip:alice@example.net,west\nbob,east/x\n");
    claim_complaints(HEAD "pools: [" EAST "]\n" TABLES "worker: 3\n", NULL,
                     "u.csv:1:23: `west`: there is no such pool, group or peer\n"
                     "u.csv:2:1: `bob`: no URI, no number, and no User-Name with its realm\n"
                     "u.csv:2:5: `east/x`: there is no such pool, group or peer\n"
                     "c.yaml:9:1: worker: no such key; did you mean `workers`?\n");
}

Test(conf_subscribers, a_pool_that_is_gone_is_missed_by_a_table_that_is_shared, .init = make_folder,
     .fini = remove_folder)
{
    struct conf *first = load_text(HEAD "pools: [" EAST "]\n" TABLES, NULL);
    claim_complaints(HEAD TABLES, first,
                     "u.csv:1:23: `east`: there is no such pool, group or peer\n");
    conf_free(first);
}

Test(conf_subscribers, rules_and_names_of_tables_are_checked, .init = make_folder,
     .fini = remove_folder)
{
    claim_complaints(
        HEAD "users:\n  derive:\n"
             "    - { private: \"(a\", public: 'sip:\\1@\\2' }\n"
             "    - { private: \"(a)\", public: 'sip:\\2' }\n"
             "    - { private: \"(a)\", public: '\\1' }\n"
             "subscribers: [{ name: home, table: u.csv }, { name: home, table: u.csv }]\n"
             "pools: [" EAST "]\n",
        NULL,
        "c.yaml:9:18: users.derive[0].private: `(a` is refused as a pattern: a \"(\" without its "
        "\")\"\n"
        "c.yaml:10:33: users.derive[1].public: `sip:\\2`: refers to a group that the pattern does "
        "not have\n"
        "c.yaml:11:33: users.derive[2].public: a sip:, sips: or tel: URI is wanted here, like "
        "sip:\\1@\\2\n"
        "c.yaml:12:53: subscribers[1].name: `home` is given twice, first in line 12\n");
}

Test(conf_subscribers, a_table_is_read_beside_rules_that_are_refused, .init = make_folder,
     .fini = remove_folder)
{
    write_file("u.csv", "alice@example.net,east\n");
    claim_complaints(HEAD "users:\n  derive:\n"
                          "    - { private: \"(a\", public: 'sip:\\1@\\2' }\n"
                          "    - { private: \"(a)@b\" }\n"
                          "    - x\n" TABLES "pools: [" EAST "]\n",
                     NULL,
                     "c.yaml:9:18: users.derive[0].private: `(a` is refused as a pattern: a \"(\" "
                     "without its \")\"\n"
                     "c.yaml:10:7: users.derive[1].public: is missing\n"
                     "c.yaml:11:7: users.derive[2]: a map of keys is wanted here\n");
}

Test(conf_subscribers, a_route_names_a_table_that_there_is_and_only_where_it_forwards,
     .init = make_folder, .fini = remove_folder)
{
    claim_complaints("version: 1\nidentity: dra1.example.net\nrealm: example.net\n"
                     "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
                     "peers: [{ identity: h1.example.net }]\n"
                     "pools: [" EAST "]\n" TABLES "routes:\n"
                     "  - { name: a, realm: a, action: relay, pool: east, subscribers: hume }\n"
                     "  - { name: b, realm: b, action: reject, result: 3003, subscribers: home }\n",
                     NULL,
                     "c.yaml:9:66: routes[0].subscribers: there is no table `hume`; did you mean "
                     "`home`?\n"
                     "c.yaml:10:69: routes[1].subscribers: `action: reject` has no use for "
                     "subscribers\n");
}
