/* hss_options.c — a reader for each row of hss_options.def. Each mistake ends in one line that
 * names the option. */
#include "bench/hss_options.h"

#include <stdlib.h>

#include "bench/link.h"

/* A reader returns NULL, or what is wrong with the value. */
#define OPTION(name, reader, argument, help)                                                       \
    static const char *reader(struct hss_options *options, const char *value);
#include "bench/hss_options.def"
#undef OPTION

static const struct row {
    const char *name;
    const char *(*reader)(struct hss_options *, const char *);
    const char *argument, *help;
} rows[] = {
#define OPTION(name, reader, argument, help) {name, reader, argument, help},
#include "bench/hss_options.def"
#undef OPTION
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ---- values ---- */

static const char *read_listen(struct hss_options *options, const char *value)
{
    if (options->listens == HSS_ADDRESSES_MAX)
        return "is given too often";
    return link_address(&options->listen[options->listens++], value);
}

static const char *read_connect(struct hss_options *options, const char *value)
{
    if (options->connects == HSS_ADDRESSES_MAX)
        return "is given too often";
    return link_address(&options->connect[options->connects++], value);
}

static const char *read_peer_of(struct hss_options *options, const char *value)
{
    options->has_peer = true;
    return link_address(&options->peer_of, value);
}

/* ---- the transport: link_carrier_check says what does not go together ---- */

static const char *read_transport(struct hss_options *options, const char *value)
{
    options->carrier.transport = value;
    return NULL;
}

static const char *read_tls_certificate(struct hss_options *options, const char *value)
{
    options->carrier.certificate = value;
    return NULL;
}

static const char *read_tls_key(struct hss_options *options, const char *value)
{
    options->carrier.key = value;
    return NULL;
}

static const char *read_tls_ca(struct hss_options *options, const char *value)
{
    options->carrier.ca = value;
    return NULL;
}

static const char *read_udp_port(struct hss_options *options, const char *value)
{
    options->carrier.udp_port = value;
    return NULL;
}

static const char *read_remote_udp_port(struct hss_options *options, const char *value)
{
    struct link_list *list = &options->carrier.remote_udp_port;
    if (list->count == LINK_LIST_MAX)
        return "is given too often";
    list->at[list->count++] = value;
    return NULL;
}

/* ---- who, and how ---- */

static const char *read_name(const char **name, const char *value)
{
    *name = value;
    return dm_identity_is_valid(dm_text(value)) ? NULL : "is no domain name";
}

static const char *read_identity(struct hss_options *options, const char *value)
{
    return read_name(&options->identity, value);
}

static const char *read_realm(struct hss_options *options, const char *value)
{
    return read_name(&options->realm, value);
}

static const char *read_count(uint32_t *count, uint32_t least, uint32_t most, const char *value)
{
    char *end;
    unsigned long long number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end)
        return "is no number";
    if (number < least || number > most)
        return "is out of range";
    *count = (uint32_t)number;
    return NULL;
}

static const char *read_users(struct hss_options *options, const char *value)
{
    return read_count(&options->users, 0, HSS_USERS_MAX, value);
}

static const char *read_threads(struct hss_options *options, const char *value)
{
    return read_count(&options->threads, 1, HSS_THREADS_MAX, value);
}

static const char *read_registered(struct hss_options *options, const char *value)
{
    (void)value;
    options->registered = true;
    return NULL;
}

static const char *read_check_itself(struct hss_options *options, const char *value)
{
    (void)value;
    options->policy.checks_itself = true;
    return NULL;
}

static const char *read_capabilities(struct hss_options *options, const char *value)
{
    (void)value;
    options->policy.always_capabilities = true;
    return NULL;
}

static const char *read_redirect(struct hss_options *options, const char *value)
{
    struct hss_policy *policy = &options->policy;
    if (policy->redirects == HSS_REDIRECTS_MAX)
        return "is one too many";
    if (!dm_uri_read(&policy->redirect[policy->redirects], dm_text(value)))
        return "is neither a domain name nor a DiameterURI";
    policy->redirects++;
    return NULL;
}

/* A number that is not negative, and moves `value` behind it. No sign, no "inf". */
static bool take_decimal(const char **value, double *number)
{
    char *end;
    if ((*value)[0] < '0' || (*value)[0] > '9')
        return false;
    *number = strtod(*value, &end);
    *value = end;
    return true;
}

static bool take_time(const char **value, uint64_t *time)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"", 1e9}};
    double number;
    if (!take_decimal(value, &number))
        return false;
    for (size_t i = 0;; i++) {
        size_t size = strlen(units[i].name);
        if (strncmp(*value, units[i].name, size) != 0)
            continue;
        *value += size;
        *time = number * units[i].ns < 1e18 ? (uint64_t)(number * units[i].ns) : 0;
        return number * units[i].ns < 1e18;
    }
}

static const char *read_delay(struct hss_options *options, const char *value)
{
    const char *wrong = "is no time like 5ms or 100us-2ms";
    if (!take_time(&value, &options->delay_least))
        return wrong;
    options->delay_most = options->delay_least;
    if (*value == '-' && (++value, !take_time(&value, &options->delay_most)))
        return wrong;
    if (*value)
        return wrong;
    return options->delay_most < options->delay_least ? "ends before it begins" : NULL;
}

static const char *read_percent(double *percent, const char *value)
{
    if (!take_decimal(&value, percent) || *value || *percent > 100)
        return "is no percentage";
    return NULL;
}

static const char *read_busy(struct hss_options *options, const char *value)
{
    return read_percent(&options->policy.busy, value);
}

static const char *read_silent(struct hss_options *options, const char *value)
{
    return read_percent(&options->policy.silent, value);
}

static const char *read_fail(struct hss_options *options, const char *value)
{
    struct hss_policy *policy = &options->policy;
    unsigned code, vendor;
    int size = 0;
    if (sscanf(value, "%7u:%7u:%n", &vendor, &code, &size) != 2 || size == 0) {
        vendor = 0;
        if (sscanf(value, "%7u:%n", &code, &size) != 1 || size == 0)
            return "is not CODE:PERCENT";
    }
    if (code < 1000 || code >= HSS_CODES)
        return "is no Result-Code from 1000 to 5999";
    policy->fail_code = code;
    policy->fail_vendor = vendor;
    return read_percent(&policy->fail, value + size);
}

static const char *read_push(struct hss_options *options, const char *value)
{
    static const char *const names[] = {
        [HSS_PUSH_RTR] = "rtr:", [HSS_PUSH_PPR] = "ppr:", [HSS_PUSH_ASR] = "asr:"};
    options->push = HSS_PUSH_RTR;
    while (options->push <= HSS_PUSH_ASR && strncmp(value, names[options->push], 4) != 0)
        options->push++;
    if (options->push > HSS_PUSH_ASR)
        return "is not rtr:RATE, ppr:RATE or asr:RATE";
    value += 4;
    if (!take_decimal(&value, &options->push_rate) || *value || options->push_rate > 1e6)
        return "has no rate a second";
    return NULL;
}

static const char *read_push_by_realm(struct hss_options *options, const char *value)
{
    (void)value;
    options->push_by_realm = true;
    return NULL;
}

/* ---- arguments ---- */

static const struct row *row_named(const char *name, size_t size)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, name, size) == 0)
            return &rows[i];
    return NULL;
}

/* `argv` is at an option; its value is behind '=' or in the next argument. Returns how many
 * arguments were taken, 0 where one is wrong. */
static int take_option(struct hss_options *options, char **argv, char *wrong, size_t room)
{
    const char *name = argv[0] + 2, *equals = strchr(argv[0], '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(argv[0]) - 2;
    const struct row *row = strncmp(argv[0], "--", 2) == 0 ? row_named(name, size) : NULL;
    if (!row) {
        snprintf(wrong, room, "unknown option '%s', see --help", argv[0]);
        return 0;
    }
    const char *value = equals ? equals + 1 : row->argument ? argv[1] : NULL;
    if (!row->argument != !value) {
        snprintf(wrong, room, "--%s %s", row->name, value ? "takes no value" : "wants a value");
        return 0;
    }
    const char *complaint = row->reader(options, value);
    if (complaint)
        snprintf(wrong, room, "--%s: '%s' %s", row->name, value, complaint);
    return complaint ? 0 : row->argument && !equals ? 2 : 1;
}

/* Does the transport take this address? Number `number` of those that are dialled. */
static bool aim(const struct hss_options *options, struct link_address *address, size_t number,
                char *wrong, size_t room)
{
    link_carrier_aim(&options->carrier, address, number);
    bool takes = link_carrier_takes(&options->carrier, address);
    if (!takes)
        snprintf(wrong, room, "'%s': several hosts are of sctp and dtls", address->text);
    return takes;
}

/* What one option says of another. The mate is the last that is dialled. */
static bool complete(struct hss_options *options, char *wrong, size_t room)
{
    char why[LINK_WHY_SIZE];
    options->carrier.is_server = options->listens != 0;
    bool good = link_carrier_check(&options->carrier, why);
    if (!good)
        snprintf(wrong, room, "%s", why);
    for (size_t i = 0; good && i < options->listens; i++)
        good = aim(options, &options->listen[i], 0, wrong, room);
    for (size_t i = 0; good && i < options->connects; i++)
        good = aim(options, &options->connect[i], i, wrong, room);
    return good &&
           (!options->has_peer || aim(options, &options->peer_of, options->connects, wrong, room));
}

enum hss_wish hss_options_read(struct hss_options *options, int argc, char **argv, char *wrong,
                               size_t room)
{
    *options = (struct hss_options){.identity = "hss.example.net",
                                    .realm = "example.net",
                                    .users = 1000,
                                    .threads = 1,
                                    .carrier = {.transport = "tcp"}};
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--help") == 0)
            return HSS_HELP;
        int taken = take_option(options, argv + i, wrong, room);
        if (!taken)
            return HSS_WRONG;
        i += taken;
    }
    if (options->listens || options->connects)
        return complete(options, wrong, room) ? HSS_GO : HSS_WRONG;
    snprintf(wrong, room, "neither --listen nor --connect is given, see --help");
    return HSS_WRONG;
}

void hss_options_help(FILE *to)
{
    fputs("usage: antipode-hss --listen HOST:PORT | --connect HOST:PORT [options]\n"
          "A stand-in HSS for RFC 4740 and Cx. On SIGTERM it disconnects and prints what it did as "
          "JSON.\n\n",
          to);
    for (size_t i = 0; i < ROWS; i++) {
        char left[40];
        snprintf(left, sizeof(left), "--%s %s", rows[i].name,
                 rows[i].argument ? rows[i].argument : "");
        fprintf(to, "  %-24s %s\n", left, rows[i].help);
    }
}
