/* clock.c — every now: real time, and in the lab what the page says. */
#include "agent/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

Test(clock, time_never_goes_back)
{
    uint64_t before = clock_now();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_now();
        cr_assert_geq(now, before);
        before = now;
    }
}

Test(clock, without_a_page_time_is_real)
{
    unsetenv("ANTIPODE_LAB_CLOCK");
    cr_assert(clock_open());
    cr_assert_not(clock_is_lab());
    cr_assert_eq(clock_offset(), 0);
    clock_set_threads(3);
    clock_acknowledge(0, 5);
    uint64_t real = clock_real();
    cr_assert_lt(clock_now() - real, 3600 * NS_PER_S); /* no page has moved it */
}

#ifdef ANTIPODE_LAB_CLOCK

static char path[64];
static struct clock_page *page;

static void make_page(void)
{
    snprintf(path, sizeof path, "/tmp/antipode-clock-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && ftruncate(fd, sizeof *page) == 0);
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    setenv("ANTIPODE_LAB_CLOCK", path, 1);
    cr_assert(clock_open());
}

static void drop_page(void)
{
    munmap(page, sizeof *page);
    unlink(path);
}

Test(clock, a_test_moves_time_forward, .init = make_page, .fini = drop_page)
{
    cr_assert(clock_is_lab());
    uint64_t before = clock_now();
    atomic_store(&page->offset, 7200 * NS_PER_S);
    cr_assert_geq(clock_now() - before, 7200 * NS_PER_S);
    cr_assert_lt(clock_real() - before, 7200 * NS_PER_S);
}

Test(clock, threads_say_up_to_where_they_have_run, .init = make_page, .fini = drop_page)
{
    clock_set_threads(2);
    atomic_store(&page->offset, 17);
    clock_acknowledge(1, clock_offset());
    cr_assert_eq(atomic_load(&page->threads), 2);
    cr_assert_eq(atomic_load(&page->seen[0]), 0);
    cr_assert_eq(atomic_load(&page->seen[1]), 17);
}

Test(clock, a_thread_too_many_writes_nowhere, .init = make_page, .fini = drop_page)
{
    clock_set_threads(1000);
    clock_acknowledge(CLOCK_LAB_THREADS, 1);
    cr_assert_eq(atomic_load(&page->threads), CLOCK_LAB_THREADS);
}

Test(clock, a_page_that_is_not_there_is_refused)
{
    setenv("ANTIPODE_LAB_CLOCK", "/nowhere/at/all", 1);
    cr_assert_not(clock_open());
    cr_assert_not(clock_is_lab());
}

#endif
