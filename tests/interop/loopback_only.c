/* loopback_only.c — a listener on every address becomes one on loopback.
 *
 * freeDiameter strikes loopback addresses from ListenOn and, none being left, listens on all of
 * them. Loaded before the C library (LD_PRELOAD) this keeps a test off the network, with no
 * privilege.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in to;
    if (address->sa_family != AF_INET || length != sizeof(to))
        return (int)syscall(SYS_bind, fd, address, length);

    memcpy(&to, address, sizeof(to));
    if (to.sin_addr.s_addr == htonl(INADDR_ANY))
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return (int)syscall(SYS_bind, fd, &to, length);
}
