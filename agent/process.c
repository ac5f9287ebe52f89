/* process.c — the process_* metrics, under the names that every exporter uses. */
#include "agent/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

static void put_head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP process_%s %s.\n# TYPE process_%s %s\nprocess_%s ", name, help, name, type,
            name);
}

static void put_cpu(FILE *to)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used))
        return;
    long microseconds = used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    long seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec + microseconds / 1000000;
    put_head(to, "cpu_seconds_total", "counter", "Time on all processors, user and system");
    fprintf(to, "%ld.%06ld\n", seconds, microseconds % 1000000);
}

static void put_memory(FILE *to)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm)
        return;
    if (fscanf(statm, "%*u %lu", &pages) == 1) {
        put_head(to, "resident_memory_bytes", "gauge", "Resident memory");
        fprintf(to, "%lu\n", pages * (unsigned long)sysconf(_SC_PAGESIZE));
    }
    fclose(statm);
}

static void put_descriptors(FILE *to)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return;
    unsigned count = 0;
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    put_head(to, "open_fds", "gauge", "Open file descriptors");
    fprintf(to, "%u\n", count - 1); /* less the directory's own */
}

void process_render(uint64_t started, FILE *to)
{
    put_cpu(to);
    put_memory(to);
    put_descriptors(to);
    put_head(to, "start_time_seconds", "gauge", "When the process started, of the Unix epoch");
    fprintf(to, "%" PRIu64 "\n", started);
}
