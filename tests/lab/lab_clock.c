/* lab_clock.c — the page that moves the agent's time. See agent/clock.h. */
#include "tests/lab/lab.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/clock.h"

void lab_clock_open(struct lab *lab, const char *path)
{
    char file[96];
    snprintf(file, sizeof(file), "%s/clock", path);
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct clock_page)) != 0)
        lab_fail("no page for the clock");
    lab->clock = mmap(NULL, sizeof(struct clock_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (lab->clock == MAP_FAILED)
        lab_fail("the page of the clock cannot be mapped");
}

void lab_clock_close(struct lab *lab)
{
    if (lab->clock)
        munmap(lab->clock, sizeof(struct clock_page));
    lab->clock = NULL;
}

enum { STRAGGLER_MS = 1000 };

static bool all_have_seen(struct clock_page *page, uint64_t offset)
{
    uint64_t threads = atomic_load(&page->threads);
    for (uint64_t i = 0; i < threads; i++) {
        if (atomic_load(&page->seen[i]) < offset)
            return false;
    }
    return threads != 0;
}

static void step(struct lab *lab, unsigned ms)
{
    uint64_t offset = atomic_load(&lab->clock->offset) + ms * NS_PER_MS;
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    atomic_store(&lab->clock->offset, offset);
    while (!all_have_seen(lab->clock, offset)) {
        if (lab_now_ms() > deadline)
            lab_fail("the agent's threads do not follow the clock");
        lab_serve(lab, 1);
    }
    lab_serve(lab, 1);
}

/* DWRs that the test has to answer by itself. */
static double left_to_the_test(const struct lab *lab)
{
    unsigned count = 0;
    for (size_t i = 0; i < lab->peer_count; i++)
        if (lab->peers[i]->no_watchdog)
            count += lab->peers[i]->watchdogs;
    return count;
}

/* Have the peers answered the agent's DWRs, as far as it knows? Who is gone never does: that is
 * waited for once. */
static bool are_answered(struct lab *lab, double owed_before)
{
    for (uint64_t deadline = lab_now_ms() + STRAGGLER_MS; lab_now_ms() < deadline;) {
        if (lab_owed(lab) - left_to_the_test(lab) <= owed_before)
            return true;
        lab_serve(lab, 1);
    }
    return false;
}

/* What peers say over SCTP comes by threads that live in real time, which the clock must not
 * outrun: else on a busy machine a watchdog expires although its answer is on its way. */
void lab_advance(struct lab *lab, unsigned ms, unsigned step_ms)
{
    bool waits = lab->stack;
    double owed = waits ? lab_owed(lab) - left_to_the_test(lab) : 0;
    for (unsigned passed = 0; passed < ms; passed += step_ms) {
        step(lab, step_ms);
        waits = waits && are_answered(lab, owed);
    }
}

uint64_t lab_agent_ms(const struct lab *lab)
{
    return lab_now_ms() + atomic_load(&lab->clock->offset) / NS_PER_MS;
}
