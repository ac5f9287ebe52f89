/* schema_json.h — the pieces of a JSON Schema. Each gives a new reference, and takes those it is
 * given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define SCHEMA_LABELS   "[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*"
#define SCHEMA_IDENTITY "^" SCHEMA_LABELS "$"
#define SCHEMA_PATTERN  "^([*]|([*][.])?" SCHEMA_LABELS ")$"

enum { SCHEMA_NAME_MAX = 255 };

/* json_pack and json_loads with what is built here only: they never fail. */
json_t *schema_made(json_t *json);
json_t *schema_text_of_pattern(const char *pattern);
json_t *schema_integer(uint64_t least, uint64_t most);
/* As the file writes them: "64KiB". */
json_t *schema_integer_of(const char *least, const char *most);
json_t *schema_any_of(json_t *first, json_t *second);
json_t *schema_word(const char *text);
/* Of at least and at most so many; 0: any number. */
json_t *schema_list(json_t *items, int least, int most);
/* "relay|proxy" as an enum. */
json_t *schema_words(const char *words);
/* An application by name or number. */
json_t *schema_application(bool with_relay);
