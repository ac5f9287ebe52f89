/* screen.c — readers of what a peer may send: `applications`, `screen` and `rate` of its row. */
#include "agent/conf/key.h"
#include "proto/dict.h"

/* The row has a screen as soon as one of its keys is there. */
static struct conf_screen *screen_of(struct conf_reading *reading, void *field)
{
    const struct conf_screen **screen = field;
    struct conf_screen *made = conf_arena_new(reading->arena, sizeof *made);
    if (*screen)
        *made = **screen;
    *screen = made;
    return made;
}

/* Applications. */

static void read_applications(struct conf_reading *reading, const struct conf_key *key,
                              const struct conf_node *node, struct dm_applications *set)
{
    conf_read_applications(reading, key, node, set);
    if (set->relay)
        conf_complain(reading, node, "no request is of the application `relay`");
}

void conf_read_admitted(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    read_applications(reading, key, node, &screen_of(reading, field)->admitted);
}

void conf_read_screened(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    read_applications(reading, key, node, field);
}

/* Realms. */

static void read_realm(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *element)
{
    conf_read_match(reading, key, node, element);
}

void conf_read_origin_realms(struct conf_reading *reading, const struct conf_key *key,
                             const struct conf_node *node, void *field)
{
    struct conf_screen *screen = conf_record_of(key, field);
    screen->realms = conf_read_list(reading, key, node, sizeof *screen->realms, read_realm);
    screen->realm_count = (uint32_t)conf_list_count(node);
    if (node->kind == CONF_LIST && node->count == 0)
        conf_complain(reading, node, "no realm at all; left out: any");
}

/* Commands: a name is looked up in every application that the row names, a code stands for itself
 * in all. */

struct commands {
    struct conf_command *at;
    uint32_t count;
};

static void add_named(const struct dm_applications *in, dm_bytes name, struct commands *commands)
{
    for (unsigned i = 0; i < in->count; i++) {
        const struct dm_command_info *known = dm_dict_command_named(in->id[i], name);
        if (known)
            commands->at[commands->count++] = (struct conf_command){false, in->id[i], known->code};
    }
}

static void read_command(struct conf_reading *reading, const struct dm_applications *in,
                         const struct conf_node *node, struct commands *commands)
{
    enum { CODE_MAX = 0xffffff }; /* RFC 6733 §3: 24 bits */
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    uint64_t code;
    uint32_t before = commands->count;
    if (node->is_quoted || !conf_parse_number(text, &code))
        add_named(in, dm_bytes_of(text, node->size), commands);
    else if (code <= CODE_MAX)
        commands->at[commands->count++] = (struct conf_command){true, 0, (uint32_t)code};
    else
        conf_complain(reading, node, "`%s` is no command code: they have 24 bits", text);
    if (commands->count > before || (!node->is_quoted && conf_parse_number(text, &code)))
        return;
    if (in->count == 0)
        conf_complain(reading, node, "`%s`: a name wants `applications`; its code would do", text);
    else
        conf_complain(reading, node, "`%s` is no command of these applications", text);
}

static void read_commands(struct conf_reading *reading, const struct conf_node *node,
                          const struct dm_applications *in, struct conf_screen *screen)
{
    if (node->kind != CONF_LIST || node->count == 0) {
        conf_complain(reading, node, "a list of commands is wanted here; left out: any");
        return;
    }
    size_t most = node->count * (in->count ? in->count : 1);
    struct commands commands = {conf_arena_new(reading->arena, most * sizeof *commands.at), 0};
    struct conf_path inner = {reading->path, NULL, 0};
    reading->path = &inner;
    for (const struct conf_node *at = node->first; at; at = at->next, inner.index++)
        read_command(reading, in, at, &commands);
    reading->path = inner.up;
    screen->commands = commands.at;
    screen->command_count = commands.count;
}

void conf_read_screened_commands(struct conf_reading *reading, const struct conf_key *key,
                                 const struct conf_node *node, void *field)
{
    struct conf_screen *screen = conf_record_of(key, field);
    const struct dm_applications *in =
        screen->screened.count ? &screen->screened : &screen->admitted;
    read_commands(reading, node, in, screen);
}

/* Maps. */

void conf_read_screen(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_SCREEN, screen_of(reading, field));
}

void conf_read_rate(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    (void)key;
    struct conf_rate *rate = &screen_of(reading, field)->rate;
    conf_read_map(reading, node, CONF_RATE, rate);
    if (rate->burst == 0)
        rate->burst = rate->requests;
}
