/* conf_keys.c — what is said of the keys elsewhere stays true: the manual and the full example. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/key.h"

#define MANUAL TEST_DATA "/../../docs/man/antipode.yaml.5.scd"
#define FULL   TEST_DATA "/conf/full.yaml"

enum { TEXT_MAX = 65536 };

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, TEXT_MAX);
    size_t size = fread(text, 1, TEXT_MAX - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* Is every key in the file, between these two? */
static void claim_all_keys(const char *path, const char *before, const char *after)
{
    char *text = text_of(path);
    for (size_t i = 0; i < conf_key_count; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%s%s%s", before, conf_keys[i].name, after);
        cr_assert_not_null(strstr(text, wanted), "%s is not in %s", wanted, path);
    }
    free(text);
}

Test(conf_keys, the_full_example_has_every_key)
{
    claim_all_keys(FULL, "", ":");
}

Test(conf_keys, the_manual_has_every_key_of_the_program_and_of_peers_pools_and_routes)
{
    char *text = text_of(MANUAL);
    for (size_t i = 0; i < conf_key_count; i++) {
        char word[64];
        char within[64];
        snprintf(word, sizeof word, "*%s*", conf_keys[i].name);
        snprintf(within, sizeof within, "%s: ", conf_keys[i].name);
        cr_assert(strstr(text, word) || strstr(text, within), "%s", conf_keys[i].name);
    }
    free(text);
}

Test(conf_keys, the_manual_has_the_defaults_and_ranges_of_timers_and_limits)
{
    char *text = text_of(MANUAL);
    for (size_t i = 0; i < conf_key_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        char wanted[128];
        snprintf(wanted, sizeof wanted, "|  *%s*\n:  %s\n:  %s to %s\n", key->name, key->fallback,
                 key->least, key->most);
        bool is_row = (key->map == CONF_TIMERS || key->map == CONF_LIMITS) && key->least;
        cr_assert(!is_row || strstr(text, wanted), "%s", wanted);
    }
    free(text);
}

Test(conf_keys, the_example_of_the_manual_is_a_configuration)
{
    char *text = text_of(MANUAL);
    char *start = strstr(strstr(text, "\n# EXAMPLE"), "\n```\n");
    cr_assert_not_null(start);
    start += 5;
    char *end = strstr(start, "```");
    struct conf *conf = conf_load_octets("manual", start, (size_t)(end - start), stderr);
    cr_assert_not_null(conf);
    conf_free(conf);
    free(text);
}
