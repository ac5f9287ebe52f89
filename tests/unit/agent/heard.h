/* heard.h — what a sub-command says, for its tests. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define FULL TEST_DATA "/conf/full.yaml"

enum { HEARD_MAX = 64 * 1024, ARGUMENTS_MAX = 24 };

struct heard {
    int status;
    char out[HEARD_MAX];
    char err[HEARD_MAX];
};

static inline void listen_to(int descriptor, FILE *file, int *before)
{
    *before = dup(descriptor);
    dup2(fileno(file), descriptor);
}

static inline void end_listening(int descriptor, FILE *file, int before, char *said)
{
    dup2(before, descriptor);
    close(before);
    rewind(file);
    said[fread(said, 1, HEARD_MAX - 1, file)] = '\0';
    fclose(file);
}

/* Runs a command with the arguments, which are ended by NULL. They are copied: it may write to
 * them.
 */
static inline struct heard *hear(int (*command)(int count, char **arguments),
                                 const char *const *arguments)
{
    struct heard *heard = calloc(1, sizeof *heard);
    char *copies[ARGUMENTS_MAX + 1] = {NULL};
    int count = 0;
    for (; arguments[count]; count++)
        copies[count] = strdup(arguments[count]);
    FILE *files[2] = {tmpfile(), tmpfile()};
    int before[2];
    fflush(stdout);
    listen_to(STDOUT_FILENO, files[0], &before[0]);
    listen_to(STDERR_FILENO, files[1], &before[1]);
    heard->status = command(count, copies);
    fflush(stdout);
    end_listening(STDOUT_FILENO, files[0], before[0], heard->out);
    end_listening(STDERR_FILENO, files[1], before[1], heard->err);
    for (int i = 0; i < count; i++)
        free(copies[i]);
    return heard;
}

#define HEAR(command, ...) hear(command, (const char *const[]){__VA_ARGS__, NULL})

static inline void expect_line(const char *said, const char *line)
{
    const char *found = strstr(said, line);
    bool is_whole = found && (found == said || found[-1] == '\n') && found[strlen(line)] == '\n';
    cr_assert(is_whole, "no line \"%s\" in:\n%s", line, said);
}
