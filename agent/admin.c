/* admin.c — the HTTP endpoint: libmicrohttpd inside the main loop.
 *
 * The daemon has no thread: its epoll descriptor is polled by libuv, and a timer stands for its
 * time-outs. A scrape is rendered by libuv's pool of threads while its connection is suspended, so
 * the front desk never waits for it; a report is an errand of control_command.c. A visit is one
 * such request; it may outlive its connection, and the endpoint outlives all visits. */
#include "agent/admin.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/control_command.h"
#include "agent/log.h"
#include "agent/metrics.h"
#include "agent/net/tcp.h"
#include "agent/ready.h"
#include "agent/store/store.h"

enum { CONNECTIONS = 64, CONNECTIONS_PER_ADDRESS = 32, IDLE_SECONDS = 30, REQUEST_OCTETS = 16384 };

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

struct admin {
    struct agent *agent;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned references; /* two handles and the visits */
    struct visit *visits;
    const struct stats **stats;
};

struct visit {
    struct admin *admin;
    struct visit *next;
    struct MHD_Connection *connection; /* NULL: it is gone */
    uv_work_t work;
    struct errand *errand;     /* of a report: it is being written */
    struct snapshot *snapshot; /* in use while it is rendered */
    struct metrics_source source;
    bool is_rendering;
    const char *type;
    char *text;
    size_t size;
};

static void unref(struct admin *admin)
{
    if (--admin->references)
        return;
    free(admin->stats);
    free(admin);
}

/* --- the loop
 * --------------------------------------------------------------------------------------- */

static void on_time(uv_timer_t *timer);

static void run(struct admin *admin)
{
    MHD_UNSIGNED_LONG_LONG wait;
    MHD_run(admin->daemon);
    if (MHD_get_timeout(admin->daemon, &wait) == MHD_YES)
        uv_timer_start(&admin->timer, on_time, wait, 0);
    else
        uv_timer_stop(&admin->timer);
}

static void on_time(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    (void)status; /* whatever it is, the daemon looks for itself */
    (void)events;
    run(poll->data);
}

/* --- answers
 * ---------------------------------------------------------------------------------------- */

/* Takes `text`, which is from malloc. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *text, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned status,
                                    const char *words)
{
    char *text = strdup(words);
    return text ? answer(connection, status, text_type, text, strlen(text)) : MHD_NO;
}

static enum MHD_Result answer_ready(struct admin *admin, struct MHD_Connection *connection)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return MHD_NO;
    bool is_ready = ready_explain(admin->agent, to);
    if (is_ready)
        fputs("ready\n", to);
    fclose(to);
    unsigned status = is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    return answer(connection, status, text_type, text, size);
}

/* --- a scrape
 * --------------------------------------------------------------------------------------- */

static void visit_end(struct visit *visit)
{
    struct visit **link = &visit->admin->visits;
    while (*link != visit)
        link = &(*link)->next;
    *link = visit->next;
    unref(visit->admin);
    free(visit->text);
    free(visit);
}

/* On a thread of the pool. */
static void render(uv_work_t *work)
{
    struct visit *visit = work->data;
    FILE *to = open_memstream(&visit->text, &visit->size);
    if (!to)
        return;
    metrics_render(&visit->source, to);
    fclose(to);
}

static void resume(struct visit *visit)
{
    MHD_resume_connection(visit->connection);
    run(visit->admin); /* without a thread of its own nothing else wakes the daemon */
}

static void on_rendered(uv_work_t *work, int status)
{
    struct visit *visit = work->data;
    (void)status; /* it is never cancelled */
    visit->is_rendering = false;
    snapshot_unref(visit->snapshot);
    if (visit->connection)
        resume(visit);
    else
        visit_end(visit);
}

static struct visit *visit_begin(struct admin *admin, struct MHD_Connection *connection,
                                 const char *type)
{
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit)
        abort();
    *visit = (struct visit){
        .admin = admin, .next = admin->visits, .connection = connection, .type = type};
    visit->work.data = visit;
    admin->visits = visit;
    admin->references++;
    return visit;
}

/* What a scrape may read while the main thread goes on. */
static struct metrics_source make_source(const struct admin *admin)
{
    const struct agent *agent = admin->agent;
    return (struct metrics_source){
        .conf = agent->conf,
        .tls = agent->snapshot->tls,
        .started = agent->started,
        .worker_count = agent->worker_count,
        .stats = admin->stats,
        .bindings = agent->store ? agent->store->table : NULL,
        .peers = &agent->rows.peers,
        .routes = &agent->rows.routes,
        .peer_count = agent->rows.peers.count,
        .route_count = agent->rows.routes.count,
        .reloads = stats_read(&agent->reload.succeeded),
        .failed_reloads = stats_read(&agent->reload.failed),
        .loaded = stats_read(&agent->reload.loaded),
    };
}

static enum MHD_Result begin_scrape(struct admin *admin, struct MHD_Connection *connection,
                                    void **context)
{
    struct visit *visit = visit_begin(admin, connection, metrics_type);
    visit->snapshot = snapshot_ref(admin->agent->snapshot);
    visit->source = make_source(admin);
    *context = visit;
    visit->is_rendering = true;
    MHD_suspend_connection(connection);
    uv_queue_work(&admin->agent->loop, &visit->work, render, on_rendered);
    return MHD_YES;
}

static enum MHD_Result visit_answer(struct visit *visit)
{
    char *text = visit->text;
    if (!text)
        return MHD_NO;
    visit->text = NULL;
    bool is_refused = strncmp(text, "{\"error\"", 8) == 0;
    return answer(visit->connection, is_refused ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
                  visit->type, text, visit->size);
}

/* --- a report: what `antipode ctl` would print
 * ----------------------------------------------------------- */

static const char api[] = "/api/v1/";
static const char *const reports[] = {"status", "peers", "pools", "routes"};

/* May come before control_ask returns: then the connection was not suspended. */
static void on_report(void *context, char *text, size_t size)
{
    struct visit *visit = context;
    text[size] = '\n';
    visit->text = text;
    visit->size = size + 1;
    if (!visit->errand)
        return;
    visit->errand = NULL;
    resume(visit);
}

static enum MHD_Result begin_report(struct admin *admin, struct MHD_Connection *connection,
                                    const char *command, void **context)
{
    struct visit *visit = visit_begin(admin, connection, json_type);
    *context = visit;
    visit->errand = control_ask(admin->agent, command, "http", on_report, visit);
    if (!visit->errand)
        return visit_answer(visit);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static const char *report_of(const char *path)
{
    if (strncmp(path, api, sizeof api - 1) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        if (!strcmp(path + sizeof api - 1, reports[i]))
            return reports[i];
    return NULL;
}

/* --- requests
 * --------------------------------------------------------------------------------------- */

static enum MHD_Result dispatch(struct admin *admin, struct MHD_Connection *connection,
                                const char *path, void **context)
{
    if (!strcmp(path, "/metrics"))
        return begin_scrape(admin, connection, context);
    if (!strcmp(path, "/healthz"))
        return answer_words(connection, MHD_HTTP_OK, "ok\n");
    if (!strcmp(path, "/readyz"))
        return answer_ready(admin, connection);
    if (report_of(path))
        return begin_report(admin, connection, report_of(path), context);
    return answer_words(connection, MHD_HTTP_NOT_FOUND, "not found\n");
}

/* The context of a request whose head was read and nothing else. */
static char head_is_read;

/* The daemon calls it with the head of a request, then for each piece of a body, at last at the
 * end; once more after a visit was resumed. The context says which time it is. */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **context)
{
    struct admin *admin = closure;
    (void)version;
    (void)upload;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "read only\n");
    if (!*context) {
        *context = &head_is_read;
        return MHD_YES;
    }
    if (*upload_size)
        return MHD_NO; /* nothing here takes a body */
    if (*context == &head_is_read) {
        *context = NULL;
        return dispatch(admin, connection, path, context);
    }
    return visit_answer(*context);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)closure;
    (void)connection;
    (void)code;
    struct visit *visit = *context;
    if (!visit || *context == &head_is_read)
        return;
    visit->connection = NULL;
    if (visit->errand)
        control_cancel(visit->errand);
    if (!visit->is_rendering)
        visit_end(visit);
}

/* --- open and close
 * --------------------------------------------------------------------------------- */

static const struct stats **list_stats(const struct agent *agent)
{
    unsigned count = agent->worker_count;
    const struct stats **stats = calloc(count + 1, sizeof *stats);
    if (!stats)
        abort();
    for (unsigned i = 0; i < count; i++)
        stats[i] = &agent->workers[i]->stats;
    stats[count] = &agent->stats;
    return stats;
}

static struct MHD_Daemon *start_daemon(struct admin *admin, int listener)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                            admin, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_COMPLETED,
                            on_completed, admin, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_OCTETS,
                            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static void add_to_loop(struct admin *admin)
{
    uv_loop_t *loop = &admin->agent->loop;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (uv_poll_init(loop, &admin->poll, info->epoll_fd) || uv_timer_init(loop, &admin->timer))
        abort();
    admin->poll.data = admin->timer.data = admin;
    admin->references = 2;
    uv_poll_start(&admin->poll, UV_READABLE, on_event);
}

/* NULL with a line in the log. */
static struct admin *admin_new(struct agent *agent, int listener)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        abort();
    admin->agent = agent;
    admin->daemon = start_daemon(admin, listener);
    if (!admin->daemon) {
        log_error("-", "http", log_words("the endpoint cannot be started"));
        close(listener);
        free(admin);
        return NULL;
    }
    admin->stats = list_stats(agent);
    add_to_loop(admin);
    return admin;
}

static int open_listener(const union conf_socket *address)
{
    char text[80];
    int listener = tcp_listen(address);
    if (listener < 0) {
        tcp_address_text(address, text, sizeof text);
        log_error("-", "http", log_words("cannot listen on {address}: {error}"),
                  log_text("address", text), log_text("error", uv_strerror(listener)));
        return listener;
    }
    union conf_socket bound = tcp_bound_address(listener); /* of port 0: the one that was free */
    tcp_address_text(&bound, text, sizeof text);
    log_info("-", "listening", log_words("http {address}"), log_text("address", text));
    return listener;
}

struct admin *admin_open(struct agent *agent, bool *works)
{
    *works = true;
    if (!agent->conf->has_http)
        return NULL;
    int listener = open_listener(&agent->conf->http);
    struct admin *admin = listener < 0 ? NULL : admin_new(agent, listener);
    *works = admin != NULL;
    return admin;
}

static void on_closed(uv_handle_t *handle)
{
    unref(handle->data);
}

void admin_close(struct admin *admin)
{
    if (!admin)
        return;
    uv_close((uv_handle_t *)&admin->poll, on_closed);
    uv_close((uv_handle_t *)&admin->timer, on_closed);
    for (struct visit *visit = admin->visits; visit; visit = visit->next)
        if (visit->is_rendering || visit->errand)
            MHD_resume_connection(visit->connection); /* it cannot be closed while suspended */
    MHD_stop_daemon(admin->daemon);
}
