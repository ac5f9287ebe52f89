/* clock.c — every `now`.
 *
 * The monotonic clock, and in a lab build the offset of the page that a test shares with the agent.
 * The page only ever moves time forward, so what is monotonic stays so. Any thread. */
#include "agent/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_real(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

#ifdef ANTIPODE_LAB_CLOCK

static struct clock_page *page; /* written once, before threads start */

static struct clock_page *map_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat is;
    void *at = MAP_FAILED;
    if (fstat(fd, &is) == 0 &&
        ((size_t)is.st_size >= sizeof *page || ftruncate(fd, sizeof *page) == 0))
        at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

bool clock_open(void)
{
    const char *path = getenv("ANTIPODE_LAB_CLOCK");
    if (path == NULL || *path == '\0')
        return true;
    if (page)
        munmap(page, sizeof *page);
    page = map_page(path);
    return page != NULL;
}

uint64_t clock_offset(void)
{
    return page ? atomic_load_explicit(&page->offset, memory_order_acquire) : 0;
}

uint64_t clock_now(void)
{
    return clock_real() + clock_offset();
}

bool clock_is_lab(void)
{
    return page != NULL;
}

void clock_set_threads(unsigned count)
{
    if (page)
        atomic_store(&page->threads, count < CLOCK_LAB_THREADS ? count : CLOCK_LAB_THREADS);
}

void clock_acknowledge(unsigned index, uint64_t offset)
{
    if (page && index < CLOCK_LAB_THREADS)
        atomic_store_explicit(&page->seen[index], offset, memory_order_release);
}

#else

bool clock_open(void)
{
    return true;
}

uint64_t clock_offset(void)
{
    return 0;
}

uint64_t clock_now(void)
{
    return clock_real();
}

bool clock_is_lab(void)
{
    return false;
}

void clock_set_threads(unsigned count)
{
    (void)count;
}

void clock_acknowledge(unsigned index, uint64_t offset)
{
    (void)index;
    (void)offset;
}

#endif
