/* sockets.h — the sockets that the stack opened for itself. */
#pragma once

#include <stdint.h>

/* Gives each of them (raw, or UDP at `udp_port`) as large a receive buffer as the system allows:
 * all associations share them, and usrsctp 0.9.5 sets 128 KiB, which a burst overruns. What they
 * receive waits at the gate. Returns how many there are. Once the stack is open. */
unsigned sctp_sockets_prepare(uint16_t udp_port);
