/* built.h — is it there already? See built.def. The transports come first, in the order of
 * enum conf_transport. */
#pragma once

#include "agent/conf/key.h"

enum conf_feature {
#define BUILT(feature, is_built) CONF_HAS_##feature,
#include "agent/conf/built.def"
#undef BUILT
};

/* A bit for each feature. Tests of what is being built set theirs. */
extern unsigned conf_built;

bool conf_is_built(enum conf_feature feature);
/* A key without anything that it is for is refused. */
bool conf_key_is_built(const struct conf_key *key);
