"""Real redis-servers on loopback, and a client of a few lines to look into them. Nothing of theirs outlives the test."""
import shutil
import signal
import socket
import subprocess
import unittest

from common import DEADLINE, die_with_parent, free_port, wait_until

SLOTS = 16384
SERVER = shutil.which('redis-server')


class RedisError(Exception):
    pass


class Redis:
    """A server. It keeps its port, and what it has saved, when it is started again."""

    def __init__(self, scenario, password=None, cluster=False):
        if not SERVER:
            raise unittest.SkipTest('no redis-server')
        self.scenario, self.password = scenario, password
        self.port, bus = free_port(), free_port()
        self.address = f'127.0.0.1:{self.port}'
        self.room = scenario.room / f'redis-{self.port}'
        self.room.mkdir()
        self.options = ['--requirepass', password] if password else []
        if cluster:
            self.options += ['--cluster-enabled', 'yes', '--cluster-port', str(bus), '--cluster-node-timeout', '15000',
                             '--cluster-require-full-coverage', 'no']
        scenario.addCleanup(self.kill)
        self.start()

    def start(self):
        log = (self.room / 'log').open('ab')
        self.process = subprocess.Popen(
            [SERVER, '--port', str(self.port), '--bind', '127.0.0.1', '--dir', str(self.room), '--save', '',
             '--appendonly', 'no', '--protected-mode', 'no', *self.options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        log.close()
        self.socket = None
        wait_until(self.is_up, f'redis-server on {self.address}')

    def is_up(self):
        try:
            self.socket = socket.create_connection(('127.0.0.1', self.port), DEADLINE)
        except ConnectionRefusedError:
            return False
        self.file = self.socket.makefile('rb')
        if self.password:
            self.ask('AUTH', self.password)
        return self.ask('PING') == 'PONG'

    def kill(self):
        if self.socket:
            self.file.close()
            self.socket.close()
            self.socket = None
        self.process.kill()
        self.process.wait()

    def send(self, number):
        self.process.send_signal(number)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def ask(self, *words):
        """A command and its reply: text, a number, a list or None."""
        encoded = [str(word).encode() for word in words]
        self.socket.sendall(b'*%d\r\n' % len(encoded) + b''.join(b'$%d\r\n%s\r\n' % (len(word), word) for word in encoded))
        return self.read()

    def read(self):
        line = self.file.readline()[:-2].decode()
        mark, rest = line[0], line[1:]
        if mark == '-':
            raise RedisError(rest)
        if mark == ':':
            return int(rest)
        if mark == '$':
            return None if rest == '-1' else self.file.read(int(rest) + 2)[:-2].decode()
        if mark == '*':
            return None if rest == '-1' else [self.read() for _ in range(int(rest))]
        return rest

    def keys(self):
        return self.ask('KEYS', 'antipode:1:k:*')


class Cluster:
    """Three masters that share the slots."""

    def __init__(self, scenario):
        self.nodes = [Redis(scenario, cluster=True) for _ in range(3)]
        bounds = [SLOTS * i // 3 for i in range(4)]
        for i, node in enumerate(self.nodes):
            node.ask('CLUSTER', 'ADDSLOTSRANGE', bounds[i], bounds[i + 1] - 1)
            node.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
        for node in self.nodes[1:]:
            bus = self.nodes[0].options[self.nodes[0].options.index('--cluster-port') + 1]
            node.ask('CLUSTER', 'MEET', '127.0.0.1', self.nodes[0].port, bus)
        for node in self.nodes:
            wait_until(lambda: self.knows_all(node), 'the cluster')

    def knows_all(self, node):
        info = node.ask('CLUSTER', 'INFO')
        return ('cluster_state:ok' in info and 'cluster_slots_assigned:16384' in info and
                'cluster_known_nodes:3' in info and len(node.ask('CLUSTER', 'SLOTS')) >= 3)

    @property
    def addresses(self):
        return [node.address for node in self.nodes]

    def keys(self):
        return [key for node in self.nodes for key in node.keys()]

    def owner(self, key):
        """Of the key's slot."""
        slot = self.nodes[0].ask('CLUSTER', 'KEYSLOT', key)
        for first, last, master, *_ in self.nodes[0].ask('CLUSTER', 'SLOTS'):
            if first <= slot <= last:
                return slot, next(node for node in self.nodes if node.port == master[1])
        raise AssertionError('a slot without a node')

    def begin_to_move(self, key):
        """The key goes to another node, its slot not yet: who asks for it is told ASK. What finishes the move."""
        slot, source = self.owner(key)
        target = self.nodes[(self.nodes.index(source) + 1) % 3]
        source_id, target_id = source.ask('CLUSTER', 'MYID'), target.ask('CLUSTER', 'MYID')
        target.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source_id)
        source.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target_id)
        for its in source.ask('CLUSTER', 'GETKEYSINSLOT', slot, 1000):
            source.ask('MIGRATE', '127.0.0.1', target.port, its, 0, 5000)

        def finish():
            for node in (target, source, *self.nodes):
                node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target_id)
        return finish
