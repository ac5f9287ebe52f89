"""A wire that remembers: it stands between the agent and one peer, passes octets on, and keeps each message.

Octets are recorded before they are passed on, so what stands earlier in a conversation cannot have been caused by what
stands later. One thread a direction; `Tap.close` ends them all.
"""
import functools
import socket
import threading

from common import PAUSE, wait_until
from diameter import REQUEST, Message


class Port:
    """A free port, held by a socket that never listens: another program that sets SO_REUSEADDR can have it, and
    nobody is given it by chance."""

    def __init__(self, scenario):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(('127.0.0.1', 0))
        self.number = self.socket.getsockname()[1]
        scenario.addCleanup(self.socket.close)


class Octets:
    """One message as it was on the wire. Only who asks for its AVPs trusts that they can be read."""

    def __init__(self, from_agent, octets):
        self.from_agent, self.octets = from_agent, octets
        self.is_request = bool(octets[4] & REQUEST)
        self.command = int.from_bytes(octets[5:8], 'big')

    @functools.cached_property
    def message(self):
        return Message(self.octets)


class Conversation:
    """One connection: its messages in order, and who closed first."""

    def __init__(self, agent_dials):
        self.agent_dials = agent_dials
        self.lock = threading.Lock()
        self.messages = []
        self.unfinished = {True: b'', False: b''}
        self.closed_first_by = None
        self.reset = False

    def take(self, from_agent, octets):
        with self.lock:
            stream = self.unfinished[from_agent] + octets
            while len(stream) >= 4:
                length = int.from_bytes(stream[1:4], 'big')
                if length < 20 or len(stream) < length:
                    break
                self.messages.append(Octets(from_agent, stream[:length]))
                stream = stream[length:]
            self.unfinished[from_agent] = stream

    def end(self, from_agent):
        with self.lock:
            if self.closed_first_by is None:
                self.closed_first_by = 'agent' if from_agent else 'peer'

    def seen(self, from_agent=None, command=None, is_request=None):
        """The messages so far of this sender, command and kind."""
        with self.lock:
            return [one for one in self.messages
                    if from_agent in (None, one.from_agent) and command in (None, one.command) and
                    is_request in (None, one.is_request)]


class Tap:
    """Listens on a port of its own. The peer's side dials it if the agent listens at `target`, else the agent does.
    A tap that is held waits for who listens there, and passes nothing on before `release`."""

    def __init__(self, scenario, target, agent_dials, held=False):
        self.target, self.agent_dials = target, agent_dials
        self.conversations = []
        self.sockets = []
        self.gate = threading.Event()
        if not held:
            self.release()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        scenario.addCleanup(self.close)

    def release(self):
        self.gate.set()

    def accept(self):
        while True:
            try:
                dialler, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(dialler)
            threading.Thread(target=self.join, args=(dialler,), daemon=True).start()

    def reach(self):
        """A connection to the target, or none; a held tap tries until there is one."""
        while True:
            try:
                return socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                if self.gate.wait(PAUSE):
                    return None

    def join(self, dialler):
        server = self.reach()
        if not server:
            dialler.close()
            return
        self.sockets.append(server)
        conversation = Conversation(self.agent_dials)
        self.conversations.append(conversation)
        threading.Thread(target=self.carry, args=(conversation, server, dialler, not self.agent_dials),
                         daemon=True).start()
        self.carry(conversation, dialler, server, self.agent_dials)

    def carry(self, conversation, source, sink, from_agent):
        try:
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while octets := source.recv(65536):
                conversation.take(from_agent, octets)
                self.gate.wait()
                sink.sendall(octets)
        except OSError:
            conversation.reset = True
        conversation.end(from_agent)
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has gone already

    def seen(self, **what):
        return [one for conversation in self.conversations for one in conversation.seen(**what)]

    def await_seen(self, what, count=1, **of):
        """The messages of this kind, as soon as there are so many."""
        def look():
            found = self.seen(**of)
            return found if len(found) >= count else None
        return wait_until(look, what)

    def close(self):
        self.release()
        for end in (self.listener, *self.sockets):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
