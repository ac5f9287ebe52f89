/* gate.h — the stack's threads stop at it while one of ours changes what they look at.
 *
 * usrsctp (0.9.5.0) reads the sockets of a packet's association without the locks that accepting
 * and closing take: a packet that comes at that moment meets a pointer that has just become NULL,
 * or a socket that has just been freed. A timer that goes off at that moment counts itself among
 * the users of a socket after the last one has gone, and frees it once more. There is no lock that
 * we could take, and the stack's threads call nothing of ours beforehand but, as everybody does,
 * recvmsg and nanosleep: the program's own recvmsg lets them come back with a packet, and its
 * nanosleep from their pause, only while the gate is open. */
#pragma once

/* Shut until opened again: no packet is being looked at, and no timer goes off. For calls of the
 * stack that do not wait; never on a thread of the stack. */
void gate_shut(void);
void gate_open(void);

/* The stack receives at this socket, until it is forgotten. */
void gate_guard(int descriptor);
void gate_forget_all(void);
