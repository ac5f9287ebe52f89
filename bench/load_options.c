/* load_options.c — the rows of load_options.def, read from a command line.
 *
 * Every mistake ends in one line that names the option. RFC words for what is played, units for
 * times. */
#include "bench/load_options.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include "bench/link.h"

enum kind { COUNT, TIME, TEXT, LIST, FLAG };

static const struct option {
    const char *name;
    enum kind kind;
    size_t field;
    uint64_t least, most; /* most 0: no limit */
    const char *argument, *help;
} rows[] = {
#define OPTION(name, kind, field, least, most, argument, help)                                     \
    {name, kind, offsetof(struct load_options, field), least, most, argument, help},
#include "bench/load_options.def"
#undef OPTION
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Where a mistake is described. */
struct complaint {
    char *text;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static bool complain(const struct complaint *to,
                                                           const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(to->text, to->room, format, values);
    va_end(values);
    return false;
}

/* ---- values ---- */

static bool read_digits(const char **text, uint64_t *value)
{
    const char *at = *text;
    *value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
            return false;
    bool any = at != *text;
    *text = at;
    return any;
}

static bool read_time(const char *text, uint64_t *value)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"", LOOP_SECOND}, {"s", LOOP_SECOND},      {"ms", LOOP_MS},
                 {"us", 1000},      {"m", 60 * LOOP_SECOND}, {"h", 3600 * LOOP_SECOND}};
    if (!read_digits(&text, value))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text, units[i].name) == 0)
            return !__builtin_mul_overflow(*value, units[i].ns, value);
    return false;
}

static bool set_number(const struct option *row, uint64_t *field, const char *text,
                       const struct complaint *to)
{
    const char *rest = text;
    bool good = row->kind == TIME ? read_time(text, field) : read_digits(&rest, field) && !*rest;
    if (!good)
        return complain(to, "--%s: '%s' is no %s", row->name, text,
                        row->kind == TIME ? "time (500ms, 30s, 5m)" : "number");
    if (*field < row->least)
        return complain(to, "--%s: at least %llu", row->name, (unsigned long long)row->least);
    if (row->most && *field > row->most)
        return complain(to, "--%s: at most %llu", row->name, (unsigned long long)row->most);
    return true;
}

static bool set_text(const struct option *row, const char **field, const char *text,
                     const struct complaint *to)
{
    if (!*text)
        return complain(to, "--%s: is empty", row->name);
    *field = text;
    return true;
}

static bool set_list(const struct option *row, struct link_list *list, const char *text,
                     const struct complaint *to)
{
    if (list->count == LINK_LIST_MAX)
        return complain(to, "--%s: at most %d", row->name, LINK_LIST_MAX);
    list->at[list->count++] = text;
    return true;
}

static bool set(struct load_options *options, const struct option *row, const char *text,
                const struct complaint *to)
{
    void *field = (char *)options + row->field;
    switch (row->kind) {
    case COUNT:
    case TIME:
        return set_number(row, field, text, to);
    case TEXT:
        return set_text(row, field, text, to);
    case LIST:
        return set_list(row, field, text, to);
    case FLAG:
        *(bool *)field = true;
        return true;
    }
    return false;
}

/* ---- arguments ---- */

static const struct option *row_named(const char *name, size_t size)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, name, size) == 0)
            return &rows[i];
    return NULL;
}

/* `argv` is at an option; the value is behind '=' or the next argument. Returns the arguments
 * taken, or 0. */
static int take_option(struct load_options *options, char **argv, const struct complaint *to)
{
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    const struct option *row = row_named(name, equals ? (size_t)(equals - name) : strlen(name));
    if (strncmp(argv[0], "--", 2) != 0 || !row)
        return complain(to, "unknown option '%s', see --help", argv[0]);
    if (row->kind == FLAG)
        return equals ? complain(to, "--%s takes no value", row->name)
                      : set(options, row, NULL, to);
    const char *value = equals ? equals + 1 : argv[1];
    if (!value)
        return complain(to, "--%s: its value is missing", row->name);
    return !set(options, row, value, to) ? 0 : equals ? 1 : 2;
}

/* ---- what belongs together ---- */

static bool is_pattern(const char *pattern)
{
    const char *percent = strchr(pattern, '%');
    return strlen(pattern) < 240 && (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

void load_identity(char to[256], const char *pattern, uint64_t i)
{
    const char *percent = strchr(pattern, '%');
    if (!percent)
        snprintf(to, 256, "%s", pattern);
    else
        snprintf(to, 256, "%.*s%llu%s", (int)(percent - pattern), pattern, (unsigned long long)i,
                 percent + 2);
}

static bool check_identity(const char *option, const char *pattern, uint64_t count,
                           const struct complaint *to)
{
    char name[256];
    if (!is_pattern(pattern))
        return complain(to, "--%s: '%s' may hold one %%d and no other %%", option, pattern);
    load_identity(name, pattern, count);
    if (!dm_identity_is_valid(dm_text(name)))
        return complain(to, "--%s: '%s' is no DiameterIdentity", option, name);
    if (count > 1 && !strchr(pattern, '%'))
        return complain(to, "--%s: without %%d it names one connection, not %llu", option,
                        (unsigned long long)count);
    return true;
}

static bool check_names(struct load_options *options, const struct complaint *to)
{
    if (!check_identity("origin", options->origin, options->connections, to) ||
        !check_identity("server2", options->server2, options->server2_connections, to))
        return false;
    if (!options->realm) {
        const char *dot = strchr(options->origin, '.');
        options->realm = dot ? dot + 1 : options->origin;
    }
    if (!options->destination_realm)
        options->destination_realm = options->realm;
    if (!dm_identity_is_valid(dm_text(options->realm)))
        return complain(to, "--realm: '%s' is no DiameterIdentity", options->realm);
    if (!dm_identity_is_valid(dm_text(options->destination_realm)))
        return complain(to, "--destination-realm: '%s' is no DiameterIdentity",
                        options->destination_realm);
    if (options->destination_host && !dm_identity_is_valid(dm_text(options->destination_host)))
        return complain(to, "--destination-host: '%s' is no DiameterIdentity",
                        options->destination_host);
    return true;
}

static bool one_of(const char *option, const char *value, const char *first, const char *second,
                   bool *is_second, const struct complaint *to)
{
    *is_second = strcmp(value, second) == 0;
    if (*is_second || strcmp(value, first) == 0)
        return true;
    return complain(to, "--%s: '%s' is neither %s nor %s", option, value, first, second);
}

static bool check_carrier(const struct load_options *options, const struct complaint *to)
{
    char why[LINK_WHY_SIZE];
    return link_carrier_check(&options->carrier, why) ? true : complain(to, "%s", why);
}

static const struct flow_row {
    const char *name;
    bool cx;
    const char *help;
} flow_rows[] = {
#define FLOW(name, table, cx, help) {name, cx, help},
#include "bench/flows.def"
#undef FLOW
};

enum { FLOWS = sizeof(flow_rows) / sizeof(flow_rows[0]) };

static const struct flow_row *flow_row_named(const char *name)
{
    for (size_t i = 0; name && i < FLOWS; i++)
        if (strcmp(flow_rows[i].name, name) == 0)
            return &flow_rows[i];
    return NULL;
}

static bool check_flow(const struct load_options *options, const struct complaint *to)
{
    const struct flow_row *row = flow_row_named(options->flow);
    if (!options->flow)
        return true;
    if (!row)
        return complain(to, "--flow: '%s' is unknown", options->flow);
    if (options->cx && !row->cx)
        return complain(to, "--flow %s: Cx has none", options->flow);
    if (options->destination_host && strcmp(options->flow, "redirect") == 0)
        return complain(to, "--destination-host: --flow redirect asks who that is");
    if (options->auth_session_state != 0 && strcmp(options->flow, "abort-unknown") == 0)
        return complain(to, "--flow abort-unknown: no session without --auth-session-state 0");
    return true;
}

/* 29.229 §5.3: an HSS keeps no session. */
static bool check_session_state(const struct load_options *options, const struct complaint *to)
{
    if (options->cx && options->auth_session_state == 0)
        return complain(to, "--auth-session-state: always 1 in Cx");
    return strlen(options->password) < 200 ? true : complain(to, "--password: is too long");
}

/* "UAR:3,LIR:5"; without a weight it is 1. */
static bool read_mix(struct load_options *options, const struct complaint *to)
{
    static const char *const names[LOAD_COMMANDS] = {"UAR", "MAR", "SAR", "LIR"};
    uint64_t sum = 0;
    for (const char *at = options->mix; *at;) {
        size_t i = 0;
        while (i < LOAD_COMMANDS && strncmp(at, names[i], 3) != 0)
            i++;
        if (i == LOAD_COMMANDS)
            return complain(to, "--mix: no UAR, MAR, SAR or LIR at '%s'", at);
        uint64_t weight = 1;
        at += 3;
        if (*at == ':' && (at++, !read_digits(&at, &weight)))
            return complain(to, "--mix: no weight at '%s'", at);
        if (weight > 1000000 || (*at && *at++ != ','))
            return complain(to, "--mix: '%s' is not like UAR:3,LIR:5", options->mix);
        options->weight[i] += (uint32_t)weight;
        sum += weight;
    }
    return sum ? true : complain(to, "--mix: all weights are 0");
}

static bool read_allowed(struct load_options *options, const struct complaint *to)
{
    for (const char *at = options->allow; at && *at;) {
        size_t size = strcspn(at, ",");
        enum load_error error = load_error_named(dm_bytes_of(at, size));
        if (error == LOAD_ERRORS)
            return complain(to, "--allow: '%.*s' is no error of the report", (int)size, at);
        options->allowed |= 1u << error;
        at += size + (at[size] == ',');
    }
    return true;
}

static bool check_amounts(struct load_options *options, const struct complaint *to)
{
    if (!!options->duration + !!options->requests + !!options->flows > 1)
        return complain(to, "--duration, --requests and --flows exclude each other");
    if (options->flows && !options->flow)
        return complain(to, "--flows: there are none without --flow");
    if (!options->duration && !options->requests && !options->flows)
        options->duration = 10 * LOOP_SECOND;
    if (options->window == UINT64_MAX)
        options->window = options->rate ? 0 : 1;
    if (!options->rate && options->window == 0)
        return complain(to, "--window: at least 1 without --rate");
    if (options->threads > options->connections)
        return complain(to, "--threads: at most one a connection (%llu)",
                        (unsigned long long)options->connections);
    if (options->flow && options->threads > options->server2_connections)
        return complain(to, "--threads: with --flow at most --server2-connections (%llu)",
                        (unsigned long long)options->server2_connections);
    return true;
}

static bool find_addresses(struct load_options *options, const struct complaint *to)
{
    if (options->connect.count == 0)
        return complain(to, "--connect HOST:PORT is missing");
    for (size_t i = 0; i < options->connect.count; i++) {
        struct link_address *address = &options->address[i];
        const char *wrong = link_address(address, options->connect.at[i]);
        if (wrong)
            return complain(to, "--connect: '%s': %s", options->connect.at[i], wrong);
        if (!link_carrier_takes(&options->carrier, address))
            return complain(to, "--connect: '%s': several hosts are of sctp and dtls",
                            options->connect.at[i]);
        link_carrier_aim(&options->carrier, address, i);
    }
    return true;
}

static bool complete(struct load_options *options, const struct complaint *to)
{
    if (options->mix && options->flow)
        return complain(to, "--mix and --flow exclude each other");
    if (!options->mix)
        options->mix = "UAR:3,MAR:1,SAR:1,LIR:5";
    return check_carrier(options, to) &&
           one_of("application", options->application, "sip", "cx", &options->cx, to) &&
           check_flow(options, to) && check_session_state(options, to) &&
           one_of("report", options->report, "text", "json", &options->json, to) &&
           read_mix(options, to) && read_allowed(options, to) && check_amounts(options, to) &&
           check_names(options, to) && find_addresses(options, to);
}

enum load_verdict load_options_read(struct load_options *options, int argc, char **argv,
                                    char *wrong, size_t room)
{
    const struct complaint to = {wrong, room};
    *options = (struct load_options){
        .connections = 1,
        .server2_connections = 1,
        .window = UINT64_MAX,
        .users = 1000,
        .seed = 1,
        .threads = 1,
        .timeout = 5 * LOOP_SECOND,
        .auth_session_state = 1,
        .password = "secret",
        .carrier = {.transport = "tcp"},
        .application = "sip",
        .origin = "sip%d.example.com",
        .server2 = "registrar%d.example.com",
        .report = "text",
    };
    for (int i = 1, taken; i < argc; i += taken) {
        if (strcmp(argv[i], "--help") == 0)
            return LOAD_HELP;
        taken = take_option(options, argv + i, &to);
        if (!taken)
            return LOAD_WRONG;
    }
    return complete(options, &to) ? LOAD_GO : LOAD_WRONG;
}

void load_options_help(FILE *to)
{
    fputs(
        "usage: antipode-load --connect HOST:PORT [OPTION]...\n"
        "Plays many SIP servers towards a Diameter agent or server and reports what came back.\n\n",
        to);
    for (size_t i = 0; i < ROWS; i++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].argument);
        fprintf(to, "  %-30s %s\n", left, rows[i].help);
    }
    fputs("  --help                         this text\n\n"
          "Flows, by section of RFC 4740 and name:\n",
          to);
    for (size_t i = 0; i < FLOWS; i++)
        fprintf(to, "  %s%s\n", flow_rows[i].help, flow_rows[i].cx ? "" : " (not in Cx)");
    fputs("\nErrors: ", to);
    for (int i = 0; i < LOAD_ERRORS; i++)
        fprintf(to, "%s%s", load_error_names[i], i + 1 < LOAD_ERRORS ? ", " : "\n");
    fputs("Exit status: 0 if every request has its answer and no error but the allowed occurred, 1 "
          "otherwise, 2 if the command line is wrong.\n",
          to);
}
