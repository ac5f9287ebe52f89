/* built.c — built.def as a set, and the keys that go with it. */
#include "agent/conf/built.h"

unsigned conf_built =
#define BUILT(feature, is_built) ((unsigned)(is_built) << CONF_HAS_##feature) |
#include "agent/conf/built.def"
#undef BUILT
    0;

#define BIT(feature) (1U << CONF_HAS_##feature)

static const struct {
    enum conf_map map;
    const char *key;   /* NULL: all of its keys */
    unsigned features; /* any of these will do */
} gated[] = {
    {CONF_ROOT, "tls", BIT(tls) | BIT(dtls)},     {CONF_ROOT, "sctp", BIT(sctp) | BIT(dtls)},
    {CONF_ROOT, "dns", BIT(names) | BIT(realms)}, {CONF_TLS_MAP, NULL, BIT(tls) | BIT(dtls)},
    {CONF_SCTP_MAP, NULL, BIT(sctp) | BIT(dtls)}, {CONF_RTO, NULL, BIT(sctp) | BIT(dtls)},
    {CONF_DNS, NULL, BIT(names) | BIT(realms)},   {CONF_CONNECT, "udp_port", BIT(sctp) | BIT(dtls)},
};

bool conf_is_built(enum conf_feature feature)
{
    return conf_built & 1U << feature;
}

bool conf_key_is_built(const struct conf_key *key)
{
    for (size_t i = 0; i < sizeof gated / sizeof *gated; i++)
        if (gated[i].map == key->map && (!gated[i].key || strcmp(gated[i].key, key->name) == 0))
            return conf_built & gated[i].features;
    return true;
}
