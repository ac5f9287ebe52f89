/* tcp.h — TCP sockets: non-blocking, with the options that a Diameter connection wants. Descriptors
 * or -errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/conf/conf.h"

/* A listening socket; 0 as port takes a free one. */
int tcp_listen(const union conf_socket *address);

/* The address that a listening socket has. */
union conf_socket tcp_bound_address(int listener);

/* Who is at the other end of a connection; AF_UNSPEC: nobody any more. */
union conf_socket tcp_peer_address(int descriptor);

/* A socket that is connecting (or already connected). */
int tcp_dial(const union conf_socket *address);

/* The next connection of a listening socket, with its source address. -EAGAIN: none. */
int tcp_accept(int listener, union conf_socket *source);

/* 0, or -errno of the connect that has ended. */
int tcp_connect_result(int descriptor);

/* Closes with a reset instead of politely. HDR-06. */
void tcp_abort(int descriptor);

/* Our own address of this connection as 4 or 16 octets, for Host-IP-Address. Returns the size, or
 * 0. CEX-04. */
size_t tcp_local_address(int descriptor, uint8_t octets[16]);

/* The other side's address. False where it is not connected (any more). */
bool tcp_remote_address(int descriptor, union conf_socket *address);

/* "192.0.2.1:3868" or "[2001:db8::1]:3868". */
void tcp_address_text(const union conf_socket *address, char *text, size_t size);
