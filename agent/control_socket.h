/* control_socket.h — the file that the control socket is. Main thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Where the configuration does not say otherwise. */
#define CONTROL_SOCKET "/run/antipode/control.sock"

struct control_file {
    const char *path;
    int listener;
    dev_t device; /* of the file, to know it again */
    ino_t inode;
};

/* Makes the socket at `path` (which must outlive it), mode 0660, and listens. One that an agent
 * left behind is replaced, one that an agent listens on is not. False with a line in the log. */
bool control_file_open(struct control_file *file, const char *path);

/* Removes the file if it is still ours. The listener is the caller's to close. */
void control_file_remove(const struct control_file *file);
