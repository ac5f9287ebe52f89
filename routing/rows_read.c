/* rows_read.c — a subscriber table is read, row by row, with all its mistakes. */
#include <stdlib.h>

#include "routing/csv.h"
#include "routing/reasons.h"
#include "routing/rows.h"

enum { WILDCARDS_MAX = 1024, IDENTITY = 0, TARGET = 1, USER = 2, COLUMNS = 3 };

struct compiling {
    uint64_t seed;
    const struct rt_domains *domains;
    const struct rt_target_names *names;
    const struct rt_csv_row *row;
    struct rt_reading reading;
};

static void mistake(struct compiling *it, int column, const char *why)
{
    const struct rt_csv_field *field = &it->row->fields[column];
    rt_mistake(&it->reading.mistakes, it->row->line, field->column, "`%s`: %s",
               rt_show(field->text).text, why);
}

/* --- arrays that grow by half --- */

/* The array with room for one more; as it was, and `is_full`, without memory. */
static void *grown(struct rt_reading *reading, void *array, uint32_t *room, uint32_t count,
                   size_t size)
{
    if (count < *room)
        return array;
    uint32_t wanted = *room + *room / 2 + 64;
    void *more = realloc(array, wanted * size);
    reading->is_full |= !more;
    if (!more)
        return array;
    *room = wanted;
    return more;
}

static void add_entry(struct rt_reading *to, const struct rt_key *key, struct rt_outcome outcome)
{
    to->entries = grown(to, to->entries, &to->entry_room, to->entry_count, sizeof *to->entries);
    if (to->is_full)
        return;
    struct rt_entry *entry = &to->entries[to->entry_count++];
    *entry = rt_entry_of(key);
    entry->outcome = outcome;
}

static void add_range(struct rt_reading *to, const struct rt_provision *row,
                      struct rt_outcome outcome)
{
    to->ranges = grown(to, to->ranges, &to->range_room, to->range_count, sizeof *to->ranges);
    if (!to->is_full)
        to->ranges[to->range_count++] = (struct rt_range){row->low, row->high, outcome};
}

static void add_wild(struct rt_reading *to, struct rt_wildcard *wildcard, struct rt_outcome outcome)
{
    to->wilds = grown(to, to->wilds, &to->wild_room, to->wild_count, sizeof *to->wilds);
    if (to->is_full)
        rt_wildcard_free(wildcard);
    else
        to->wilds[to->wild_count++] =
            (struct rt_wild){rt_wildcard_host_of(wildcard), wildcard, outcome};
}

static void add_user(struct rt_reading *to, struct rt_user_row row)
{
    to->users = grown(to, to->users, &to->user_room, to->user_count, sizeof *to->users);
    if (!to->is_full)
        to->users[to->user_count++] = row;
}

/* --- columns --- */

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

static bool has_control_characters(dm_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x20 || text.at[i] == 0x7f)
            return true;
    return false;
}

/* What is wrong with any field, or NULL. */
static const char *fault_of(const struct rt_csv_field *field)
{
    dm_bytes text = field->text;
    if (text.size > 0 && !field->is_quoted &&
        (is_blank(text.at[0]) || is_blank(text.at[text.size - 1])))
        return "blanks belong to a field: if they are meant, put it in quotes";
    return has_control_characters(text) ? "a control character" : NULL;
}

static bool check_fields(struct compiling *it)
{
    const struct rt_csv_row *row = it->row;
    if (row->count > COLUMNS)
        mistake(it, COLUMNS, "a row has three fields at most, identity,target,user");
    for (uint32_t i = 0; i < row->count && i < COLUMNS; i++) {
        const char *why = fault_of(&row->fields[i]);
        if (why)
            mistake(it, (int)i, why);
        if (why)
            return false;
    }
    return row->count <= COLUMNS;
}

/* The place of the target among the names, whether it is known or not; 0: none. */
static uint16_t read_target(struct compiling *it)
{
    const struct rt_csv_row *row = it->row;
    dm_bytes name = row->count > TARGET ? row->fields[TARGET].text : (dm_bytes){0};
    if (name.size == 0) {
        mistake(it, row->count > TARGET ? TARGET : IDENTITY, "names no pool, group or peer");
        return 0;
    }
    bool is_new;
    struct rt_interning *targets = &it->reading.targets;
    uint16_t place = rt_intern(targets, name, &is_new);
    if (!place) {
        mistake(it, TARGET, "one target more than there can be");
        return 0;
    }
    struct rt_interned *target = &targets->at[place - 1];
    if (is_new) {
        target->line = row->line;
        target->column = row->fields[TARGET].column;
        if (!it->names->find(it->names->context, name, &target->target))
            target->target = (struct rt_target){0};
    }
    if (target->target.kind == RT_TARGET_NONE)
        mistake(it, TARGET, "there is no such pool, group or peer");
    return place;
}

/* The third column, which all rows of one user share. */
static void read_user(struct compiling *it, struct rt_outcome *outcome)
{
    if (it->row->count <= USER || it->row->fields[USER].text.size == 0)
        return;
    struct rt_key key;
    rt_key_other(&key, it->row->fields[USER].text);
    uint64_t hash = rt_key_hash(&key);
    outcome->user = hash ? hash : 1; /* 0 is nobody */
    outcome->slot = rt_slot(&key, it->seed);
    add_user(&it->reading, (struct rt_user_row){outcome->user, outcome->line,
                                                it->row->fields[USER].column, outcome->target});
}

static void read_wildcard(struct compiling *it, struct rt_outcome outcome)
{
    if (it->reading.wild_count == WILDCARDS_MAX) {
        mistake(it, IDENTITY, "more than 1024 wildcarded identities");
        return;
    }
    const char *why;
    struct rt_wildcard *wildcard =
        rt_wildcard_new(it->row->fields[IDENTITY].text, it->domains, &why);
    if (wildcard)
        add_wild(&it->reading, wildcard, outcome);
    else
        mistake(it, IDENTITY, why);
}

/* A row whose target is wrong is looked at to its end, too. */
static void read_row(struct compiling *it)
{
    struct rt_provision row;
    if (it->row->fields[IDENTITY].text.size == 0)
        mistake(it, IDENTITY, "an identity is wanted here");
    if (it->row->fields[IDENTITY].text.size == 0 || !check_fields(it))
        return;
    struct rt_outcome outcome = {.line = it->row->line, .target = read_target(it)};
    const char *why = rt_provision_read(&row, it->row->fields[IDENTITY].text, it->domains);
    if (why)
        mistake(it, IDENTITY, why);
    if (why || !outcome.target)
        return;
    read_user(it, &outcome);
    if (row.kind == RT_ROW_PREFIX)
        it->reading.prefixes |= 1u << row.digits;
    if (row.kind == RT_ROW_RANGE)
        add_range(&it->reading, &row, outcome);
    else if (row.kind == RT_ROW_WILDCARD)
        read_wildcard(it, outcome);
    else
        add_entry(&it->reading, &row.key, outcome);
}

/* --- the table --- */

static void read_rows(struct compiling *it, dm_bytes csv)
{
    struct rt_csv walk;
    struct rt_csv_row row;
    rt_csv_init(&walk, csv);
    it->row = &row;
    while (!it->reading.is_full && rt_csv_next(&walk, &row)) {
        if (row.why)
            rt_mistake(&it->reading.mistakes, row.line, row.column, "%s", row.why);
        else
            read_row(it);
    }
    it->row = NULL;
}

static void reading_fini(struct rt_reading *reading)
{
    for (uint32_t i = 0; i < reading->wild_count; i++)
        rt_wildcard_free(reading->wilds[i].wildcard);
    rt_interning_fini(&reading->targets);
    rt_mistakes_fini(&reading->mistakes);
    free(reading->entries);
    free(reading->ranges);
    free(reading->wilds);
    free(reading->users);
}

struct rt_rows *rt_rows_compile(const char *file, dm_bytes csv, uint64_t seed,
                                const struct rt_domains *domains,
                                const struct rt_target_names *names, FILE *complaints)
{
    struct compiling it = {.seed = seed, .domains = domains, .names = names};
    read_rows(&it, csv);
    struct rt_rows *rows = it.reading.is_full ? NULL : rt_rows_build(&it.reading);
    if (!rows || it.reading.is_full)
        fprintf(complaints, "%s: not enough memory\n", file);
    bool is_good = rows && !it.reading.is_full && it.reading.mistakes.count == 0;
    rt_mistakes_write(&it.reading.mistakes, file, complaints);
    reading_fini(&it.reading);
    if (is_good)
        return rows;
    rt_rows_free(rows);
    return NULL;
}
