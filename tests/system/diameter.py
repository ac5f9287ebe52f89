"""A SIP server of a few lines, for what the load generator does not tell: which HSS answered for which user, and by
which Destination-Host a push came. Codes are those of RFC 6733, RFC 4740 and 3GPP TS 29.229."""
import itertools
import select
import socket
import struct
import threading

from common import DEADLINE, REALM, wait_until

REQUEST, PROXIABLE, ERROR, RETRANSMIT = 0x80, 0x40, 0x20, 0x10
CER, DWR, DPR, UAR, LIR = 257, 280, 282, 283, 285
SIP, CX, TGPP = 6, 16777216, 10415
(USER_NAME, HOST_IP_ADDRESS, AUTH_APPLICATION_ID, SESSION_ID, ORIGIN_HOST, VENDOR_SPECIFIC, VENDOR_ID, RESULT_CODE,
 PRODUCT_NAME, AUTH_SESSION_STATE, DISCONNECT_CAUSE, DESTINATION_REALM, DESTINATION_HOST, ORIGIN_REALM, SIP_AOR) = (
    1, 257, 258, 263, 264, 260, 266, 268, 269, 277, 273, 283, 293, 296, 122)


def avp(code, value):
    """A mandatory AVP of the base or the SIP application."""
    data = value.encode() if isinstance(value, str) else struct.pack('>I', value) if isinstance(value, int) else value
    length = 8 + len(data)
    return struct.pack('>II', code, 0x40 << 24 | length) + data + bytes(-length % 4)


def avps_of(octets):
    """{code: data} of the outermost AVPs; of several the last."""
    found, at = {}, 0
    while at < len(octets):
        code, word = struct.unpack_from('>II', octets, at)
        length = word & 0xffffff
        found[code] = octets[at + (12 if word >> 31 else 8):at + length]
        at += length + -length % 4
    return found


class Message:
    def __init__(self, octets):
        first, second, self.application, self.hop_by_hop, self.end_to_end = struct.unpack('>5I', octets[:20])
        self.flags, self.command = second >> 24, second & 0xffffff
        self.avps = avps_of(octets[20:])

    def text(self, code):
        return self.avps.get(code, b'').decode()

    def number(self, code):
        return int.from_bytes(self.avps.get(code, b''), 'big')


def write(flags, command, application, hop_by_hop, end_to_end, *avps):
    body = b''.join(avps)
    return struct.pack('>5I', 1 << 24 | 20 + len(body), flags << 24 | command, application, hop_by_hop,
                       end_to_end) + body


class SipServer:
    """One connection. It answers what the agent or an HSS asks while it waits for something else."""

    def __init__(self, agent, identity, application=SIP):
        self.identity, self.application = identity, application
        self.realm = identity.partition('.')[2]
        self.counter = 0
        self.pushes = []
        self.socket = self.connect(agent)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cea = self.ask(CER, avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), avp(VENDOR_ID, 0),
                            avp(PRODUCT_NAME, 'SIP server'), self.advertised(), application=0, flags=REQUEST)
        assert self.cea.number(RESULT_CODE) == 2001, f'CEA with {self.cea.number(RESULT_CODE)}'

    def connect(self, agent):
        return socket.create_connection(('127.0.0.1', agent.port), DEADLINE)

    def advertised(self):
        if self.application == SIP:
            return avp(AUTH_APPLICATION_ID, SIP)
        return avp(VENDOR_SPECIFIC, avp(VENDOR_ID, TGPP) + avp(AUTH_APPLICATION_ID, self.application))

    def me(self):
        return avp(ORIGIN_HOST, self.identity) + avp(ORIGIN_REALM, self.realm)

    def send(self, command, *avps, application=None, flags=REQUEST | PROXIABLE):
        self.counter += 1
        application = self.application if application is None else application
        self.socket.sendall(write(flags, command, application, self.counter, self.counter, *avps, self.me()))
        return self.counter

    def octets(self, count):
        """So many, and none beyond, so that select tells whether there is a message; fewer at the end."""
        got = b''
        while len(got) < count and (piece := self.socket.recv(count - len(got))):
            got += piece
        return got

    def read(self):
        head = self.octets(20)
        if len(head) < 20:
            return None
        return Message(head + self.octets((head[1] << 16 | head[2] << 8 | head[3]) - 20))

    def agree(self, request):
        """Success, whatever it is."""
        if request.application:
            self.pushes.append(request)
        session = [avp(SESSION_ID, request.text(SESSION_ID))] if SESSION_ID in request.avps else []
        self.socket.sendall(write(request.flags & PROXIABLE, request.command, request.application, request.hop_by_hop,
                                  request.end_to_end, *session, avp(RESULT_CODE, 2001), self.me()))

    def take(self):
        """The next answer; requests are answered on the way. None: the agent has closed."""
        while (message := self.read()) and message.flags & REQUEST:
            self.agree(message)
        return message

    def ask(self, command, *avps, **header):
        number = self.send(command, *avps, **header)
        answer = self.take()
        if not answer:
            raise ConnectionError('the agent has closed')
        assert answer.hop_by_hop == number, 'an answer to something else'
        return answer

    def send_lir(self, user):
        return self.send(LIR, avp(SESSION_ID, f'{self.identity};{user};{self.counter}'),
                         avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, REALM),
                         avp(SIP_AOR, f'sip:user{user}@{REALM}'))

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        """In good order."""
        self.ask(DPR, avp(DISCONNECT_CAUSE, 2), application=0, flags=REQUEST)
        self.socket.close()


class YesServer:
    """A Diameter server that agrees to everything. It runs in a thread until it is closed."""

    def __init__(self, number):
        self.number = number
        self.identity = f'hss{number}.{REALM}'
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one = self.secured(one)
            if not one:
                continue
            self.sockets.append(one)
            threading.Thread(target=self.answer, args=(one,), daemon=True).start()

    def secured(self, one):
        return one

    def answer(self, one):
        with one.makefile('rb') as file:
            while len(head := file.read(20)) == 20:
                request = Message(head + file.read((head[1] << 16 | head[2] << 8 | head[3]) - 20))
                if request.flags & REQUEST:
                    one.sendall(self.agreement(request))

    def agreement(self, request):
        more = [avp(SESSION_ID, request.text(SESSION_ID))] if SESSION_ID in request.avps else []
        more += [avp(RESULT_CODE, 2001), avp(ORIGIN_HOST, self.identity), avp(ORIGIN_REALM, REALM)]
        if request.command == CER:
            more += [avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), avp(VENDOR_ID, 0), avp(PRODUCT_NAME, 'yes'),
                     avp(AUTH_APPLICATION_ID, SIP)]
        elif request.application:
            more += [avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1)]
        return write(request.flags & PROXIABLE, request.command, request.application, request.hop_by_hop,
                     request.end_to_end, *more)

    def close(self):
        self.listener.close()
        for one in self.sockets:
            one.close()


def serve(servers, condition, what):
    """What comes to any of them is answered until the condition holds."""
    def look():
        for server in select.select(servers, [], [], 0)[0]:
            message = server.read()
            assert message and message.flags & REQUEST, 'no push'
            server.agree(message)
        return condition()
    wait_until(look, what)


probes = itertools.count(1)


def homes(agent, users, at_once=50):
    """{user: Origin-Host of the HSS that answers for him}, by one LIR each."""
    server = SipServer(agent, f'probe{next(probes)}.example.com')
    users, found = list(users), {}
    for first in range(0, len(users), at_once):
        asked = {server.send_lir(user): user for user in users[first:first + at_once]}
        while asked:
            answer = server.take()
            assert answer, 'the agent has closed'
            assert not answer.flags & ERROR, f'{answer.number(RESULT_CODE)} for user {asked[answer.hop_by_hop]}'
            found[asked.pop(answer.hop_by_hop)] = answer.text(ORIGIN_HOST)
    server.close()
    return found
