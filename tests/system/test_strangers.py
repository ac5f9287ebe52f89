"""Strangers at the door while requests flow: connections that say nothing, handshakes that come to nothing, random
octets, connections that close at once. Nothing is lost, and no peer is lost for it. SEC-15.

STRANGERS_SECONDS, STRANGERS_IDLE (connections), STRANGERS_HANDSHAKES and STRANGERS_CLOSES (a second) and STRANGERS_RATE
(requests a second) say how much; the figures are printed.
"""
import os
import random
import resource
import socket
import ssl
import threading
import time

from common import DEADLINE, Agent, Hss, Load, Program, Scenario, configuration, yaml
from test_tls import CLIENT, Ring

SECONDS = int(os.environ.get('STRANGERS_SECONDS', 4))
IDLE = int(os.environ.get('STRANGERS_IDLE', 300))
HANDSHAKES = int(os.environ.get('STRANGERS_HANDSHAKES', 50))
CLOSES = int(os.environ.get('STRANGERS_CLOSES', 200))
RATE = int(os.environ.get('STRANGERS_RATE', 500))


class DoorAgent(Agent):
    """A listener of tcp and one of tls."""

    def __init__(self, scenario, servers, tls):
        conf = configuration(servers, tls=tls)
        conf['listen'] = [{'transport': kind, 'address': '127.0.0.1', 'port': 0} for kind in ('tcp', 'tls')]
        file = scenario.room / 'antipode.yaml'
        file.write_text(yaml(conf))
        Program.__init__(self, scenario, 'antipode', ['antipode', 'run', file])
        self.port, self.tls_port = [
            int(self.await_line(rf'^INFO -: listening: {kind} 127\.0\.0\.1:(\d+)$')[1]) for kind in ('tcp', 'tls')]
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for server in servers:
            self.await_line(rf'^INFO {server.identity}: open')


class Strangers(Scenario):
    def start(self):
        self.ring = Ring(self.room / 'tls', CLIENT)
        self.server = Hss(self, 1)
        self.agent = DoorAgent(self, [self.server], self.ring.section())
        self.ports = [self.agent.port, self.agent.tls_port]
        self.until = time.monotonic() + SECONDS
        self.done = {}

    def load(self):
        return Load(self, self.agent, '--connections', 8, '--rate', RATE, '--window', 0, '--duration', f'{SECONDS}s',
                    '--origin', 'edge%d.example.com')

    def come(self, port):
        return socket.create_connection(('127.0.0.1', port), DEADLINE)

    # --- what they do, each in a thread of its own, until the time is over

    def idle(self):
        held = []
        for number in range(IDLE):
            try:
                held.append(socket.create_connection(('127.0.0.1', self.ports[number % 2]), 0.2))
            except OSError:
                pass  # nobody is accepted while `half_open` is full
        while time.monotonic() < self.until:
            time.sleep(0.1)
        for one in held:
            one.close()
        return len(held)

    def at_a_rate(self, act, rate):
        count, begin = 0, time.monotonic()
        while time.monotonic() < self.until:
            try:
                act(count)
            except OSError:
                pass
            count += 1
            time.sleep(max(0, begin + count / rate - time.monotonic()))
        return count

    def handshake(self, number):
        context = self.ring.context(ssl.PROTOCOL_TLS_CLIENT, (None, 'expired', 'revoked', 'stranger')[number % 4])
        with socket.create_connection(('127.0.0.1', self.agent.tls_port), 1) as plain:
            with context.wrap_socket(plain, server_hostname='agent.example.net') as secured:
                secured.recv(100)

    def noise(self, number):
        with socket.create_connection(('127.0.0.1', self.ports[number % 2]), 1) as plain:
            plain.sendall(random.Random(number).randbytes(1 + number * 97 % 5000))
            plain.settimeout(1)
            plain.recv(100)

    def close_at_once(self, number):
        socket.create_connection(('127.0.0.1', self.ports[number % 2]), 1).close()

    def come_all(self):
        deeds = {'idle': self.idle, 'handshakes': lambda: self.at_a_rate(self.handshake, HANDSHAKES),
                 'noise': lambda: self.at_a_rate(self.noise, HANDSHAKES),
                 'closes': lambda: self.at_a_rate(self.close_at_once, CLOSES)}
        def run(name, deed):
            self.done[name] = deed()
        threads = [threading.Thread(target=run, args=item, daemon=True) for item in deeds.items()]
        for thread in threads:
            thread.start()
        return threads

    def test_SEC_15_strangers_cost_the_peers_nothing(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, IDLE + 1000), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.start()
        alone = self.load().report()
        self.until = time.monotonic() + SECONDS
        load = self.load()
        threads = self.come_all()
        beside = load.report()
        for thread in threads:
            thread.join(DEADLINE)
        for report in alone, beside:
            self.assert_no_errors(report)
            self.assertEqual((report['connections_lost'], report['status']), (0, 0))
        metrics = self.assert_balanced(self.agent)
        refused = metrics.by('connections_refused_total', 'reason')
        self.assertGreater(refused['tls'] + refused['malformed'], 0)
        print(f"p50 {alone['latency_us']['p50']} us alone, {beside['latency_us']['p50']} us beside {self.done}; refused "
              f"{ {reason: count for reason, count in refused.items() if count} }", flush=True)
        self.assert_ends_well(self.agent, self.server)
