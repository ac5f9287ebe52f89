/* derive.c — public identities by rule. */
#include "routing/derive.h"

/* "user@realm" of a private key, whose parts an octet 0 divides. False for a key that was
 * shortened: it has lost its end. */
static bool write_name(const struct rt_key *key, uint8_t name[RT_KEY_MAX], size_t *size)
{
    if (key->size < 2 || key->size >= RT_KEY_MAX || key->octets[0] != RT_KIND_PRIVATE)
        return false;
    *size = key->size - 1u;
    memcpy(name, key->octets + 1, *size);
    uint8_t *between = memrchr(name, 0, *size);
    if (between)
        *between = '@';
    return between != NULL;
}

static bool apply(const struct rt_derive_rule *rule, dm_bytes name, struct rt_key *key,
                  const struct rt_domains *domains)
{
    uint8_t identity[2 * RT_KEY_MAX];
    size_t size;
    struct rt_key derived;
    if (!rt_pattern_replace(rule->private_name, name, rule->public_name, identity, sizeof identity,
                            &size))
        return false;
    rt_key_public(&derived, dm_bytes_of(identity, size), domains);
    if (derived.size == 0 || derived.octets[0] == RT_KIND_OTHER)
        return false;
    key->size = derived.size;
    memcpy(key->octets, derived.octets, derived.size);
    return true;
}

bool rt_derive_public(struct rt_key *key, const struct rt_domains *domains)
{
    uint8_t name[RT_KEY_MAX];
    size_t size;
    if (!domains || !domains->derive || !write_name(key, name, &size))
        return false;
    const struct rt_derive *derive = domains->derive;
    for (size_t i = 0; i < derive->count; i++)
        if (apply(&derive->rules[i], dm_bytes_of(name, size), key, domains))
            return true;
    return false;
}
