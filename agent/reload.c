/* reload.c — read, compare, publish, report.
 *
 *     asked → built and compared (pool of threads) → published → all workers have switched → next
 */
#include "agent/reload.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/conf/endpoint.h"
#include "agent/log.h"
#include "agent/net/sctp_net.h"
#include "agent/secrets.h"

enum { LINES_LOGGED = 6 }; /* of the ten that the log writes in a second */

struct reload_request {
    struct reload_request *next;
    bool is_dry;
    reload_done done;
    void *context;
};

/* --- keys that a running program cannot change --------------------------------------------------
 */

static bool is_same_http(const struct reload_fixed *fixed, const struct conf *conf)
{
    return fixed->has_http == conf->has_http &&
           (!conf->has_http || conf_is_same_socket(&fixed->http, &conf->http));
}

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What goes on as it was until the program is started again. */
static void name_fixed(const struct reload_fixed *fixed, const struct conf *next, FILE *to)
{
    const struct {
        const char *key;
        bool is_changed;
    } keys[] = {
        {"workers", fixed->workers != next->workers},
        {"limits.connections", fixed->connections != next->limits.connections},
        {"admin.http", !is_same_http(fixed, next)},
        {"users.bindings", fixed->bindings != next->digest.bindings},
        {"admin.socket", !is_same_text(fixed->socket, next->socket)},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].is_changed)
            fprintf(to, "needs a restart: %s\n", keys[i].key);
}

/* Who we are is known to all peers, and the SCTP stack has its port: it is no reload that changes
 * them. */
static bool is_same_agent(const struct conf *now, const struct conf *next, FILE *complaints)
{
    const struct {
        const char *key;
        bool is_changed;
    } keys[] = {
        {"identity", strcmp(now->identity, next->identity) != 0},
        {"realm", strcmp(now->realm, next->realm) != 0},
        {"sctp.udp_port", sctp_net_needs_restart(next)},
    };
    bool is_same = true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].is_changed)
            fprintf(complaints, "%s: %s: needs a restart\n", next->file, keys[i].key);
        is_same &= !keys[i].is_changed;
    }
    return is_same;
}

/* --- reading, on a thread of the pool ----------------------------------------------------------
 */

static void compare(struct reload *reload, const struct conf *now)
{
    conf_diff_init(&reload->diff, now, reload->next);
}

static void build(uv_work_t *work)
{
    struct reload *reload = work->data;
    const struct conf *now = reload->agent->conf; /* nothing else is published meanwhile */
    size_t size = 0;
    FILE *complaints = open_memstream(&reload->complaints, &size);
    if (!complaints)
        abort();
    struct conf *next = conf_load_after(reload->file, now, complaints);
    if (next && !is_same_agent(now, next, complaints)) {
        conf_free(next);
        next = NULL;
    }
    if (next && !secrets_load(next, &reload->tls, complaints)) {
        conf_free(next);
        next = NULL;
    }
    reload->next = next;
    if (next) {
        compare(reload, now);
        name_fixed(&reload->fixed, next, complaints);
    }
    fclose(complaints);
}

/* --- reporting ---------------------------------------------------------------------------------
 */

static void log_lines(enum log_level level, const char *text)
{
    unsigned count = 0;
    while (*text) {
        char line[400];
        size_t size = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)size, text);
        if (count++ < LINES_LOGGED)
            log_line(level, "-", "reload", LOG_VALUES(log_words("{what}"), log_text("what", line)));
        text += size + (text[size] == '\n');
    }
    if (count > LINES_LOGGED)
        log_line(level, "-", "reload",
                 LOG_VALUES(log_words("and {more} more"),
                            log_number("more", (int64_t)count - LINES_LOGGED)));
}

static char *join(const char *first, const char *second)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        abort();
    fprintf(to, "%s%s", first ? first : "", second ? second : "");
    fclose(to);
    return text;
}

static void tell(struct reload *reload, const struct reload_report *report)
{
    struct reload_request *request = reload->served;
    reload->served = NULL;
    while (request) {
        struct reload_request *next = request->next;
        if (request->done)
            request->done(request->context, report);
        free(request);
        request = next;
    }
}

static void give_report(struct reload *reload, bool is_good, const char *hash)
{
    const struct conf_diff *diff = &reload->diff;
    char *text = join(reload->complaints, is_good ? diff->text : NULL);
    struct reload_report report = {
        .is_good = is_good,
        .is_dry = reload->is_dry,
        .text = text,
        .hash = is_good ? hash : "",
        .is_unchanged = is_good && !*text,
        .peers = diff->lists[CONF_LIST_PEERS],
        .peers_reconnected = diff->reconnected,
        .pools = diff->lists[CONF_LIST_POOLS],
        .routes = diff->lists[CONF_LIST_ROUTES],
        .policies = diff->lists[CONF_LIST_POLICIES],
        .subscribers = diff->lists[CONF_LIST_SUBSCRIBERS],
        .pool_count = diff->moved_count,
        .moves = diff->moved,
    };
    tell(reload, &report);
    free(text);
}

static void log_result(const struct reload *reload, bool is_good, const char *hash)
{
    if (reload->complaints)
        log_lines(is_good ? LOG_WARN : LOG_ERROR, reload->complaints);
    if (!is_good) {
        log_error("-", "reload", log_words("refused: the configuration in use stays"));
        return;
    }
    log_lines(LOG_INFO, reload->diff.text);
    log_info("-", "reload", log_words("done: {hash} is in use"), log_text("hash", hash));
}

/* --- publishing --------------------------------------------------------------------------------
 */

static void complain(struct reload *reload, const char *more)
{
    char *all = join(reload->complaints, more);
    free(reload->complaints);
    reload->complaints = all;
}

/* False: the old one stays. */
static bool publish(struct reload *reload)
{
    struct agent *agent = reload->agent;
    char *why = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&why, &size);
    if (!to)
        abort();
    if (agent->stage != AGENT_RUNS)
        fputs("the agent is ending\n", to);
    bool is_published =
        agent->stage == AGENT_RUNS && agent_publish(agent, reload->next, reload->tls, to);
    fclose(to);
    complain(reload, why);
    free(why);
    return is_published;
}

static void take_over(struct reload *reload)
{
    const struct conf *conf = reload->next;
    log_open((enum log_level)conf->log_level, conf->log_json);
    stats_add(&reload->loaded, (uint64_t)time(NULL) - stats_read(&reload->loaded));
}

static bool carry_out(struct reload *reload)
{
    bool is_published = reload->next && publish(reload);
    if (is_published)
        take_over(reload);
    stats_add(is_published ? &reload->succeeded : &reload->failed, 1);
    return is_published;
}

static void on_built(uv_work_t *work, int status)
{
    struct reload *reload = work->data;
    (void)status; /* it is never cancelled */
    char hash[sizeof reload->next->hash] = "";
    if (reload->next)
        snprintf(hash, sizeof hash, "%s", reload->next->hash);
    bool is_good = reload->is_dry ? reload->next != NULL : carry_out(reload);
    if (!reload->is_dry)
        log_result(reload, is_good, hash);
    give_report(reload, is_good, hash);
    conf_diff_fini(&reload->diff);
    if (reload->is_dry || !is_good) {
        conf_free(reload->next);
        tls_context_unref(reload->tls);
    }
    free(reload->complaints);
    reload->complaints = NULL;
    reload->next = NULL;
    reload->tls = NULL;
    reload->is_building = false;
    reload_go_on(reload->agent);
}

/* --- asking ------------------------------------------------------------------------------------
 */

/* Those that want the same as the first one are served with it. */
static void serve_first(struct reload *reload)
{
    struct reload_request **end = &reload->served;
    reload->is_dry = reload->waiting->is_dry;
    for (struct reload_request **at = &reload->waiting; *at;) {
        struct reload_request *request = *at;
        if (request->is_dry != reload->is_dry) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        request->next = NULL;
        *end = request;
        end = &request->next;
    }
}

static void refuse(struct reload *reload)
{
    complain(reload, "the agent is ending: no reload\n");
    if (!reload->is_dry)
        stats_add(&reload->failed, 1);
    log_lines(LOG_WARN, reload->complaints);
    give_report(reload, false, "");
    free(reload->complaints);
    reload->complaints = NULL;
}

void reload_go_on(struct agent *agent)
{
    struct reload *reload = &agent->reload;
    while (reload->waiting && !reload->is_building && agent->stage != AGENT_RUNS) {
        serve_first(reload);
        refuse(reload);
    }
    if (!reload->waiting || reload->is_building || agent->behind)
        return;
    serve_first(reload);
    reload->is_building = true;
    reload->work.data = reload;
    uv_queue_work(&agent->loop, &reload->work, build, on_built);
}

void agent_reload(struct agent *agent, bool is_dry, reload_done done, void *context)
{
    struct reload_request *request = malloc(sizeof *request);
    if (!request)
        abort();
    *request = (struct reload_request){NULL, is_dry, done, context};
    struct reload_request **end = &agent->reload.waiting;
    while (*end)
        end = &(*end)->next;
    *end = request;
    reload_go_on(agent);
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

void reload_init(struct agent *agent)
{
    const struct conf *conf = agent->conf;
    struct reload *reload = &agent->reload;
    reload->agent = agent;
    reload->fixed = (struct reload_fixed){
        .workers = conf->workers,
        .connections = conf->limits.connections,
        .has_http = conf->has_http,
        .http = conf->http,
        .bindings = conf->digest.bindings,
        .socket = conf->socket ? copy_of(conf->socket) : NULL,
    };
    stats_add(&reload->loaded, agent->started);
    reload->file = copy_of(conf->file);
}

void reload_fini(struct agent *agent)
{
    free(agent->reload.file);
    free(agent->reload.fixed.socket);
}
