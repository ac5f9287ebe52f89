/* control_socket.c — the file that the control socket is.
 *
 * A socket file outlives an agent that was killed. Whether somebody listens shows a connect;
 * between that look and the removal another agent may do the same, so the folder is locked
 * meanwhile. */
#include "agent/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/log.h"

enum { BACKLOG = 16, MODE = 0660 };

static bool fail(const char *path, const char *why)
{
    log_error("-", "control", log_words("{socket}: {why}"), log_text("socket", path),
              log_text("why", why));
    return false;
}

/* Why its folder will not do, where that is plain. */
static const char *explain(int error)
{
    switch (error) {
    case ENOENT:
        return "its folder is not there; make it, or name another place: "
               "`admin: { socket: PATH }`, or `none`";
    case EACCES:
    case EPERM:
        return "not allowed; name another place: `admin: { socket: PATH }`, or `none`";
    default:
        return strerror(error);
    }
}

/* The descriptor of the folder, locked, or -1. */
static int lock_folder(const char *path)
{
    char copy[sizeof((struct sockaddr_un *)0)->sun_path];
    snprintf(copy, sizeof copy, "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    while (flock(folder, LOCK_EX) && errno == EINTR)
        continue;
    return folder;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

/* Does nobody listen there any more? */
static bool is_dead(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    bool is_refused =
        connect(probe, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED;
    close(probe);
    return is_refused;
}

/* 0, or an errno; EADDRINUSE: an agent is there, EEXIST: something that is no socket. */
static int bind_anew(int listener, const struct sockaddr_un *address)
{
    struct stat found;
    if (bind(listener, (const struct sockaddr *)address, sizeof *address) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return errno;
    if (lstat(address->sun_path, &found) || !S_ISSOCK(found.st_mode))
        return EEXIST;
    if (!is_dead(address))
        return EADDRINUSE;
    if (unlink(address->sun_path))
        return errno;
    return bind(listener, (const struct sockaddr *)address, sizeof *address) ? errno : 0;
}

static int listen_at(struct control_file *file, const struct sockaddr_un *address)
{
    struct stat made;
    int error = bind_anew(file->listener, address);
    if (error)
        return error;
    /* Before it listens nobody can connect, whatever the umask let through. */
    if (chmod(file->path, MODE) || listen(file->listener, BACKLOG) || lstat(file->path, &made))
        return errno;
    file->device = made.st_dev;
    file->inode = made.st_ino;
    return 0;
}

bool control_file_open(struct control_file *file, const char *path)
{
    struct sockaddr_un address = address_of(path);
    file->path = path;
    int folder = lock_folder(path);
    if (folder < 0)
        return fail(path, explain(errno));
    file->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = file->listener < 0 ? errno : listen_at(file, &address);
    close(folder);
    if (!error)
        return true;
    close(file->listener);
    return fail(path, error == EADDRINUSE ? "an agent listens on it"
                      : error == EEXIST   ? "there is something that is no socket"
                                          : explain(error));
}

void control_file_remove(const struct control_file *file)
{
    struct stat found;
    if (lstat(file->path, &found) == 0 && found.st_dev == file->device &&
        found.st_ino == file->inode)
        unlink(file->path);
}
