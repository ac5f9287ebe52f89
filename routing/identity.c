/* identity.c — whom a request is about, as a key.
 *
 * users.def says which AVP names the user in which command; identity_uri.c and identity_number.c
 * make public identities into keys, this file the others. sip-app §8, §9.4, §9.5. */
#include "routing/identity.h"

#include <xxhash.h>

#include "routing/derive.h"
#include "routing/uri.h"

uint64_t rt_key_hash(const struct rt_key *key)
{
    return XXH3_64bits(key->octets, key->size);
}

uint64_t rt_key_hash_as(const struct rt_key *key, enum rt_kind kind)
{
    struct rt_key other;
    if (key->size == 0)
        return rt_key_hash(key);
    memcpy(other.octets, key->octets, key->size);
    other.octets[0] = (uint8_t)kind;
    other.size = key->size;
    return rt_key_hash(&other);
}

static void key_copy(struct rt_key *key, enum rt_kind kind, dm_bytes octets)
{
    key->size = 0;
    if (octets.size == 0)
        return;
    struct rt_key_writer writer;
    rt_key_open(&writer, key, kind);
    rt_key_put_bytes(&writer, octets);
    rt_key_close(&writer);
}

void rt_key_session(struct rt_key *key, dm_bytes session_id)
{
    key_copy(key, RT_KIND_SESSION, session_id);
}

void rt_key_wildcard(struct rt_key *key, dm_bytes text)
{
    key_copy(key, RT_KIND_WILDCARD, text);
}

void rt_key_other(struct rt_key *key, dm_bytes octets)
{
    key_copy(key, RT_KIND_OTHER, octets);
}

/* A Network Access Identifier. */
struct nai {
    dm_bytes user;
    dm_bytes realm;
};

static struct nai nai_split(dm_bytes user_name)
{
    const uint8_t *at_sign = memrchr(user_name.at, '@', user_name.size);
    if (!at_sign)
        return (struct nai){.user = user_name};
    size_t size = (size_t)(at_sign - user_name.at);
    return (struct nai){rt_before(user_name, size), rt_after(user_name, size + 1)};
}

/* "home!user@visited" is user@home, again and again. RFC 5729 §4.4, RFC 4282 §2.7. */
static void nai_undecorate(struct nai *nai)
{
    for (;;) {
        size_t bang = rt_index(nai->user, '!');
        if (bang == 0 || bang + 1 >= nai->user.size)
            return;
        nai->realm = rt_before(nai->user, bang);
        nai->user = rt_after(nai->user, bang + 1);
    }
}

void rt_key_private(struct rt_key *key, dm_bytes user_name, dm_bytes realm)
{
    key->size = 0;
    if (user_name.size == 0)
        return;
    struct nai nai = nai_split(user_name);
    nai_undecorate(&nai);
    struct rt_key_writer writer;
    rt_key_open(&writer, key, RT_KIND_PRIVATE);
    rt_key_put_bytes(&writer, nai.user);
    rt_key_put(&writer, 0);
    rt_key_put_lower(&writer, nai.realm.size > 0 ? nai.realm : realm);
    rt_key_close(&writer);
}

enum naming { NOBODY, PUBLIC, PRIVATE, USER_IDENTITY };

struct order {
    enum naming first;
    enum naming second;
};

/* The SIP-Method of a MAR of RFC 4740; of no matter elsewhere. */
enum method { ANY, REGISTER, OTHER, MISSING };

enum { SIP_MAR = 286 };

static enum method method_of(const struct rt_query *query)
{
    if (query->header.application != RT_APPLICATION_SIP || query->header.command != SIP_MAR)
        return ANY;
    if (query->sip_method.size == 0)
        return MISSING;
    return dm_bytes_equal(query->sip_method, dm_text("REGISTER")) ? REGISTER : OTHER;
}

static const struct row {
    uint32_t application;
    uint32_t command;
    enum method method;
    struct order order;
} rows[] = {
#define USER(application, command, name, method, first, second)                                    \
    {application, command, method, {first, second}},
#include "routing/users.def"
#undef USER
};

static struct order order_of(const struct rt_query *query)
{
    enum method method = method_of(query);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        if (row->command == query->header.command &&
            row->application == query->header.application && row->method == method)
            return row->order;
    }
    return (struct order){PUBLIC, PRIVATE};
}

/* 29.329 §6.3.1: one of three. Damage in the group is the server's to refuse. */
static void key_of_group(struct rt_key *key, dm_bytes group, const struct rt_domains *domains)
{
    struct dm_avp avp;
    if (group.size == 0)
        return;
    if (dm_avp_find_in(group, RT_VENDOR_3GPP, RT_AVP_PUBLIC_IDENTITY, &avp))
        rt_key_public(key, avp.data, domains);
    else if (dm_avp_find_in(group, RT_VENDOR_3GPP, RT_AVP_MSISDN, &avp))
        rt_key_msisdn(key, avp.data);
    else if (dm_avp_find_in(group, RT_VENDOR_3GPP, RT_AVP_EXTERNAL_IDENTIFIER, &avp))
        rt_key_other(key, avp.data);
}

static void key_by(struct rt_key *key, enum naming naming, const struct rt_query *query,
                   const struct rt_domains *domains)
{
    key->size = 0;
    switch (naming) {
    case NOBODY:
        break;
    case PUBLIC:
        rt_key_public(key, query->public_identity, domains);
        break;
    case PRIVATE:
        rt_key_private(key, query->user_name, query->destination_realm);
        (void)rt_derive_public(key, domains); /* where no rule does, it stays private */
        break;
    case USER_IDENTITY:
        key_of_group(key, query->user_identity, domains);
        break;
    }
}

void rt_key_of(struct rt_key *key, const struct rt_query *query, const struct rt_domains *domains)
{
    struct order order = order_of(query);
    key_by(key, order.first, query, domains);
    if (key->size == 0)
        key_by(key, order.second, query, domains);
    if (key->size == 0)
        rt_key_session(key, query->session_id);
}

void rt_key_second(struct rt_key *key, const struct rt_query *query,
                   const struct rt_domains *domains)
{
    struct order order = order_of(query);
    key->size = 0;
    if (order.second != PRIVATE || query->user_name.size == 0)
        return;
    bool has_first =
        order.first == USER_IDENTITY ? query->user_identity.size : query->public_identity.size;
    if (has_first)
        key_by(key, order.second, query, domains);
}
