/* ctl_socket.c — the control socket as a file, and clients that mean no good. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(ctl_socket, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static char said[8000];

/* --- the file --- */

Test(ctl_socket, its_mode_lets_owner_and_group_in_and_nobody_else)
{
    struct lab *lab = lab_start(USUAL);
    struct stat is;
    cr_assert_eq(lstat(lab->socket, &is), 0);
    cr_assert(S_ISSOCK(is.st_mode));
    cr_assert_eq(is.st_mode & 0777, 0660);
    lab_end(lab);
}

Test(ctl_socket, it_is_gone_when_the_agent_has_ended)
{
    struct lab *lab = lab_start(USUAL);
    char folder[64], path[96];
    strcpy(folder, lab->folder);
    strcpy(path, lab->socket);
    lab_end(lab);
    cr_assert_neq(access(path, F_OK), 0, "%s", folder);
}

Test(ctl_socket, that_of_an_agent_that_was_killed_is_replaced)
{
    struct lab *lab = lab_start(USUAL);
    lab_restart(lab);
    cr_assert_str_eq(lab_word(lab_ask(lab, "status"), "stage"), "running");
    lab_end(lab);
}

static int run_with_socket(const char *socket)
{
    char yaml[1000];
    snprintf(yaml, sizeof(yaml),
             "version: 1\nidentity: m.agent.example\nrealm: agent.example\n"
             "listen:\n  - { transport: tcp, address: 127.0.0.1, port: %u }\n"
             "admin: { http: none, socket: %s }\nlimits: { connections: 100 }\n"
             "routes:\n  - { name: rest, realm: \"*\", action: reject, result: 3003 }\n",
             lab_free_port(), socket);
    return lab_run_to_end("run", yaml, said, sizeof(said));
}

Test(ctl_socket, that_of_a_running_agent_is_not_taken)
{
    struct lab *lab = lab_start(USUAL);
    cr_assert_eq(run_with_socket(lab->socket), 1);
    cr_assert_not_null(strstr(said, "an agent listens on it"), "%s", said);
    cr_assert_str_eq(lab_word(lab_ask(lab, "status"), "stage"), "running");
    lab_end(lab);
}

Test(ctl_socket, a_folder_that_is_not_there_ends_the_start_with_what_to_do)
{
    cr_assert_eq(run_with_socket("/nonexistent/antipode/control.sock"), 1);
    cr_assert_not_null(strstr(said, "its folder is not there; make it, or name another place"),
                       "%s", said);
}

Test(ctl_socket, a_file_that_is_no_socket_is_left_alone)
{
    char path[] = "/tmp/antipode-file-XXXXXX";
    close(mkstemp(path));
    cr_assert_eq(run_with_socket(path), 1);
    cr_assert_not_null(strstr(said, "there is something that is no socket"), "%s", said);
    cr_assert_eq(unlink(path), 0);
}

/* --- bad manners --- */

static void say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect_answer(struct lab *lab, int fd, const char *words)
{
    char *text = lab_control_read(lab, fd);
    cr_assert_not_null(strstr(text, words), "it said: %s", text);
    free(text);
}

Test(ctl_socket, garbage_is_answered_with_an_error)
{
    struct lab_bed bed = lab_bed(USUAL);
    static const char garbage[] = "\0\1\2\xff\xfe drain everything\n";
    int fd = lab_control_dial(bed.lab);
    cr_assert_eq(send(fd, garbage, sizeof(garbage) - 1, 0), (ssize_t)sizeof(garbage) - 1);
    expect_answer(bed.lab, fd, "{\"error\":\"unknown command\"}\n");
    say(fd, "\n");
    expect_answer(bed.lab, fd, "{\"error\":\"no command\"}\n");
    say(fd, "drain\n");
    expect_answer(bed.lab, fd, "{\"error\":\"drain takes: PEER\"}\n");
    say(fd, "status a b c d e f g\n");
    expect_answer(bed.lab, fd, "{\"error\":\"status takes: nothing\"}\n");
    say(fd, "trace file.pcapng\n");
    expect_answer(bed.lab, fd, "{\"error\":\"trace is not built yet\"}\n");
    say(fd, "drain \xc3\x28.edge.example\n");
    expect_answer(bed.lab, fd, "\"error\"");
    close(fd);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ctl_socket, a_line_without_end_is_refused_and_its_client_ended)
{
    struct lab_bed bed = lab_bed(USUAL);
    static char line[4096];
    int fd = lab_control_dial(bed.lab);
    memset(line, 'x', sizeof(line));
    (void)send(fd, line, sizeof(line), MSG_NOSIGNAL); /* it may be gone before all is sent */
    expect_answer(bed.lab, fd, "{\"error\":\"a line has at most 1023 octets\"}\n");
    close(fd);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ctl_socket, a_line_may_come_in_pieces_and_several_together)
{
    struct lab *lab = lab_start(USUAL);
    int fd = lab_control_dial(lab);
    say(fd, "log ");
    lab_serve(lab, 20);
    say(fd, "info\n");
    expect_answer(lab, fd, "{\"level\":\"info\"}\n");
    say(fd, "log warn\nlog error\r\nlog info\n");
    char all[200] = "";
    while (!strstr(all, "info")) {
        char *text = lab_control_read(lab, fd);
        strcat(all, text);
        free(text);
    }
    cr_assert_str_eq(all, "{\"level\":\"warn\"}\n{\"level\":\"error\"}\n{\"level\":\"info\"}\n");
    close(fd);
    lab_end(lab);
}

Test(ctl_socket, a_client_that_leaves_before_its_answer_harms_nobody)
{
    struct lab_bed bed = lab_bed(USUAL);
    for (int i = 0; i < 200; i++) {
        int fd = lab_control_dial(bed.lab);
        say(fd, i % 2 ? "peers\nroutes\n" : "pending\npools\nusers " ALICE "\n");
        close(fd);
        lab_serve(bed.lab, 0);
    }
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ctl_socket, a_client_that_does_not_read_is_not_read_either)
{
    struct lab_bed bed = lab_bed(USUAL);
    int fd = lab_control_dial(bed.lab);
    char lines[1024] = "";
    ssize_t n = 1;
    for (int i = 0; i < 100; i++)
        strcat(lines, "peers\n");
    uint64_t before = lab_resident_memory(bed.lab);
    for (int i = 0; i < 4000 && n > 0; i++) {
        n = send(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            lab_serve(bed.lab, 1);
    }
    cr_assert_lt(n, 0, "the agent reads on and on");
    lab_expect_service(bed.c1, bed.s1);
    cr_assert_lt(lab_resident_memory(bed.lab), before + (4 << 20));
    close(fd);
    lab_end(bed.lab);
}

/* Of all its threads, in clock ticks. */
static unsigned long cpu_of(const struct lab *lab)
{
    char path[64];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)lab->agent);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                        &user, &system),
                 2);
    fclose(file);
    return user + system;
}

static int unread(int fd)
{
    int octets = 0;
    cr_assert_eq(ioctl(fd, FIONREAD, &octets), 0);
    return octets;
}

/* Asks until an answer finds no room in the socket. Returns how often. */
static unsigned ask_too_much(struct lab *lab, int fd)
{
    unsigned asked = 0;
    for (int before = -1; unread(fd) > before; asked++) {
        before = unread(fd);
        say(fd, "status\n");
        for (int i = 0; i < 500 && unread(fd) == before; i++)
            lab_serve(lab, 1);
    }
    return asked;
}

static void read_answers(struct lab *lab, int fd, unsigned answers)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (answers > 0 && lab_now_ms() < deadline) {
        ssize_t n = recv(fd, said, sizeof(said), MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++)
            answers -= said[i] == '\n';
        if (n <= 0)
            lab_serve(lab, 1);
    }
    cr_assert_eq(answers, 0, "%u answers have not come", answers);
}

Test(ctl_socket, a_client_that_has_read_late_costs_nothing_afterwards)
{
    struct lab *lab = lab_start(USUAL);
    int fd = lab_control_dial(lab);
    read_answers(lab, fd, ask_too_much(lab, fd));
    unsigned long before = cpu_of(lab);
    lab_serve(lab, 500);
    cr_assert_lt(cpu_of(lab) - before, (unsigned long)sysconf(_SC_CLK_TCK) / 4);
    say(fd, "log info\n");
    expect_answer(lab, fd, "{\"level\":\"info\"}\n");
    close(fd);
    lab_end(lab);
}

Test(ctl_socket, many_idle_clients_keep_nobody_out)
{
    struct lab *lab = lab_start(USUAL);
    int fds[100];
    for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
        fds[i] = lab_control_dial(lab);
        cr_assert_str_eq(lab_word(lab_ask(lab, "status"), "stage"), "running");
    }
    for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
        close(fds[i]);
    lab_end(lab);
}

Test(ctl_socket, clients_do_not_keep_the_agent_from_ending)
{
    struct lab *lab = lab_start(USUAL);
    int idle = lab_control_dial(lab), busy = lab_control_dial(lab);
    say(busy, "peers\npeers\npeers\n");
    lab_end(lab);
    close(idle);
    close(busy);
}
