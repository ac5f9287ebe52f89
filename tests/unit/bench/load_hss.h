/* load_hss.h — antipode-hss as a child, for flows that antipode-load plays with it. */
#pragma once

#include "tests/unit/bench/load_program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static pid_t hss;
static char hss_address[80];

/* The words of `options`, parted by blanks, behind those every test has. */
static inline void hss_exec(const char *options)
{
    static char words[512];
    char *argv[32] = {"antipode-hss", "--listen",         "127.0.0.1:0",
                      "--identity",   "hss1.example.net", "--realm",
                      "example.net",  "--users",          "200"};
    int argc = 9;
    snprintf(words, sizeof(words), "%s", options);
    for (char *word = strtok(words, " "); word && argc < 31; word = strtok(NULL, " "))
        argv[argc++] = word;
    execv(BIN_DIR "/antipode-hss", argv);
    _exit(127);
}

/* Starts the HSS and waits until it says where it listens. */
static inline void hss_start(const char *options)
{
    int out[2];
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    hss = fork();
    if (hss == 0) {
        dup2(out[1], STDOUT_FILENO);
        hss_exec(options);
    }
    close(out[1]);
    FILE *from = fdopen(out[0], "r");
    cr_assert_eq(fscanf(from, "listening %79s", hss_address), 1);
    fclose(from);
}

static inline void hss_stop(void)
{
    if (hss <= 0)
        return;
    kill(hss, SIGKILL); /* its pipe is closed: it could not report */
    waitpid(hss, NULL, 0);
}
