/* lab_control.c — what a test asks the agent by its control socket: a line, and the object that
 * comes back. */
#include "tests/lab/lab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lab/lab_private.h"

enum { ANSWERS = 4096 };

static json_t *answers[ANSWERS]; /* they live as long as the lab */
static size_t answer_count;

void lab_answers_free(void)
{
    while (answer_count)
        json_decref(answers[--answer_count]);
}

json_t *lab_keep(json_t *json)
{
    if (!json || answer_count == ANSWERS)
        lab_fail("no JSON, or too much of it");
    return answers[answer_count++] = json;
}

int lab_control_dial(struct lab *lab)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strcpy(to.sun_path, lab->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
        lab_fail("nobody at the control socket");
    return fd;
}

char *lab_control_read(struct lab *lab, int fd)
{
    size_t room = 1 << 16, size = 0;
    char *text = malloc(room);
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;;) {
        ssize_t n = recv(fd, text + size, room - size - 1, MSG_DONTWAIT);
        if (lab_now_ms() > deadline)
            lab_fail("no answer at the control socket");
        if (n == 0)
            break;
        if (n < 0) {
            lab_serve(lab, 1);
            continue;
        }
        size += (size_t)n;
        if (text[size - 1] == '\n')
            break;
        if (room - size < 4096)
            text = realloc(text, room *= 2);
    }
    text[size] = '\0';
    return text;
}

json_t *lab_ask(struct lab *lab, const char *line)
{
    int fd = lab_control_dial(lab);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line) ||
        send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
        lab_fail("the control socket takes no line");
    char *text = lab_control_read(lab, fd);
    json_t *json = json_loads(text, 0, NULL);
    close(fd);
    if (!json)
        lab_fail("no JSON in answer to %s: %s", line, text);
    free(text);
    return lab_keep(json);
}

json_t *lab_at(json_t *json, const char *path)
{
    char copy[200], *rest = NULL;
    snprintf(copy, sizeof(copy), "%s", path);
    for (char *part = strtok_r(copy, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
        json = json_is_array(json) ? json_array_get(json, strtoul(part, NULL, 10))
                                   : json_object_get(json, part);
    return json;
}

const char *lab_word(json_t *json, const char *path)
{
    const char *text = json_string_value(lab_at(json, path));
    return text ? text : "(none)";
}

long long lab_count_at(json_t *json, const char *path)
{
    json_t *number = lab_at(json, path);
    if (!json_is_integer(number))
        lab_fail("no number at %s", path);
    return json_integer_value(number);
}

json_t *lab_peer_row(struct lab *lab, const char *identity)
{
    char line[300];
    snprintf(line, sizeof(line), "peers %s", identity);
    return lab_at(lab_ask(lab, line), "peers.0");
}

void lab_wait_state(struct lab *lab, const char *identity, const char *state)
{
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;;) {
        const char *is = lab_word(lab_peer_row(lab, identity), "state");
        if (!strcmp(is, state))
            return;
        if (lab_now_ms() > deadline)
            lab_fail("%s stays %s, and is not %s", identity, is, state);
        lab_serve(lab, 2);
    }
}
