/* schema_values.c — shapes of single values, and of lists of them. */
#include <stdlib.h>

#include "agent/conf/schema_shape.h"

enum { COMMAND_MAX = 0xffffff };

/* --- text --- */

static json_t *version(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:i}", "const", 1));
}

static json_t *text(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength",
                                 SCHEMA_NAME_MAX));
}

static json_t *identity(const struct schema_asked *asked)
{
    (void)asked;
    return schema_text_of_pattern(SCHEMA_IDENTITY);
}

static json_t *pattern(const struct schema_asked *asked)
{
    (void)asked;
    return schema_text_of_pattern(SCHEMA_PATTERN);
}

static json_t *path_from_root(const struct schema_asked *asked)
{
    (void)asked;
    return schema_any_of(schema_word("none"), schema_text_of_pattern("^/.+$"));
}

static json_t *public_name(const struct schema_asked *asked)
{
    (void)asked;
    return schema_text_of_pattern("^(sips?|tel):.+$");
}

static json_t *expression(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:s, s:s}", "type", "string", "pattern", "^/.*/$"));
}

static json_t *avp(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:s, s:i}", "type", "string", "minLength", 1));
}

/* A value of an AVP: text, or a number without quotes. */
static json_t *avp_value(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:[s, s, s]}", "type", "string", "number", "boolean"));
}

/* --- words --- */

static json_t *words(const struct schema_asked *asked)
{
    return schema_words(asked->key->words);
}

static json_t *boolean(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:s}", "type", "boolean"));
}

/* --- measures --- */

static json_t *number(const struct schema_asked *asked)
{
    return schema_integer_of(asked->key->least, asked->key->most);
}

static json_t *number_or_none(const struct schema_asked *asked)
{
    return schema_any_of(schema_word("none"), number(asked));
}

static json_t *workers(const struct schema_asked *asked)
{
    return schema_any_of(schema_word("auto"), number(asked));
}

static json_t *range_of(const struct conf_key *key)
{
    return schema_made(json_sprintf("%s to %s", key->least, key->most));
}

static json_t *duration(const struct schema_asked *asked)
{
    return schema_made(json_pack("{s:s, s:s, s:o}", "type", "string", "pattern",
                                 "^[0-9]+(ms|s|m|h|d)$", "description", range_of(asked->key)));
}

static json_t *size(const struct schema_asked *asked)
{
    json_t *with_unit =
        schema_made(json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]+(KiB|MiB|GiB)$"));
    json_t *json = schema_any_of(number(asked), with_unit);
    json_object_set_new(json, "description", range_of(asked->key));
    return json;
}

/* A Result-Code, or "VENDOR:CODE". */
static json_t *result(const struct schema_asked *asked)
{
    return schema_any_of(number(asked), schema_text_of_pattern("^[0-9]+:[3-5][0-9]{3}$"));
}

/* --- addresses --- */

static json_t *address(const struct schema_asked *asked)
{
    (void)asked;
    return schema_made(json_pack("{s:s, s:[{s:s}, {s:s}]}", "type", "string", "anyOf", "format",
                                 "ipv4", "format", "ipv6"));
}

static json_t *addresses(const struct schema_asked *asked)
{
    return schema_any_of(address(asked), schema_list(address(asked), 1, CONF_ADDRESSES_MAX));
}

/* A name is a text like another. */
static json_t *host(const struct schema_asked *asked)
{
    return schema_any_of(text(asked), schema_list(address(asked), 1, CONF_ADDRESSES_MAX));
}

static json_t *network(const struct schema_asked *asked)
{
    (void)asked;
    return schema_text_of_pattern("^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$");
}

/* --- lists --- */

static json_t *application(const struct schema_asked *asked)
{
    (void)asked;
    return schema_application(false);
}

static json_t *application_or_relay(const struct schema_asked *asked)
{
    (void)asked;
    return schema_application(true);
}

static json_t *command(const struct schema_asked *asked)
{
    (void)asked;
    return schema_any_of(schema_text_of_pattern("^[A-Z]+$"), schema_integer(0, COMMAND_MAX));
}

static json_t *retried_result(const struct schema_asked *asked)
{
    return schema_any_of(schema_word("timeout"), number(asked));
}

static json_t *uri(const struct schema_asked *asked)
{
    (void)asked;
    return schema_text_of_pattern("^([Aa]{3}[Ss]?://)?" SCHEMA_LABELS
                                  "(:[0-9]+)?(;[a-z]+=[a-z]+)*$");
}

#define LIST_OF(what)                                                                              \
    static json_t *what##_list(const struct schema_asked *asked)                                   \
    {                                                                                              \
        return schema_list(what(asked), asked->shape->least, asked->shape->most);                  \
    }
LIST_OF(text)
LIST_OF(identity)
LIST_OF(pattern)
LIST_OF(words)
LIST_OF(network)
LIST_OF(application)
LIST_OF(application_or_relay)
LIST_OF(command)
LIST_OF(retried_result)
LIST_OF(uri)
#undef LIST_OF

#define VALUE(reader, make)                                                                        \
    {                                                                                              \
        conf_read_##reader, make, CONF_ROOT, 0, 0                                                  \
    }
#define LIST(reader, make, least, most)                                                            \
    {                                                                                              \
        conf_read_##reader, make##_list, CONF_ROOT, least, most                                    \
    }

const struct conf_shape conf_value_shapes[] = {
    VALUE(version, version),
    VALUE(identity, identity),
    VALUE(member_peer, identity),
    VALUE(pattern, pattern),
    VALUE(match, pattern),
    VALUE(text, text),
    VALUE(group, text),
    VALUE(hash_seed, text),
    VALUE(route_pool, text),
    VALUE(private_name, text),
    VALUE(public_name, public_name),
    VALUE(table_file, text),
    VALUE(table_name, text),
    VALUE(password_file, text),
    VALUE(tls_file, text),
    VALUE(crl_file, text),
    VALUE(matching, text),
    VALUE(socket, path_from_root),
    VALUE(expression, expression),
    VALUE(avp, avp),
    VALUE(target, avp),
    VALUE(to, avp_value),
    VALUE(by, avp_value),
    VALUE(choice, words),
    VALUE(word, words),
    VALUE(avp_type, words),
    VALUE(tls_version, words),
    VALUE(boolean, boolean),
    VALUE(present, boolean),
    VALUE(mandatory, boolean),
    VALUE(workers, workers),
    VALUE(number, number),
    VALUE(udp_port, number_or_none),
    VALUE(reject, result),
    VALUE(duration, duration),
    VALUE(size, size),
    VALUE(size32, size),
    VALUE(address, address),
    VALUE(addresses, addresses),
    VALUE(host, host),
    VALUE(application, application),
    LIST(networks, network, 1, 0),
    LIST(dns_servers, text, 0, 8),
    LIST(transports, words, 1, 0),
    LIST(applications, application_or_relay, 1, DM_APPLICATIONS_MAX),
    LIST(admitted, application, 1, DM_APPLICATIONS_MAX),
    LIST(screened, application, 1, DM_APPLICATIONS_MAX),
    LIST(realm_redirect, application, 0, 16),
    LIST(commands, command, 1, 0),
    LIST(screened_commands, command, 1, 0),
    LIST(origin_realms, pattern, 1, 0),
    LIST(redirect_hosts, pattern, 0, 64),
    LIST(results, retried_result, 0, RT_RETRY_RESULTS_MAX),
    LIST(domains, identity, 0, 0),
    LIST(nodes, text, 1, 32),
    LIST(uris, uri, 1, RT_REDIRECT_HOSTS_MAX),
    LIST(route_policies, text, 0, 0),
};
const size_t conf_value_shape_count = sizeof conf_value_shapes / sizeof *conf_value_shapes;
