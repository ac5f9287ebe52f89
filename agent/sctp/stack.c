/* stack.c — starting, tuning and ending usrsctp. */
#include "agent/sctp/stack.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <usrsctp.h>

#include "agent/sctp/gate.h"
#include "agent/sctp/linger.h"
#include "agent/sctp/sockets.h"

enum { BUFFER = 1 << 20, INITIAL_RTO = 1000, SACK_DELAY = 200, CHUNKS_QUEUED = 1 << 14 };
enum { END_RTOS = 5 }; /* as the guard of a SHUTDOWN that RFC 9260 §9.2 recommends */

static atomic_bool is_running; /* all threads ask */

struct sctp_settings sctp_settings_usual(void)
{
    return (struct sctp_settings){.rto_minimum = 150,
                                  .rto_maximum = 1000,
                                  .heartbeat = 5000,
                                  .path_retransmissions = 3,
                                  .association_retransmissions = 6,
                                  .streams = 16,
                                  .message_size = 64 * 1024};
}

/* --- may we? ------------------------------------------------------------------------------------
 */

/* The stack itself opens its sockets without saying what became of it. */
static bool probe_raw(char *why, size_t size)
{
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP);
    if (raw >= 0) {
        close(raw);
        return true;
    }
    if (errno == EPERM || errno == EACCES)
        snprintf(why, size,
                 "SCTP over IP needs the capability CAP_NET_RAW; without it, set sctp.udp_port to "
                 "encapsulate it in UDP");
    else
        snprintf(why, size, "a raw socket for SCTP: %s", strerror(errno));
    return false;
}

static bool probe_udp(uint16_t port, char *why, size_t size)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool works = udp >= 0 && bind(udp, (struct sockaddr *)&any, sizeof any) == 0;
    if (!works)
        snprintf(why, size, "UDP port %u for SCTP: %s", port, strerror(errno));
    if (udp >= 0)
        close(udp);
    return works;
}

/* --- settings -----------------------------------------------------------------------------------
 */

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

static uint32_t initial_rto(const struct sctp_settings *settings)
{
    uint32_t initial = at_most(INITIAL_RTO, settings->rto_maximum);
    return initial < settings->rto_minimum ? settings->rto_minimum : initial;
}

/* A message goes into the buffer whole or not at all (EMSGSIZE), so two of the longest have room.
 */
static uint32_t buffer_for(uint32_t message_size)
{
    return message_size > BUFFER / 2 ? message_size * 2 : BUFFER;
}

/* Limits that are no one's wish: what a peer asks of us beyond RFC 9260 is off, and a long message
 * may have more pieces than the 512 that the library would hold. */
static void tune_fixed(void)
{
    usrsctp_sysctl_set_sctp_no_csum_on_loopback(0); /* else captures and other stacks refuse it */
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_reconfig_enable(0);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_QUEUED);
}

void sctp_stack_tune(const struct sctp_settings *settings)
{
    uint32_t buffer = buffer_for(settings->message_size);
    usrsctp_sysctl_set_sctp_blackhole(settings->blackhole);
    usrsctp_sysctl_set_sctp_rto_min_default(settings->rto_minimum);
    usrsctp_sysctl_set_sctp_rto_max_default(settings->rto_maximum);
    usrsctp_sysctl_set_sctp_init_rto_max_default(settings->rto_maximum);
    usrsctp_sysctl_set_sctp_rto_initial_default(initial_rto(settings));
    /* A SACK that is held back longer than the other side waits is sent twice for. */
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(
        at_most(SACK_DELAY, settings->rto_minimum / 3));
    usrsctp_sysctl_set_sctp_heartbeat_interval_default(settings->heartbeat);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(settings->path_retransmissions);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(settings->association_retransmissions);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(settings->streams);
    usrsctp_sysctl_set_sctp_nr_incoming_streams_default(settings->streams);
    usrsctp_sysctl_set_sctp_sendspace(buffer);
    usrsctp_sysctl_set_sctp_recvspace(buffer);
    linger_set_patience(settings->rto_maximum * END_RTOS);
}

/* --- life ---------------------------------------------------------------------------------------
 */

/* Before anything is associated. */
static void end_stack(void)
{
    while (usrsctp_finish())
        poll(NULL, 0, 1);
    linger_stop();
}

bool sctp_stack_open(const struct sctp_settings *settings, char *why, size_t size)
{
    if (settings->udp_port ? !probe_udp(settings->udp_port, why, size) : !probe_raw(why, size))
        return false;
    if (!linger_start()) {
        snprintf(why, size, "a thread for SCTP: %s", strerror(EAGAIN));
        return false;
    }
    usrsctp_init(settings->udp_port, NULL, NULL);
    if (!sctp_sockets_prepare(settings->udp_port)) {
        snprintf(why, size, "the sockets of SCTP are not found in /proc/self/fd");
        end_stack();
        return false;
    }
    sctp_stack_tune(settings);
    tune_fixed();
    is_running = true;
    return true;
}

bool sctp_stack_is_open(void)
{
    return is_running;
}

uint16_t sctp_stack_udp_port(void)
{
    return (uint16_t)usrsctp_sysctl_get_sctp_udp_tunneling_port();
}

void sctp_stack_give_up(void)
{
    linger_give_up();
}

bool sctp_stack_close(void)
{
    if (!is_running)
        return true;
    if (linger_count() || usrsctp_finish())
        return false;
    gate_forget_all();
    linger_stop();
    is_running = false;
    return true;
}
