/* wildcard.c — wildcarded public identities.
 *
 * What is fixed is made canonical by the code that makes keys: once as an identity of the prefix
 * alone, once of the suffix alone. */
#include "routing/wildcard.h"

#include <stdlib.h>

#include "routing/pattern.h"
#include "routing/uri.h"

enum { IDENTITY_MAX = 512 };

struct wildcard_text {
    dm_bytes scheme; /* with its colon */
    dm_bytes prefix;
    dm_bytes pattern;
    dm_bytes suffix;
    dm_bytes host; /* from the '@' on; of tel: from the first parameter on */
};

struct rt_wildcard {
    struct rt_key prefix; /* the key of the identity without pattern and suffix: its user part */
    size_t prefix_size;   /* of the user part */
    struct rt_key suffix;
    size_t suffix_size;
    struct rt_pattern *pattern; /* NULL: anything */
};

/* The last `octet`, or the size. */
static size_t last_index(dm_bytes text, uint8_t octet)
{
    const uint8_t *found = text.size > 0 ? memrchr(text.at, octet, text.size) : NULL;
    return found ? (size_t)(found - text.at) : text.size;
}

/* The user part may hold any octet, the host no '@'. */
static bool split(dm_bytes identity, struct wildcard_text *text)
{
    size_t colon = rt_index(identity, ':');
    bool is_tel = rt_is_word(rt_before(identity, colon), "tel");
    if (colon == identity.size || (!is_tel && !rt_is_word(rt_before(identity, colon), "sip") &&
                                   !rt_is_word(rt_before(identity, colon), "sips")))
        return false;
    text->scheme = rt_before(identity, colon + 1);
    dm_bytes rest = rt_after(identity, colon + 1);
    dm_bytes user = is_tel ? rest : rt_before(rest, last_index(rest, '@'));
    size_t first = rt_index(user, '!');
    size_t last = last_index(user, '!');
    if (user.size == 0 || (!is_tel && user.size == rest.size) || first >= last)
        return false;
    text->prefix = rt_before(user, first);
    text->pattern = rt_after(rt_before(user, last), first + 1);
    dm_bytes behind = rt_after(user, last + 1);
    text->suffix = is_tel ? rt_before(behind, rt_index(behind, ';')) : behind;
    text->host = rt_after(rest, last + 1 + text->suffix.size);
    return true;
}

bool rt_wildcard_is(dm_bytes identity)
{
    struct wildcard_text text;
    return split(identity, &text);
}

static size_t put(char *to, dm_bytes octets)
{
    if (octets.size > 0)
        memcpy(to, octets.at, octets.size);
    return octets.size;
}

/* The key of the identity that has `part` as its user part. */
static void key_of_part(struct rt_key *key, const struct wildcard_text *text, dm_bytes part,
                        const struct rt_domains *domains)
{
    char identity[IDENTITY_MAX + 2];
    size_t size = put(identity, text->scheme);
    size += put(identity + size, part);
    size += put(identity + size, text->host);
    rt_key_public(key, dm_bytes_of(identity, size), domains);
}

/* Octets of the user part of a public key, or of a number without its extensions. */
static size_t user_size(const struct rt_key *key)
{
    dm_bytes octets = dm_bytes_of(key->octets + 1, key->size - 1u);
    return key->octets[0] == RT_KIND_NUMBER ? rt_index(octets, ';') : last_index(octets, 0);
}

static bool is_digits(dm_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

/* Behind the digits of a number only digits can be fixed. */
static bool take_number(struct rt_wildcard *it, const struct wildcard_text *text)
{
    it->prefix_size = user_size(&it->prefix);
    it->suffix_size = text->suffix.size;
    it->suffix.octets[0] = RT_KIND_NUMBER;
    it->suffix.size = (uint16_t)(1 + it->suffix_size);
    (void)put((char *)it->suffix.octets + 1, text->suffix);
    return is_digits(text->suffix);
}

/* The key of what is before the pattern. "+" alone is no number yet, but would be one with any
 * digit. */
static void key_of_prefix(struct rt_key *key, const struct wildcard_text *text,
                          const struct rt_domains *domains)
{
    static const struct rt_key any_number = {1, {RT_KIND_NUMBER}};
    bool is_plus = dm_bytes_equal(text->prefix, dm_text("+"));
    key_of_part(key, text, is_plus ? dm_text("+0") : text->prefix, domains);
    if (is_plus && key->octets[0] == RT_KIND_NUMBER)
        *key = any_number;
    else if (is_plus)
        key_of_part(key, text, text->prefix, domains);
}

static bool take_fixed(struct rt_wildcard *it, const struct wildcard_text *text,
                       const struct rt_domains *domains)
{
    key_of_prefix(&it->prefix, text, domains);
    if (it->prefix.octets[0] == RT_KIND_NUMBER)
        return take_number(it, text);
    key_of_part(&it->suffix, text, text->suffix, domains);
    it->prefix_size = user_size(&it->prefix);
    it->suffix_size = user_size(&it->suffix);
    return it->prefix.octets[0] == RT_KIND_PUBLIC && it->suffix.octets[0] == RT_KIND_PUBLIC &&
           1 + it->prefix_size < it->prefix.size && 1 + it->suffix_size < it->suffix.size;
}

struct rt_wildcard *rt_wildcard_new(dm_bytes identity, const struct rt_domains *domains,
                                    const char **why)
{
    struct wildcard_text text;
    *why = "no wildcarded identity of at most 512 octets";
    if (identity.size > IDENTITY_MAX || !split(identity, &text))
        return NULL;
    struct rt_wildcard *it = calloc(1, sizeof *it);
    if (!it) {
        *why = "no memory";
        return NULL;
    }
    bool is_good = take_fixed(it, &text, domains);
    bool is_any = dm_bytes_equal(text.pattern, dm_text(".*"));
    if (is_good && !is_any)
        is_good = (it->pattern = rt_pattern_new(text.pattern, true, why)) != NULL;
    else if (!is_good)
        *why = "what is fixed in it is no SIP or global tel URI";
    if (is_good)
        return it;
    free(it);
    return NULL;
}

void rt_wildcard_free(struct rt_wildcard *wildcard)
{
    if (!wildcard)
        return;
    rt_pattern_free(wildcard->pattern);
    free(wildcard);
}

size_t rt_wildcard_prefix(const struct rt_wildcard *wildcard)
{
    return wildcard->prefix_size;
}

uint64_t rt_wildcard_host(const struct rt_key *key)
{
    if (key->octets[0] != RT_KIND_PUBLIC)
        return key->octets[0];
    size_t user = user_size(key);
    return XXH3_64bits(key->octets + 1 + user, key->size - (1 + user));
}

uint64_t rt_wildcard_host_of(const struct rt_wildcard *wildcard)
{
    return rt_wildcard_host(&wildcard->prefix);
}

/* Are these the octets of both keys behind their user parts: the host? */
static bool has_host_of(const struct rt_wildcard *it, const struct rt_key *key, size_t user)
{
    if (key->octets[0] == RT_KIND_NUMBER)
        return true;
    size_t at = 1 + it->prefix_size;
    size_t size = it->prefix.size - at;
    return key->size - (1 + user) == size &&
           memcmp(key->octets + 1 + user, it->prefix.octets + at, size) == 0;
}

bool rt_wildcard_matches(const struct rt_wildcard *wildcard, const struct rt_key *key)
{
    if (key->size == 0 || key->octets[0] != wildcard->prefix.octets[0])
        return false;
    size_t user = user_size(key);
    size_t fixed = wildcard->prefix_size + wildcard->suffix_size;
    const uint8_t *at = key->octets + 1;
    if (user < fixed || !has_host_of(wildcard, key, user) ||
        memcmp(at, wildcard->prefix.octets + 1, wildcard->prefix_size) != 0 ||
        memcmp(at + user - wildcard->suffix_size, wildcard->suffix.octets + 1,
               wildcard->suffix_size) != 0)
        return false;
    return !wildcard->pattern ||
           rt_pattern_match(wildcard->pattern,
                            dm_bytes_of(at + wildcard->prefix_size, user - fixed), NULL, 0);
}
