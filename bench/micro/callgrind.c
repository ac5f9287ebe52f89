/* callgrind.c — a child under valgrind writes a file for each step, named in the file; they are
 * read and removed. */
#include "bench/micro/callgrind.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else /* built where valgrind is not: nobody counts */
#define RUNNING_ON_VALGRIND            0
#define CALLGRIND_TOGGLE_COLLECT       (void)0
#define CALLGRIND_DUMP_STATS_AT(where) (void)(where)
#endif

enum { WARM_CYCLES = 2 };

bool callgrind_is_counting(void)
{
    return RUNNING_ON_VALGRIND;
}

static void count_step(struct micro *micro, const struct micro_step *step)
{
    CALLGRIND_TOGGLE_COLLECT;
    step->run(micro);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(step->name);
}

void callgrind_count(struct micro *micro)
{
    for (int cycle = 0; cycle <= WARM_CYCLES; cycle++) {
        for (int i = 0; i < MICRO_STEPS; i++) {
            const struct micro_step *step = &micro_steps[i];
            if (step->prepare)
                step->prepare(micro);
            if (cycle < WARM_CYCLES)
                step->run(micro);
            else
                count_step(micro, step);
        }
    }
}

/* ---- the parent ---- */

static bool run_under_valgrind(const char *folder)
{
    char out[128], self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return false;
    snprintf(out, sizeof(out), "--callgrind-out-file=%s/out", folder);
    pid_t child = fork();
    if (child == 0) {
        execlp("valgrind", "valgrind", "-q", "--tool=callgrind", "--collect-atstart=no", out, self,
               "--callgrind", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    fputs("micro: valgrind --tool=callgrind does not run\n", stderr);
    return false;
}

/* The lines `desc: Trigger: Client Request: STEP` and `summary: INSTRUCTIONS`. */
static void read_dump(const char *path, uint64_t instructions[MICRO_STEPS])
{
    char line[512], name[32] = "";
    unsigned long long events = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        (void)sscanf(line, "desc: Trigger: Client Request: %31s", name);
        (void)(sscanf(line, "totals: %llu", &events) || sscanf(line, "summary: %llu", &events));
    }
    fclose(file);
    for (int i = 0; i < MICRO_STEPS; i++)
        if (strcmp(name, micro_steps[i].name) == 0)
            instructions[i] = events / MICRO_BATCH;
}

static void gather(const char *folder, uint64_t instructions[MICRO_STEPS])
{
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof(pattern), "%s/*", folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            read_dump(found.gl_pathv[i], instructions);
            (void)unlink(found.gl_pathv[i]);
        }
        globfree(&found);
    }
    (void)rmdir(folder);
}

bool callgrind_run(uint64_t instructions[MICRO_STEPS])
{
    char folder[] = "/tmp/micro.XXXXXX";
    memset(instructions, 0, MICRO_STEPS * sizeof(*instructions));
    if (!mkdtemp(folder)) {
        perror("micro: mkdtemp");
        return false;
    }
    bool good = run_under_valgrind(folder);
    gather(folder, instructions);
    for (int i = 0; good && i < MICRO_STEPS; i++)
        good = instructions[i] > 0;
    return good;
}
