/* octets.c — a file is read as it was when it was opened: what it grows by meanwhile is left. */
#include "agent/conf/octets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *read_octets(int fd, struct conf_octets *octets, size_t size)
{
    octets->at = malloc(size + 1);
    if (!octets->at)
        return "not enough memory";
    while (octets->size < size) {
        ssize_t n = read(fd, octets->at + octets->size, size - octets->size);
        if (n < 0 && errno != EINTR)
            return strerror(errno);
        if (n == 0)
            break;
        octets->size += n > 0 ? (size_t)n : 0;
    }
    return NULL;
}

static const char *read_open(int fd, size_t most, struct conf_octets *octets)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "no regular file";
    if ((uintmax_t)status.st_size > most)
        return "too large";
    return read_octets(fd, octets, (size_t)status.st_size);
}

const char *conf_octets_read(const char *path, size_t most, struct conf_octets *octets)
{
    *octets = (struct conf_octets){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    const char *why = read_open(fd, most, octets);
    close(fd);
    return why;
}
