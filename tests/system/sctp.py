"""An SCTP socket for scripted peers: the library usrsctp by ctypes, encapsulated in UDP as an ordinary user may. It
behaves like a socket of the standard library as far as diameter.py needs one; `send` and `receive` know streams, order
and Payload Protocol Identifiers. RFC 6458, RFC 6951."""
import collections
import ctypes
import errno
import socket
import struct

from common import DEADLINE, Agent, free_udp_port, wait_until

IPPROTO_SCTP = 132
SOCK_STREAM = 1
NODELAY, RECVRCVINFO, UDP_ENCAPS_PORT, EVENT, EXPLICIT_EOR = 0x4, 0x1f, 0x24, 0x1e, 0x1b
AUTH_CHUNK, DATA = 0x12, 0
ASSOC_CHANGE, SHUTDOWN_EVENT = 1, 5
COMM_UP, COMM_LOST, RESTART, SHUTDOWN_COMP, CANT_START = range(1, 6)
UNORDERED = 0x400
MSG_EOR, MSG_NOTIFICATION = 0x80, 0x2000  # as Linux has the first
ROOM = 1 << 16
SNDINFO = 1

Received = collections.namedtuple('Received', 'octets stream ppid unordered')


class Stack:
    """One for the process, as the library has it."""
    library = None

    @classmethod
    def open(cls, udp_port=None):
        """`udp_port`: ours; it counts the first time."""
        if cls.library:
            return cls.library
        library = ctypes.CDLL('libusrsctp.so.2', use_errno=True)
        library.usrsctp_socket.restype = ctypes.c_void_p
        library.usrsctp_sendv.restype = library.usrsctp_recvv.restype = ctypes.c_ssize_t
        library.usrsctp_init(ctypes.c_uint16(udp_port or free_udp_port()), None, None)
        library.usrsctp_sysctl_set_sctp_no_csum_on_loopback(0)
        library.usrsctp_sysctl_set_sctp_blackhole(2)
        for name in ('sendspace', 'recvspace'):
            getattr(library, f'usrsctp_sysctl_set_sctp_{name}')(4 << 20)
        library.usrsctp_sysctl_set_sctp_max_chunks_on_queue(1 << 14)
        cls.library = library
        return library


def sockaddr(port, address='127.0.0.1'):
    return struct.pack('=HH4s8x', socket.AF_INET, socket.htons(port), socket.inet_aton(address))


class SctpSocket:
    """Connected to `port` of the peer whose stack takes UDP at `udp_port`, from our port `own` if it says one; it may demand that
    DATA is authenticated."""

    def __init__(self, port, udp_port, own=0, is_authenticated=False):
        self.library = Stack.open()
        self.ended = None  # what ended it
        self.received = collections.deque()
        self.rest = b''
        self.partial = b''
        self.socket = ctypes.c_void_p(self.check(
            self.library.usrsctp_socket(socket.AF_INET, SOCK_STREAM, IPPROTO_SCTP, None, None, 0, None)))
        self.option(NODELAY, struct.pack('=i', 1))
        self.option(RECVRCVINFO, struct.pack('=i', 1))
        for event in (ASSOC_CHANGE, SHUTDOWN_EVENT):
            self.option(EVENT, struct.pack('=IHBx', 0, event, 1))
        self.option(UDP_ENCAPS_PORT, struct.pack('=H126xIH2x', socket.AF_INET, 0, socket.htons(udp_port)))
        if is_authenticated:
            self.option(AUTH_CHUNK, bytes([DATA]))
        self.check(self.library.usrsctp_bind(self.socket, sockaddr(own), 16) == 0)
        if self.library.usrsctp_connect(self.socket, sockaddr(port), 16) != 0:
            number = ctypes.get_errno()
            self.close(reset=True)  # its port is free again
            raise OSError(number, errno.errorcode.get(number, 'SCTP'))
        self.library.usrsctp_set_non_blocking(self.socket, 1)

    @staticmethod
    def check(result):
        if not result:
            number = ctypes.get_errno()
            raise OSError(number, errno.errorcode.get(number, 'SCTP'))
        return result

    def option(self, name, value):
        self.check(self.library.usrsctp_setsockopt(self.socket, IPPROTO_SCTP, name, value, len(value)) == 0)

    def send(self, octets, stream=0, ppid=46, unordered=False):
        """One message. `ppid` as it shall stand on the wire."""
        info = struct.pack('=HHIII', stream, UNORDERED if unordered else 0, socket.htonl(ppid), 0, 0)

        def attempt():
            sent = self.library.usrsctp_sendv(self.socket, octets, ctypes.c_size_t(len(octets)), None, 0, info,
                                              len(info), SNDINFO, 0)
            if sent < 0 and ctypes.get_errno() != errno.EAGAIN:
                self.check(False)
            return sent >= 0
        wait_until(attempt, 'room to send')

    def send_unfinished(self, octets, ppid=46, piece=60000):
        """The beginning of a message whose end never comes."""
        self.option(EXPLICIT_EOR, struct.pack('=i', 1))
        for at in range(0, len(octets), piece):
            self.send(octets[at:at + piece], ppid=ppid)

    def note(self, octets):
        kind = struct.unpack_from('=H', octets)[0]
        if kind == SHUTDOWN_EVENT:
            self.ended = self.ended or 'shutdown'
        if kind == ASSOC_CHANGE:
            state = struct.unpack_from('=H', octets, 8)[0]
            self.ended = {COMM_LOST: 'lost', SHUTDOWN_COMP: self.ended or 'shutdown'}.get(state, self.ended)

    def look(self):
        """Takes one piece from the stack; False: there is none."""
        buffer = ctypes.create_string_buffer(ROOM)
        info = ctypes.create_string_buffer(28)
        size, kind, flags = ctypes.c_uint32(28), ctypes.c_uint(0), ctypes.c_int(0)
        got = self.library.usrsctp_recvv(self.socket, buffer, ctypes.c_size_t(ROOM), None, None, info,
                                         ctypes.byref(size), ctypes.byref(kind), ctypes.byref(flags))
        if got < 0 and ctypes.get_errno() == errno.EAGAIN:
            return False
        if got <= 0:
            self.ended = self.ended or ('lost' if got < 0 else 'shutdown')
            return False
        octets = buffer.raw[:got]
        if flags.value & MSG_NOTIFICATION:
            self.note(octets)
            return True
        self.partial += octets
        if flags.value & MSG_EOR:
            stream, _, its, ppid = struct.unpack_from('=HHH2xI', info.raw)
            self.received.append(Received(self.partial, stream, socket.ntohl(ppid), bool(its & UNORDERED)))
            self.partial = b''
        return True

    def poll(self):
        while not self.received and self.look():
            pass
        return self.received or self.ended

    def receive(self):
        """The next message, or None: it is over."""
        wait_until(self.poll, 'a message or the end', DEADLINE)
        return self.received.popleft() if self.received else None

    def await_end(self):
        """'shutdown' or 'lost'; what comes before is thrown away."""
        while self.receive():
            pass
        return self.ended

    # --- as a socket of the standard library ---

    def sendall(self, octets):
        self.send(octets)

    def recv(self, count):
        if not self.rest:
            message = self.receive()
            self.rest = message.octets if message else b''
        got, self.rest = self.rest[:count], self.rest[count:]
        return got

    def setsockopt(self, *_):
        pass

    def close(self, reset=False):
        if reset:
            self.library.usrsctp_setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('=ii', 1, 0), 8)
        self.library.usrsctp_close(self.socket)


class SctpAgent(Agent):
    """It listens at TCP, and at sctp or dtls in UDP; `connect` is how others dial it there."""

    def __init__(self, scenario, servers, addresses=('127.0.0.1',), transport='sctp', port=0, udp_port=None, **conf):
        self.udp_port = udp_port or free_udp_port()
        self.identity = conf.get('identity', 'dra1.example.net')
        listen = [{'transport': 'tcp', 'address': '127.0.0.1', 'port': 0},
                  {'transport': transport, 'address': list(addresses), 'port': port}]
        super().__init__(scenario, servers, sctp={'udp_port': self.udp_port, **conf.pop('sctp', {})},
                         listen=listen, **conf)
        self.sctp_port = int(self.await_line(rf'^INFO -: listening: {transport} {addresses[0]}:(\d+)')[1])
        self.connect = {'transport': transport, 'address': list(addresses), 'port': self.sctp_port,
                        'udp_port': self.udp_port}
