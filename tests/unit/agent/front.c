/* front.c — listeners that cannot be opened. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <usrsctp.h>

#include "agent/agent.h"
#include "agent/net/sctp_net.h"

static union conf_socket loopback;

/* A socket that listens at `loopback`, and whose port is thereby taken. */
static int take_port(int type)
{
    socklen_t size = sizeof loopback.v4;
    int taken = socket(AF_INET, type, 0);
    loopback.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(taken, &loopback.any, size), 0);
    getsockname(taken, &loopback.any, &size);
    return taken;
}

static uint16_t free_udp_port(void)
{
    int udp = take_port(SOCK_DGRAM);
    close(udp);
    return ntohs(loopback.v4.sin_port);
}

/* With a peer over SCTP, for which the stack is there. */
static struct conf conf_with(uint32_t streams, struct conf_peer *peer, uint16_t udp_port)
{
    peer->dials = true;
    peer->connect.transport = CONF_SCTP;
    return (struct conf){
        .peers = peer,
        .peer_count = 1,
        .limits.message_size = 65536,
        .sctp = {.udp_port = udp_port, .streams = streams, .rto_maximum = 1000000000},
    };
}

Test(front, settings_of_sctp_stay_when_a_listener_of_the_new_configuration_cannot_be_opened)
{
    struct conf_peer peer = {0};
    uint16_t udp_port = free_udp_port();
    int taken = take_port(SOCK_STREAM);
    listen(taken, 1);
    struct conf now = conf_with(16, &peer, udp_port);
    struct conf next = conf_with(3, &peer, udp_port);
    struct conf_endpoint wanted = conf_endpoint_at(CONF_TCP, &loopback);
    next.listen = &wanted;
    next.listen_count = 1;
    struct agent *agent = calloc(1, sizeof *agent);
    agent->conf = &now;
    agent->front.agent = agent;
    agent->wires.uv = uv_default_loop();
    char why[256];
    cr_assert(sctp_net_prepare(&now, why, sizeof why), "%s", why);
    cr_assert_not(front_listen(&agent->front, &next, stderr));
    cr_assert_eq(usrsctp_sysctl_get_sctp_nr_outgoing_streams_default(), 16);
    sctp_net_end();
    free(agent);
    close(taken);
}
