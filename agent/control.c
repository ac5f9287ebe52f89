/* control.c — the control socket: clients, and their lines.
 *
 * A client has one command at a time: while that is carried out and its answer written, nothing is
 * read, so what a client can make us keep is a line and an answer. Clients are few; those that do
 * not read, and those that say nothing, are ended after a while. */
#include "agent/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/control_command.h"
#include "agent/control_socket.h"
#include "agent/log.h"

enum { CLIENTS = 32, LINE = 1024, ACCEPTS_PER_TURN = 8 };
#define PATIENCE (30 * NS_PER_S)  /* for the reading of an answer */
#define SILENCE  (300 * NS_PER_S) /* between commands */

struct control_client {
    uv_poll_t poll;
    struct control *control;
    struct control_client *next;
    int descriptor;
    char who[48];
    uint64_t since; /* real time of what it did last */
    struct errand *errand;
    char *answer; /* being written; its NUL is a line end by now */
    size_t answer_size;
    size_t written;
    bool ends; /* after this answer */
    size_t have;
    char line[LINE];
};

struct control {
    uv_poll_t poll;
    struct agent *agent;
    struct control_file file;
    struct control_client *clients;
    unsigned count;
    unsigned references; /* our handle and those of the clients */
};

static void unref(struct control *control)
{
    if (--control->references == 0)
        free(control);
}

/* --- the end of a client
 * -------------------------------------------------------------------------- */

static void on_client_closed(uv_handle_t *handle)
{
    struct control_client *client = handle->data;
    unref(client->control);
    free(client);
}

static void end(struct control_client *client)
{
    struct control_client **link = &client->control->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    client->control->count--;
    if (client->errand)
        control_cancel(client->errand);
    free(client->answer);
    uv_close((uv_handle_t *)&client->poll, on_client_closed); /* first: libuv forgets it */
    close(client->descriptor);
}

/* --- commands and answers
 * ------------------------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int status, int events);

static char *end_of_line(struct control_client *client)
{
    return memchr(client->line, '\n', client->have);
}

/* With a whole line left over, writability only says that the others have had their turn. */
static void listen_to(struct control_client *client)
{
    if (client->errand) {
        uv_poll_stop(&client->poll);
        return;
    }
    bool goes_on = client->answer || end_of_line(client);
    uv_poll_start(&client->poll, goes_on ? UV_WRITABLE : UV_READABLE, on_ready);
}

/* False: the client is gone. */
static bool write_answer(struct control_client *client)
{
    while (client->answer && client->written < client->answer_size) {
        ssize_t n = send(client->descriptor, client->answer + client->written,
                         client->answer_size - client->written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0) {
            end(client);
            return false;
        }
        client->written += (size_t)n;
        client->since = clock_real();
    }
    bool is_over = client->answer && client->ends;
    free(client->answer);
    client->answer = NULL;
    if (is_over)
        end(client);
    return !is_over;
}

/* May come before control_ask returns, or much later. */
static void on_answer(void *context, char *text, size_t size)
{
    struct control_client *client = context;
    text[size] = '\n';
    client->answer = text;
    client->answer_size = size + 1;
    client->written = 0;
    client->since = clock_real();
    client->errand = NULL;
    if (write_answer(client))
        listen_to(client);
}

static void ask(struct control_client *client, char *line_end)
{
    char line[LINE];
    size_t size = (size_t)(line_end - client->line);
    for (size_t i = 0; i < size; i++)
        line[i] = client->line[i] ? client->line[i] : '?';
    line[size] = '\0';
    client->have -= size + 1;
    memmove(client->line, line_end + 1, client->have);
    struct errand *errand =
        control_ask(client->control->agent, line, client->who, on_answer, client);
    if (!errand)
        return; /* it is answered, and perhaps gone */
    client->errand = errand;
    listen_to(client);
}

static void refuse_line(struct control_client *client)
{
    char *words = strdup("{\"error\":\"a line has at most 1023 octets\"}");
    if (!words)
        abort();
    client->ends = true;
    on_answer(client, words, strlen(words));
}

/* --- reading
 * -------------------------------------------------------------------------------------- */

static void take_line(struct control_client *client)
{
    char *line_end = end_of_line(client);
    if (line_end)
        ask(client, line_end);
    else if (client->have == LINE)
        refuse_line(client);
    else
        listen_to(client);
}

static void read_more(struct control_client *client)
{
    ssize_t n = read(client->descriptor, client->line + client->have, LINE - client->have);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        listen_to(client); /* it was waiting to write */
        return;
    }
    if (n <= 0) {
        end(client);
        return;
    }
    client->have += (size_t)n;
    client->since = clock_real();
    take_line(client);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct control_client *client = poll->data;
    (void)events;
    if (status < 0)
        end(client);
    else if (client->answer && (!write_answer(client) || client->answer))
        return;
    else if (end_of_line(client))
        take_line(client);
    else
        read_more(client);
}

/* --- clients
 * -------------------------------------------------------------------------------------- */

static void take(struct control *control, int descriptor)
{
    struct control_client *client = calloc(1, sizeof *client);
    struct ucred from = {0};
    socklen_t size = sizeof from;
    if (!client || uv_poll_init(&control->agent->loop, &client->poll, descriptor)) {
        free(client);
        close(descriptor);
        return;
    }
    (void)getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &from, &size); /* else: uid 0, pid 0 */
    snprintf(client->who, sizeof client->who, "uid %u, pid %d", (unsigned)from.uid, (int)from.pid);
    client->poll.data = client;
    client->control = control;
    client->descriptor = descriptor;
    client->since = clock_real();
    client->next = control->clients;
    control->clients = client;
    control->count++;
    control->references++;
    listen_to(client);
}

/* Full: the one that has been silent for longest makes room, if it waits for nothing. */
static bool make_room(struct control *control)
{
    struct control_client *silent = NULL;
    for (struct control_client *client = control->clients; client; client = client->next)
        if (!client->errand && !client->answer && (!silent || client->since < silent->since))
            silent = client;
    if (silent)
        end(silent);
    return silent;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct control *control = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int descriptor = accept4(control->file.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor < 0)
            return;
        if (control->count >= CLIENTS && !make_room(control))
            close(descriptor);
        else
            take(control, descriptor);
    }
}

void control_tick(struct control *control)
{
    uint64_t now = clock_real();
    struct control_client *next = NULL;
    for (struct control_client *client = control ? control->clients : NULL; client; client = next) {
        next = client->next;
        uint64_t patience = client->answer ? PATIENCE : SILENCE;
        if (!client->errand && now - client->since > patience)
            end(client);
    }
}

/* --- open and close
 * ------------------------------------------------------------------------------- */

struct control *control_open(struct agent *agent, bool *works)
{
    *works = true;
    if (!agent->conf->socket)
        return NULL;
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        abort();
    control->agent = agent;
    control->references = 1;
    *works = control_file_open(&control->file, agent->conf->socket);
    if (!*works) {
        free(control);
        return NULL;
    }
    if (uv_poll_init(&agent->loop, &control->poll, control->file.listener))
        abort();
    control->poll.data = control;
    uv_poll_start(&control->poll, UV_READABLE, on_acceptable);
    log_info("-", "listening", log_words("control {socket}"),
             log_text("socket", agent->conf->socket));
    return control;
}

static void on_closed(uv_handle_t *handle)
{
    unref(handle->data);
}

void control_close(struct control *control)
{
    if (!control)
        return;
    control_file_remove(&control->file);
    while (control->clients)
        end(control->clients);
    uv_close((uv_handle_t *)&control->poll, on_closed);
    close(control->file.listener);
}
