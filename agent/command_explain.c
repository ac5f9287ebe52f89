/* command_explain.c — `antipode explain`: options, a message as hex, or a capture; then each
 * request step by step. */
#include "agent/command_explain.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/capture.h"
#include "agent/conf/key.h"
#include "agent/hex.h"
#include "agent/rehearsal_request.h"

static const char usage[] =
    "usage: antipode explain FILE --realm R --application A --command C [--host H] [--from PEER]\n"
    "                        [--avp NAME=VALUE]... [--down PEER]... [--pending PEER=N]...\n"
    "       antipode explain FILE --hex FILE  [--from PEER] [--down PEER]... [--pending "
    "PEER=N]...\n"
    "       antipode explain FILE --pcap FILE [--from PEER] [--down PEER]... [--pending "
    "PEER=N]...\n"
    "Says step by step where a request would go, and why. All peers are taken as available but "
    "those\n"
    "that are --down. An AVP is named as in the RFC, or CODE, or VENDOR:CODE; A/B is B in the "
    "group A.\n";

/* The command line. Each list has room for all arguments. */
struct options {
    const char *file;
    const char *hex;
    const char *pcap;
    const char *application;
    const char *command;
    struct rehearsal_request request;
    const char **down;
    size_t down_count;
    char **pending;
    size_t pending_count;
};

enum { WRONG_COMMAND_LINE = 2, HELP = 256 };

static int wrong(const char *what, const char *which)
{
    fprintf(stderr, "antipode explain: %s%s\n%s", what, which, usage);
    return WRONG_COMMAND_LINE;
}

/* --- the command line --- */

/* Splits NAME=VALUE where the `=` is. False without one. */
static bool split(char *text, struct rehearsal_avp *avp)
{
    char *sign = strchr(text, '=');
    if (sign == NULL)
        return false;
    *sign = '\0';
    *avp = (struct rehearsal_avp){text, sign + 1};
    return true;
}

static const struct option names[] = {
    {"realm", required_argument, NULL, 'r'},   {"application", required_argument, NULL, 'a'},
    {"command", required_argument, NULL, 'c'}, {"host", required_argument, NULL, 'h'},
    {"from", required_argument, NULL, 'f'},    {"avp", required_argument, NULL, 'v'},
    {"down", required_argument, NULL, 'd'},    {"pending", required_argument, NULL, 'n'},
    {"hex", required_argument, NULL, 'x'},     {"pcap", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, HELP},         {0}};

/* Where an option that is given once goes; NULL for the others. */
static const char **field_of(struct options *options, int option)
{
    switch (option) {
    case 'r':
        return &options->request.realm;
    case 'a':
        return &options->application;
    case 'c':
        return &options->command;
    case 'h':
        return &options->request.host;
    case 'f':
        return &options->request.from;
    case 'x':
        return &options->hex;
    case 'p':
        return &options->pcap;
    default:
        return NULL;
    }
}

/* 0, or the exit status where it is wrong. */
static int take_option(struct options *options, int option, char *value, const char *given)
{
    const char **field = field_of(options, option);
    if (field && *field)
        return wrong("given twice: --", given);
    if (field)
        *field = value;
    else if (option == 'd')
        options->down[options->down_count++] = value;
    else if (option == 'n')
        options->pending[options->pending_count++] = value;
    else if (option == 'v' && !split(value, &options->request.avps[options->request.avp_count++]))
        return wrong("--avp wants NAME=VALUE, not ", value);
    return 0;
}

/* Is what is given one of the three ways to name a request? */
static int check_ways(const struct options *options)
{
    const struct rehearsal_request *request = &options->request;
    bool is_described = request->realm || request->host || options->application ||
                        options->command || request->avp_count;
    if (is_described + (options->hex != NULL) + (options->pcap != NULL) != 1)
        return wrong("a REQUEST is wanted: one of options, --hex and --pcap", "");
    if (is_described && (!request->realm || !options->application || !options->command))
        return wrong("--realm, --application and --command are wanted", "");
    return 0;
}

static int take_file(struct options *options, int count, char **arguments)
{
    if (count - optind != 1)
        return wrong("exactly one FILE is wanted", "");
    options->file = arguments[optind];
    return check_ways(options);
}

/* 0, an exit status, or -1: help was wanted. */
static int read_options(struct options *options, int count, char **arguments)
{
    optind = 0; /* anew: getopt keeps its place */
    opterr = 0;
    for (;;) {
        int at = 0;
        int option = getopt_long(count, arguments, ":", names, &at);
        if (option == -1)
            return take_file(options, count, arguments);
        if (option == HELP)
            return -1;
        if (option == '?')
            return wrong("unknown option ", arguments[optind - 1]);
        if (option == ':')
            return wrong("a value is wanted for ", arguments[optind - 1]);
        int status = take_option(options, option, optarg, names[at].name);
        if (status)
            return status;
    }
}

/* --- who is there, as told --- */

static bool find(struct rehearsal *rehearsal, const char *identity, rt_peer *peer)
{
    if (rehearsal_find(rehearsal, dm_text(identity), peer))
        return true;
    fprintf(stderr, "antipode explain: %s: no row of `peers` lets it in\n", identity);
    return false;
}

static bool set_pending(struct rehearsal *rehearsal, char *text)
{
    struct rehearsal_avp pair;
    uint64_t number;
    rt_peer peer;
    if (!split(text, &pair) || !conf_parse_number(pair.value, &number) || number > UINT32_MAX) {
        wrong("--pending wants PEER=N", "");
        return false;
    }
    if (!find(rehearsal, pair.name, &peer))
        return false;
    rehearsal_set_pending(rehearsal, peer, (uint32_t)number);
    return true;
}

static bool people(struct rehearsal *rehearsal, const struct options *options)
{
    rt_peer peer;
    for (size_t i = 0; i < options->down_count; i++) {
        if (!find(rehearsal, options->down[i], &peer))
            return false;
        rehearsal_set_down(rehearsal, peer);
    }
    for (size_t i = 0; i < options->pending_count; i++)
        if (!set_pending(rehearsal, options->pending[i]))
            return false;
    return true;
}

/* --- one request --- */

/* Frames the octets as a connection would, and explains them. */
static int explain_octets(struct rehearsal *rehearsal, dm_bytes octets, rt_peer from,
                          const char *name)
{
    struct dm_framer framer;
    struct explain_message message = {0};
    dm_framer_init(&framer);
    message.frame = dm_framer_next(&framer, &octets, rehearsal_message_limit(rehearsal, from),
                                   &message.octets, &message.header);
    const char *why = NULL;
    if (message.frame == DM_FRAME_MORE)
        why = "the message ends early";
    else if (message.frame == DM_FRAME_LOST)
        why = "this is no Diameter; a connection would be reset";
    else if (explain_kind_of(&message) == EXPLAIN_ANSWER)
        why = "this is an answer: it goes back the way its request came";
    else if (explain_kind_of(&message) == EXPLAIN_NEIGHBOURS)
        why = "CER, DWR, DPR and their answers are between two neighbours and go no further";
    else if (message.frame == DM_FRAME_MESSAGE && octets.size)
        why = "there is more than one message";
    if (why)
        fprintf(stderr, "%s: %s\n", name, why);
    else
        explain_request(rehearsal, &message, from, stdout);
    dm_framer_fini(&framer);
    return why ? 1 : 0;
}

static int explain_described(struct rehearsal *rehearsal, struct options *options, rt_peer from)
{
    struct rehearsal_request *request = &options->request;
    if (!rehearsal_application(options->application, &request->application))
        return wrong("no application of requests: ", options->application);
    if (!rehearsal_command(request->application, options->command, &request->command))
        return wrong("no command of the application: ", options->command);
    size_t size;
    size_t which;
    char why[AVP_TEXT_WHY];
    uint8_t *octets = rehearsal_request_write(rehearsal, request, &size, &which, why);
    if (octets == NULL)
        return wrong("--avp: ", why);
    int status = explain_octets(rehearsal, dm_bytes_of(octets, size), from, "antipode explain");
    free(octets);
    return status;
}

static int explain_hex(struct rehearsal *rehearsal, const char *file, rt_peer from)
{
    size_t size;
    uint8_t *text = conf_file_read(file, &size, stderr);
    if (text == NULL)
        return 1;
    int status = 1;
    if (hex_read(dm_bytes_of(text, size), text, &size)) /* behind what is read already */
        status = explain_octets(rehearsal, dm_bytes_of(text, size), from, file);
    else
        fprintf(stderr, "%s: pairs of hexadecimal digits are wanted\n", file);
    free(text);
    return status;
}

/* --- a capture --- */

struct captured {
    struct rehearsal *rehearsal;
    rt_peer from;
    uint64_t of_kind[EXPLAIN_NEIGHBOURS + 1];
};

static void on_message(void *context, uint64_t packet, const struct explain_message *message)
{
    struct captured *captured = context;
    enum explain_kind kind = explain_kind_of(message);
    captured->of_kind[kind]++;
    if (kind != EXPLAIN_REQUEST)
        return;
    printf("packet %" PRIu64 "\n", packet);
    explain_request(captured->rehearsal, message, captured->from, stdout);
    printf("\n");
}

static void tell_skipped(uint64_t count, const char *what)
{
    if (count)
        printf("skipped: %" PRIu64 " %s\n", count, what);
}

static void tell_all(const struct captured *captured, const struct capture_counts *counts)
{
    printf("%" PRIu64 " packets, %" PRIu64 " requests\n", counts->packets,
           captured->of_kind[EXPLAIN_REQUEST]);
    tell_skipped(captured->of_kind[EXPLAIN_ANSWER], "answers");
    tell_skipped(captured->of_kind[EXPLAIN_NEIGHBOURS], "messages between neighbours");
    tell_skipped(counts->not_ours, "packets that are neither TCP nor SCTP nor exported Diameter");
    tell_skipped(counts->fragments, "fragments of IP or SCTP");
    tell_skipped(counts->cut, "packets that the capture has cut or that are damaged");
    tell_skipped(counts->not_diameter, "segments in which no message could be made out");
    tell_skipped(counts->missing, "octets of TCP that the capture has not");
}

static int explain_pcap(struct rehearsal *rehearsal, const char *file, rt_peer from)
{
    struct captured captured = {.rehearsal = rehearsal, .from = from};
    struct capture_counts counts = {0};
    bool is_good = capture_file(file, rehearsal_message_limit(rehearsal, from), on_message,
                                &captured, &counts, stderr);
    if (is_good || counts.packets)
        tell_all(&captured, &counts);
    return is_good ? 0 : 1;
}

/* --- the command --- */

static int explain(struct rehearsal *rehearsal, struct options *options)
{
    rt_peer from = {0, 0};
    const char *origin = options->request.from;
    if (!people(rehearsal, options) || (origin && !find(rehearsal, origin, &from)))
        return WRONG_COMMAND_LINE;
    if (options->hex)
        return explain_hex(rehearsal, options->hex, from);
    if (options->pcap)
        return explain_pcap(rehearsal, options->pcap, from);
    return explain_described(rehearsal, options, from);
}

static int explain_by(struct options *options)
{
    struct conf *conf = conf_load(options->file, stderr);
    if (conf == NULL)
        return 1;
    struct rehearsal rehearsal;
    rehearsal_init(&rehearsal, conf);
    int status = explain(&rehearsal, options);
    rehearsal_fini(&rehearsal);
    conf_free(conf);
    return status;
}

static void *room_for(int count, size_t size)
{
    void *room = calloc((size_t)count + 1, size);
    if (room == NULL)
        abort();
    return room;
}

int command_explain(int count, char **arguments)
{
    struct options options = {.request.avps = room_for(count, sizeof *options.request.avps),
                              .down = room_for(count, sizeof *options.down),
                              .pending = room_for(count, sizeof *options.pending)};
    int status = read_options(&options, count, arguments);
    if (status == 0)
        status = explain_by(&options);
    else if (status < 0)
        status = fputs(usage, stdout) < 0;
    free(options.request.avps);
    free(options.down);
    free(options.pending);
    return status;
}
