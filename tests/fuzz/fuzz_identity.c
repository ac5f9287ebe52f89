/* fuzz_identity.c — any identity has one key, never longer than the room; that key, as a URI, is
 * its own.
 *
 * The first octet says what the others are. */
#include <assert.h>
#include <stdio.h>

#include "routing/identity.h"

static void assert_key(const struct rt_key *key, size_t size)
{
    assert(key->size <= RT_KEY_MAX);
    assert((key->size == 0) == (size == 0));
}

static size_t write_user(char *uri, const uint8_t *at, const uint8_t *end)
{
    size_t size = 0;
    for (; at < end; at++)
        size += (size_t)sprintf(uri + size, "%%%02x", *at);
    return size;
}

/* A URI that has this key, which is public or a number. */
static size_t write_uri(char *uri, const struct rt_key *key)
{
    const uint8_t *end = key->octets + key->size;
    const uint8_t *rest = key->octets + 1;
    const uint8_t *nought = memchr(key->octets, 0, key->size);
    size_t size = (size_t)sprintf(uri, nought ? "sip:" : key->octets[0] == 'N' ? "tel:+" : "tel:");
    if (nought) {
        size += write_user(uri + size, rest, nought);
        uri[size++] = '@';
        rest = nought + 1;
    }
    memcpy(uri + size, rest, (size_t)(end - rest));
    return size + (size_t)(end - rest);
}

static void check_public(dm_bytes identity)
{
    static const uint8_t core[] = "core.example";
    dm_bytes domain = {core, sizeof core - 1};
    struct rt_domains domains = {1, &domain, NULL};
    struct rt_key key, again;
    rt_key_public(&key, identity, &domains);
    assert_key(&key, identity.size);
    rt_key_public(&key, identity, NULL);
    assert_key(&key, identity.size);
    if (key.size == 0 || key.octets[0] == 'X' || key.size == RT_KEY_MAX)
        return;
    char uri[3 * RT_KEY_MAX + 8];
    rt_key_public(&again, dm_bytes_of(uri, write_uri(uri, &key)), NULL);
    assert(again.size == key.size && memcmp(again.octets, key.octets, key.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct rt_key key;
    dm_bytes identity = dm_bytes_of(data + 1, size - 1);
    switch (data[0]) {
    case 'I':
        rt_key_private(&key, identity, dm_text("core.example"));
        assert_key(&key, identity.size);
        break;
    case 'N':
        rt_key_msisdn(&key, identity);
        assert_key(&key, identity.size);
        break;
    default:
        check_public(identity);
    }
    return 0;
}
