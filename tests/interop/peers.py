"""Scripted peers: they say what the test says, no more. Reading and writing is that of `diameter.SipServer`."""
import socket

from common import DEADLINE
from diameter import (CER, HOST_IP_ADDRESS, PRODUCT_NAME, REQUEST, RESULT_CODE, SESSION_ID, SIP, VENDOR_ID, SipServer,
                      avp, write)

LOOPBACK = b'\0\1\x7f\0\0\1'
PROXY_INFO, ROUTE_RECORD, FAILED_AVP, EXPERIMENTAL_RESULT, EXPERIMENTAL_RESULT_CODE = 284, 282, 279, 297, 298


class Scripted(SipServer):
    """One connection, whoever dialled; nothing has been said yet."""

    def __init__(self, connection, identity, application=SIP):
        self.identity, self.application = identity, application
        self.realm = identity.partition('.')[2]
        self.counter = 0
        self.pushes = []
        self.socket = connection
        self.socket.settimeout(DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def capabilities(self, host_ip_address=True):
        own = [avp(HOST_IP_ADDRESS, LOOPBACK)] if host_ip_address else []
        return [*own, avp(VENDOR_ID, 0), avp(PRODUCT_NAME, 'scripted'), self.advertised()]

    def greet(self, **said):
        """Its CER; the CEA."""
        return self.ask(CER, *self.capabilities(**said), application=0, flags=REQUEST)

    def answer(self, request, *avps, result=2001, flags=None):
        """Session-Id first, then Result-Code if there is one, then itself."""
        head = [avp(SESSION_ID, request.text(SESSION_ID))] if SESSION_ID in request.avps else []
        if result:
            head.append(avp(RESULT_CODE, result))
        flags = request.flags & ~REQUEST if flags is None else flags
        self.socket.sendall(write(flags, request.command, request.application, request.hop_by_hop, request.end_to_end,
                                  *head, self.me(), *avps))

    def welcome(self):
        """The agent's CER, which is answered."""
        cer = self.read()
        assert cer and cer.command == CER
        self.answer(cer, *self.capabilities())
        return cer

    def is_closed(self):
        """Waits for the end, and for nothing else."""
        try:
            return self.socket.recv(1) == b''
        except ConnectionResetError:
            return True


def dial(scenario, port, identity, application=SIP):
    connection = socket.create_connection(('127.0.0.1', port), DEADLINE)
    scenario.addCleanup(connection.close)
    return Scripted(connection, identity, application)


class Listener:
    """A port on which a scripted server waits for the agent."""

    def __init__(self, scenario, identity):
        self.scenario, self.identity = scenario, identity
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.socket.settimeout(DEADLINE)
        self.port = self.socket.getsockname()[1]
        scenario.addCleanup(self.socket.close)

    def accept(self):
        connection, _ = self.socket.accept()
        self.scenario.addCleanup(connection.close)
        return Scripted(connection, self.identity)
