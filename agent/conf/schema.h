/* schema.h — the configuration as a JSON Schema (draft 2020-12), from keys.def. */
#pragma once

#include <jansson.h>

/* A new reference. */
json_t *conf_schema(void);
