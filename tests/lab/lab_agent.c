/* lab_agent.c — the agent as a child process: started with a configuration of its own, ended and
 * judged.
 *
 * The child dies with the test's process whatever happens. Its standard error goes to a file that
 * is shown when the test fails; sanitizer reports and a wrong exit status fail it. */
#include "tests/lab/lab_kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lab *current; /* a test has one lab at a time */

/* --- files and ports --- */

void lab_read_tail(const char *path, char *text, size_t room)
{
    FILE *in = fopen(path, "r");
    text[0] = '\0';
    if (!in)
        return;
    if (fseek(in, -(long)(room - 1), SEEK_END) != 0)
        rewind(in);
    text[fread(text, 1, room - 1, in)] = '\0';
    fclose(in);
}

bool lab_log_has(struct lab *lab, const char *text)
{
    static char log[1 << 20];
    lab_read_tail(lab->log, log, sizeof(log));
    return strstr(log, text);
}

void lab_wait_log(struct lab *lab, const char *text)
{
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS; !lab_log_has(lab, text);) {
        if (lab_now_ms() > deadline)
            lab_fail("the log never says: %s", text);
        lab_serve(lab, 5);
    }
}

unsigned lab_loopback(struct sockaddr_storage *at, bool ipv6, uint16_t port)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    memset(at, 0, sizeof(*at));
    if (ipv6)
        memcpy(at, &v6, sizeof(v6));
    else
        memcpy(at, &v4, sizeof(v4));
    return ipv6 ? sizeof(v6) : sizeof(v4);
}

int lab_listen_on(bool ipv6, uint16_t *port)
{
    struct sockaddr_storage at;
    socklen_t size = lab_loopback(&at, ipv6, *port);
    int one = 1, fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (*port)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, size) || listen(fd, 128) ||
        getsockname(fd, (struct sockaddr *)&at, &size)) {
        int error = -errno;
        close(fd);
        return error;
    }
    /* the port lies at the same place in both */
    *port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    return fd;
}

/* Below those that the system gives by itself, and for each process others: no lab may talk to
 * another's agent. */
static uint16_t free_port(bool (*is_free)(uint16_t port))
{
    enum { FIRST = 10000, COUNT = 22000, OF_A_PROCESS = 16 };
    static unsigned turn;
    for (int tries = 0; tries < COUNT; tries++) {
        uint16_t port = (uint16_t)(FIRST + ((unsigned)getpid() * OF_A_PROCESS + turn++) % COUNT);
        if (is_free(port))
            return port;
    }
    lab_fail("no free port");
}

static bool is_free_for_tcp(uint16_t port)
{
    int fd = lab_listen_on(false, &port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool is_free_for_udp(uint16_t port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
    if (fd >= 0)
        close(fd);
    return is_free;
}

uint16_t lab_free_port(void)
{
    return free_port(is_free_for_tcp);
}

uint16_t lab_free_udp_port(void)
{
    return free_port(is_free_for_udp);
}

/* --- the process --- */

/* The agent of this build, or that of the folder ANTIPODE_BIN: one with another sanitizer, or a
 * wrapper. */
static const char *program(char *path, size_t size)
{
    const char *folder = getenv("ANTIPODE_BIN");
    snprintf(path, size, "%s/antipode", folder ? folder : BIN_DIR);
    return path;
}

enum { VARIABLES = 1000 };

/* The environment, and the clock's name where it has one. */
static void take_environment(char **with, char *clock)
{
    size_t count = 0;
    while (environ[count] && count < VARIABLES - 2) {
        with[count] = environ[count];
        count++;
    }
    with[count++] = clock;
    with[count] = NULL;
}

/* In the child of a process with threads (of SCTP), one of which may have held the lock of the
 * heap: nothing that allocates. */
static _Noreturn void become(char *const words[], char **environment, int out, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out < 0 || getppid() != parent)
        _exit(126);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execve(words[0], words, environment);
    _exit(127);
}

pid_t lab_spawn(const char *command, const char *config, const char *log, const char *clock)
{
    pid_t parent = getpid();
    char path[4096], of_clock[300], verb[20], file[4096];
    snprintf(verb, sizeof(verb), "%s", command);
    snprintf(file, sizeof(file), "%s", config);
    snprintf(of_clock, sizeof(of_clock), "ANTIPODE_LAB_CLOCK=%s", clock ? clock : "");
    program(path, sizeof(path));
    char *const words[] = {path, verb, file, NULL};
    char *environment[VARIABLES];
    take_environment(environment, clock ? of_clock : NULL);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t child = fork();
    if (child == 0)
        become(words, environment, out, parent);
    close(out);
    return child;
}

static bool has_ended(struct lab *lab, int *status)
{
    if (waitpid(lab->agent, status, WNOHANG) != lab->agent)
        return false;
    lab->agent = 0;
    return true;
}

static void kill_agent(struct lab *lab)
{
    if (lab->agent <= 0)
        return;
    kill(lab->agent, SIGKILL);
    waitpid(lab->agent, NULL, 0);
    lab->agent = 0;
}

int lab_run_file(const char *command, const char *config, char *said, size_t room)
{
    char log[] = "/tmp/antipode-log-XXXXXX";
    int status = -1;
    close(mkstemp(log));
    pid_t child = lab_spawn(command, config, log, NULL);
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (lab_now_ms() > deadline) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
            lab_fail("antipode %s does not end", command);
        }
        poll(NULL, 0, 5);
    }
    lab_read_tail(log, said, room);
    unlink(log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int lab_run_to_end(const char *command, const char *yaml, char *said, size_t room)
{
    char config[] = "/tmp/antipode-lab-XXXXXX";
    int fd = mkstemp(config);
    if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
        lab_fail("cannot write a configuration");
    close(fd);
    int status = lab_run_file(command, config, said, room);
    unlink(config);
    return status;
}

uint64_t lab_resident_memory(struct lab *lab)
{
    return (uint64_t)lab_metric(lab, "process_resident_memory_bytes");
}

/* --- start --- */

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* tests with many peers notice */
    }
}

static bool has_server(const struct lab *lab, const char *identity)
{
    for (size_t i = 0; i < lab->server_count; i++)
        if (strcmp(lab->servers[i].identity, identity) == 0)
            return true;
    return false;
}

static void take_servers(struct lab *lab)
{
    if (!lab->plan.servers[0])
        lab->plan.servers[0] = S1;
    for (size_t i = 0; i < LAB_SERVERS_MAX && lab->plan.servers[i] && *lab->plan.servers[i]; i++) {
        if (has_server(lab, lab->plan.servers[i]))
            continue;
        struct lab_server *server = &lab->servers[lab->server_count++];
        server->identity = lab->plan.servers[i];
        int error = lab->kind->listen(lab, server);
        if (error)
            lab_fail("no port to listen on: %s", strerror(-error));
    }
}

/* False: a port was taken meanwhile. */
static bool start_agent(struct lab *lab)
{
    char clock[96];
    int status = 0;
    snprintf(clock, sizeof(clock), "%s/clock", lab->folder);
    lab->agent = lab_spawn("run", lab->config, lab->log, clock);
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS; lab_now_ms() < deadline;
         poll(NULL, 0, 5)) {
        if (has_ended(lab, &status) && lab_log_has(lab, "in use"))
            return false;
        if (!lab->agent)
            lab_fail("the agent ended at once, with status %x", (unsigned)status);
        char *body = lab_get(lab, "/healthz", &status);
        free(body);
        if (body && status == 200)
            return true;
    }
    lab_fail("the agent does not answer on HTTP");
}

struct lab *lab_start(struct lab_plan plan)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    current = lab;
    lab->plan = plan;
    lab->kind = lab_kind_of(&plan);
    raise_descriptor_limit();
    strcpy(lab->folder, "/tmp/antipode-lab-XXXXXX");
    if (!mkdtemp(lab->folder))
        lab_fail("no folder for the lab: %s", strerror(errno));
    snprintf(lab->config, sizeof(lab->config), "%s/antipode.yaml", lab->folder);
    snprintf(lab->log, sizeof(lab->log), "%s/log", lab->folder);
    snprintf(lab->socket, sizeof(lab->socket), "%s/control", lab->folder);
    lab_clock_open(lab, lab->folder);
    if (lab->kind->is_sctp)
        lab_stack_open(lab);
    take_servers(lab);
    for (int tries = 0; tries < 10; tries++) {
        lab->port = lab_free_port();
        lab->http_port = lab_free_port();
        lab->udp_port = lab->kind->is_sctp ? lab_free_udp_port() : 0;
        if (!lab_write_config(lab))
            lab_fail("cannot write %s", lab->config);
        if (start_agent(lab))
            return lab;
        unlink(lab->log);
    }
    lab_fail("no ports for the agent");
}

bool lab_reload(struct lab *lab, struct lab_plan plan)
{
    static const char reloads[] = "antipode_config_reloads_total";
    double good = lab_metric_sum(lab, reloads, "result=\"success\"");
    double bad = lab_metric_sum(lab, reloads, "result=\"failure\"");
    lab->plan = plan;
    take_servers(lab);
    if (!lab_write_config(lab))
        lab_fail("cannot write %s", lab->config);
    kill(lab->agent, SIGHUP);
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS; lab_now_ms() < deadline;
         lab_serve(lab, 2)) {
        if (lab_metric_sum(lab, reloads, "result=\"success\"") > good)
            return true;
        if (lab_metric_sum(lab, reloads, "result=\"failure\"") > bad)
            return false;
    }
    lab_fail("the reload does not end");
}

void lab_restart(struct lab *lab)
{
    kill_agent(lab);
    for (size_t i = 0; i < lab->peer_count; i++)
        lab_close(lab->peers[i]);
    lab_clock_close(lab);
    lab_clock_open(lab, lab->folder);
    if (!start_agent(lab))
        lab_fail("the agent's port was taken while it was down");
}

/* --- end --- */

static void free_lab(struct lab *lab)
{
    for (size_t i = 0; i < lab->peer_count; i++) {
        lab_close(lab->peers[i]);
        free(lab->peers[i]->in);
        free(lab->peers[i]->out);
        free(lab->peers[i]);
    }
    for (size_t i = 0; i < lab->server_count; i++)
        lab->kind->unlisten(&lab->servers[i]);
    lab_stack_close(lab);
    lab_tls_free(lab);
    char clock[96];
    snprintf(clock, sizeof(clock), "%s/clock", lab->folder);
    lab_clock_close(lab);
    unlink(clock);
    unlink(lab->config);
    unlink(lab->log);
    unlink(lab->socket);
    rmdir(lab->folder);
    free(lab->peers);
    free(lab);
    lab_messages_free();
    lab_answers_free();
    current = NULL;
}

static void let_peers_disconnect(struct lab *lab)
{
    for (size_t i = 0; i < lab->peer_count; i++) {
        lab->peers[i]->auto_disconnect = true;
        lab->peers[i]->no_watchdog = false;
        lab->peers[i]->paused = false;
        if (lab->peers[i]->ended)
            lab_close(lab->peers[i]);
    }
}

void lab_stop(struct lab *lab)
{
    if (!lab->is_stopping)
        kill(lab->agent, SIGTERM);
    lab->is_stopping = true;
}

void lab_end(struct lab *lab)
{
    int status = 0;
    if (!lab->ledger_is_open && !lab->is_stopping)
        lab_expect_balance(lab);
    let_peers_disconnect(lab);
    lab_stop(lab);
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (!has_ended(lab, &status)) {
        if (lab_now_ms() > deadline)
            lab_fail("the agent does not end after SIGTERM");
        lab_serve(lab, 5);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        lab_fail("the agent ended with status %x", (unsigned)status);
    if (lab_log_has(lab, "Sanitizer") || lab_log_has(lab, "runtime error"))
        lab_fail("a sanitizer reported something");
    free_lab(lab);
}

void lab_end_with_pending(struct lab *lab)
{
    lab->ledger_is_open = true;
    lab_end(lab);
}

void lab_fini(void)
{
    static char log[12000];
    if (!current) {
        lab_messages_free();
        return;
    }
    kill_agent(current);
    lab_read_tail(current->log, log, sizeof(log));
    fprintf(stderr, "--- the agent said ---\n%s--- %s ---\n", log, current->folder);
    free_lab(current);
}

void lab_fail(const char *format, ...)
{
    char words[1000];
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof(words), format, values);
    va_end(values);
    cr_assert_fail("%s", words);
    abort();
}
