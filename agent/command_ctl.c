/* command_ctl.c — `antipode ctl`: one line to the control socket, one object back.
 *
 * It runs in a process of its own and waits as programs do. What is a command is known here, too,
 * so that a wrong one ends with 2 and without an agent. */
#include "agent/command_ctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/control_command.h"
#include "agent/control_socket.h"
#include "agent/ctl_show.h"

enum { FAILED = 1, WRONG_COMMAND_LINE = 2, LINE = 1024, PATIENCE_S = 120 };

struct options {
    const char *socket;
    bool as_json;
    bool is_dry;
    bool wants_help;
};

static void print_usage(FILE *to)
{
    fprintf(to,
            "usage: antipode ctl [--socket PATH] [--json] COMMAND\n"
            "Asks the agent that listens at PATH (%s), or tells it what to do:\n",
            CONTROL_SOCKET);
    for (size_t i = 0; i < control_command_count; i++) {
        const struct control_command *command = &control_commands[i];
        char words[48];
        snprintf(words, sizeof words, "%s %s", command->name, command->words);
        fprintf(to, "  %-26s %s\n", words, command->help);
    }
}

static int wrong(const char *what, const char *which)
{
    fprintf(stderr, "antipode ctl: %s%s\n", what, which);
    print_usage(stderr);
    return WRONG_COMMAND_LINE;
}

/* --- the command line --- */

static bool read_options(struct options *options, int count, char **arguments)
{
    static const struct option known[] = {{"socket", required_argument, NULL, 's'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"dry-run", no_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    optind = 0; /* glibc: start anew, also with the order of words */
    opterr = 0;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        if (option == 's')
            options->socket = optarg;
        else if (option == 'j')
            options->as_json = true;
        else if (option == 'd')
            options->is_dry = true;
        else if (option == 'h')
            options->wants_help = true;
        else
            return false;
    }
    return true;
}

/* What may not stand in a line is no word of any command. */
static bool is_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ')
            return false;
    return *text;
}

/* False: there is no room. */
static bool add_word(char line[LINE], const char *word)
{
    size_t size = strlen(line);
    if (size + strlen(word) + 2 >= LINE)
        return false;
    sprintf(line + size, "%s%s", size ? " " : "", word);
    return true;
}

/* 0, or the exit status. */
static int make_line(char line[LINE], const struct options *options, int count, char **words)
{
    unsigned given = (unsigned)count - 1 + options->is_dry;
    const struct control_command *command = control_command_named(words[0]);
    if (!strcmp(words[0], "trace"))
        return wrong("trace", " is not built yet");
    if (!command)
        return wrong("unknown command ", words[0]);
    bool takes_dry = !strcmp(command->name, "reload");
    if (given < command->least || given > command->most || (options->is_dry && !takes_dry))
        return wrong(words[0], *command->words ? ": another number of words is wanted"
                                               : ": nothing is wanted behind it");
    line[0] = '\0';
    for (int i = 0; i < count; i++)
        if (!is_word(words[i]) || !add_word(line, words[i]))
            return wrong("too long, or no word: ", words[i]);
    if (options->is_dry && !add_word(line, "--dry-run"))
        return wrong("too long", "");
    strcat(line, "\n");
    return 0;
}

/* --- the agent --- */

static int fail(const char *socket_path, const char *why)
{
    fprintf(stderr, "antipode ctl: %s: %s\n", socket_path, why);
    return FAILED;
}

/* The descriptor, or -1 with errno. */
static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
        return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

static const char *why_not(int error)
{
    return error == ENOENT         ? "not there: is the agent running, and with this socket?"
           : error == ECONNREFUSED ? "nobody listens: the agent that made it has ended"
                                   : strerror(error);
}

/* What comes up to the line end, to be freed; NULL with errno (0: the agent has closed). */
static char *read_answer(int descriptor, size_t *size)
{
    size_t room = 64 * 1024;
    char *text = malloc(room);
    for (*size = 0; text;) {
        ssize_t n = recv(descriptor, text + *size, room - *size, 0);
        if (n <= 0) {
            errno = n ? errno : 0;
            break;
        }
        *size += (size_t)n;
        if (text[*size - 1] == '\n')
            return text;
        if (*size == room)
            text = realloc(text, room *= 2);
    }
    free(text);
    return NULL;
}

/* What is wrong, and the mistakes of a configuration line by line. */
static void complain(const char *error, const json_t *lines)
{
    size_t i;
    json_t *words;
    json_array_foreach(lines, i, words)
        fprintf(stderr, "%s\n", json_string_value(words));
    fprintf(stderr, "antipode ctl: %s\n", error);
}

static int show(char *text, size_t size, const char *command, bool as_json)
{
    json_error_t where;
    json_t *answer = json_loadb(text, size, 0, &where);
    if (!json_is_object(answer)) {
        json_decref(answer);
        fputs("antipode ctl: what came back is no JSON object\n", stderr);
        return FAILED;
    }
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (error && !as_json)
        complain(error, json_object_get(answer, "text"));
    else if (as_json)
        fwrite(text, 1, size, stdout);
    else
        ctl_show(command, answer, stdout);
    bool is_done = !error;
    json_decref(answer);
    return is_done && fflush(stdout) == 0 ? 0 : FAILED;
}

static int ask(const struct options *options, const char *line, const char *command)
{
    size_t size = 0;
    int descriptor = dial(options->socket);
    if (descriptor < 0)
        return fail(options->socket, why_not(errno));
    bool is_sent = send(descriptor, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
    char *text = is_sent ? read_answer(descriptor, &size) : NULL;
    int error = errno;
    close(descriptor);
    if (!text)
        return fail(options->socket, error == EAGAIN ? "no answer"
                                     : error         ? strerror(error)
                                                     : "the agent has closed the connection");
    int status = show(text, size, command, options->as_json);
    free(text);
    return status;
}

int command_ctl(int count, char **arguments)
{
    char line[LINE];
    struct options options = {.socket = CONTROL_SOCKET};
    if (!read_options(&options, count, arguments))
        return wrong("no such option: ", arguments[optind - 1]);
    if (options.wants_help) {
        print_usage(stdout);
        return 0;
    }
    if (optind == count)
        return wrong("no command", "");
    int status = make_line(line, &options, count - optind, arguments + optind);
    return status ? status : ask(&options, line, arguments[optind]);
}
