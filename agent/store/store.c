/* store.c — which store the configuration asks for. */
#include "agent/store/store.h"

#include "agent/conf/conf.h"
#include "agent/store/redis.h"

struct store *store_new(const struct conf *conf)
{
    return conf->bindings.in_redis ? store_redis_new(conf) : store_memory_new(conf);
}

void store_free(struct store *store)
{
    if (store)
        store->methods->free(store);
}
