"""Those whom nobody has asked: they connect and say nothing, or one octet a second; begin TLS and go on with noise; say noise on every
port; connect and close at once.

usage: python3 strangers.py '{"seconds": 10, "idle": 1000, "connects": 1000, "handshakes": 50, "tcp": PORT, "tls": PORT, …}'
Rates are those of a second. What became of them is printed as JSON.
"""
import collections
import errno
import json
import os
import resource
import socket
import ssl
import struct
import sys
import time

TICK = 0.01
AT_ONCE = struct.pack('ii', 1, 0)  # SO_LINGER: a close is a reset
CER = bytes([1, 0, 4, 0, 0x80, 0, 1, 1]) + bytes(1000)  # its beginning
NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT


def client_hello():
    """As a client of this machine begins; what follows it will be noise."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    said = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname='dra1.example.net')
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return said.read()


class Strangers:
    def __init__(self, plan):
        self.plan = plan
        self.hello = client_hello()
        self.number = 0
        self.idle, self.going = [], collections.deque()  # (when, socket) of those that will close
        self.counts, self.said = collections.Counter(), collections.Counter()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def dial(self, port):
        """Never waits. They come from many addresses, so that there are ports for all."""
        self.number += 1
        one = socket.socket()
        one.setblocking(False)
        one.setsockopt(socket.IPPROTO_IP, NO_PORT, 1)
        one.bind((f'127.0.{2 + self.number % 8}.{1 + self.number % 250}', 0))
        if one.connect_ex(('127.0.0.1', port)) not in (0, errno.EINPROGRESS):
            self.counts['not_connected'] += 1
        return one

    def say(self, one, octets):
        try:
            one.send(octets)
        except OSError:
            self.counts['unheard'] += 1

    def ports(self):
        return [self.plan['tcp'], self.plan['tls']]

    def settle(self):
        if len(self.idle) < self.plan['idle']:
            self.idle.append(self.dial(self.ports()[len(self.idle) % 2]))

    def dribble(self):
        """Each fifth of the idle is a slow loris: an octet a second of what a known one would begin with."""
        for number, one in list(enumerate(self.idle))[::5]:
            at = self.said[number]
            self.say(one, (self.hello if number % 2 else CER)[at:at + 1])
            self.said[number] += 1

    def connect_and_close(self):
        one = self.dial(self.ports()[self.counts['connects'] % 2])
        if self.counts['connects'] % 4 < 2:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        one.close()
        self.counts['connects'] += 1

    def begin_handshake(self, now):
        one = self.dial(self.plan['tls'])
        self.say(one, self.hello)
        self.going.append((now + 0.05, one))
        self.counts['handshakes'] += 1

    def make_noise(self, now):
        noise = os.urandom(1 + self.number % 2000)
        for port in [*self.ports(), self.plan['http']]:
            one = self.dial(port)
            self.say(one, noise)
            self.going.append((now + 0.05, one))
        if self.plan.get('udp'):
            self.udp.sendto(noise[:1400], ('127.0.0.1', self.plan['udp']))
        self.counts['noises'] += 1

    def let_go(self, now):
        while self.going and self.going[0][0] <= now:
            one = self.going.popleft()[1]
            self.say(one, os.urandom(100))
            one.close()

    def count_alive(self):
        for one in self.idle:
            try:
                self.counts['idle_closed'] += one.recv(1) == b''
            except BlockingIOError:
                self.counts['idle'] += 1
            except OSError:
                self.counts['idle_closed'] += 1

    def run(self):
        """Each kind keeps its pace; what is behind is made good in the next tick."""
        plan, began = self.plan, time.monotonic()
        kinds = [(plan['idle'] / min(5, plan['seconds'] / 2), lambda now: self.settle()),
                 (plan['connects'], lambda now: self.connect_and_close()), (plan['handshakes'], self.begin_handshake),
                 (plan['noises'], self.make_noise), (1, lambda now: self.dribble())]
        done = [0] * len(kinds)
        while (now := time.monotonic()) < began + plan['seconds']:
            for at, (rate, act) in enumerate(kinds):
                while done[at] < rate * (now - began):
                    act(now)
                    done[at] += 1
            self.let_go(now)
            time.sleep(TICK)
        self.count_alive()


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    strangers = Strangers(json.loads(sys.argv[1]))
    strangers.run()
    print(json.dumps(strangers.counts))


if __name__ == '__main__':
    main()
