/* suggest.h — did you mean …? */
#pragma once

#include "agent/conf/names.h"

/* The nearest of `words` to `text`, or NULL if none is near: at most a third of its letters away.
 */
const char *conf_suggest(const char *text, const char *const *words, size_t count);
/* The nearest of the names; NULL also where there are too many to look at. */
const char *conf_suggest_name(const struct conf_names *names, const char *text);
