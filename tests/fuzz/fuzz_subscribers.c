/* fuzz_subscribers.c — any octets are a table of subscribers or have mistakes, each of one line
 * with its place; every exact row of a table is found. */
#include <stdio.h>
#include <stdlib.h>

#include "routing/csv.h"
#include "routing/pool.h"
#include "routing/provision.h"
#include "routing/subscribers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const dm_bytes domain = {(const uint8_t *)"core.example", 12};
static const struct rt_domains domains = {1, &domain, NULL};

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

/* Pools of one letter, groups "a/1", peers of more letters. */
static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    (void)context;
    uint32_t first = name.at[0];
    if (first < 'a' || first > 'z')
        return false;
    if (name.size == 1)
        *target = (struct rt_target){RT_TARGET_POOL, first, 0};
    else if (name.at[1] == '/')
        *target = (struct rt_target){RT_TARGET_GROUP, first, (uint32_t)name.size};
    else
        *target = (struct rt_target){RT_TARGET_PEER, 0, (uint32_t)name.size};
    return true;
}

static const struct rt_target_names names = {NULL, find_target};

static void claim_complaints(const char *text)
{
    claim(*text != '\0');
    for (; *text; text = strchr(text, '\n') + 1) {
        claim(strncmp(text, "F:", 2) == 0);
        claim(strchr(text, '\n') != NULL);
    }
}

/* The row of the walk is what the table says of its identity. */
static void claim_row(const struct rt_subscribers *table, const struct rt_csv_row *row)
{
    struct rt_provision identity;
    struct rt_subscriber found;
    struct rt_target target;
    const char *how;
    claim(!row->why && row->count >= 2 && row->count <= 3);
    claim(rt_provision_read(&identity, row->fields[0].text, &domains) == NULL);
    if (identity.kind != RT_ROW_EXACT)
        return;
    claim(rt_subscribers_find(table, &identity.key, &found, &how));
    claim(strcmp(how, "exact") == 0);
    claim(find_target(NULL, row->fields[1].text, &target));
    claim(found.target.kind == target.kind && found.target.pool == target.pool &&
          found.target.number == target.number);
    bool has_user = row->count == 3 && row->fields[2].text.size > 0;
    claim((found.user != 0) == has_user);
}

static void claim_table(const struct rt_rows *rows, dm_bytes csv)
{
    struct rt_subscribers *table = rt_subscribers_new(rows, "F", &names, stderr);
    claim(table != NULL);
    struct rt_csv walk;
    struct rt_csv_row row;
    uint32_t count = 0;
    for (rt_csv_init(&walk, csv); rt_csv_next(&walk, &row); count++)
        claim_row(table, &row);
    claim(rt_rows_count(rows) <= count);
    struct rt_key key;
    struct rt_subscriber found;
    rt_key_public(&key, dm_text("tel:+4930123"), &domains);
    (void)rt_subscribers_find(table, &key, &found, NULL);
    rt_key_public(&key, dm_text("sip:chatlist1@core.example"), &domains);
    (void)rt_subscribers_find(table, &key, &found, NULL);
    rt_subscribers_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *complaints = NULL;
    size_t length = 0;
    dm_bytes csv = dm_bytes_of(data, size);
    FILE *to = open_memstream(&complaints, &length);
    struct rt_rows *rows = rt_rows_compile("F", csv, 7, &domains, &names, to);
    fclose(to);
    if (rows)
        claim_table(rows, csv);
    else
        claim_complaints(complaints);
    rt_rows_free(rows);
    free(complaints);
    return 0;
}
