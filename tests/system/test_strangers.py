"""Strangers at every port while requests flow: nothing is lost, no watchdog is late, nobody who is known notices.

STRANGERS_SECONDS, STRANGERS_IDLE, STRANGERS_CONNECTS, STRANGERS_HANDSHAKES and STRANGERS_RATE (the last four a second, but for the idle)
say how much; the figures are printed. bench/strangers.sh has them as large as they are meant.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

from common import DEADLINE, Agent, Hss, Load, Program, Scenario, free_udp_port, wait_until

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = int(os.environ.get('STRANGERS_SECONDS', 6))
IDLE = int(os.environ.get('STRANGERS_IDLE', 1000))
CONNECTS = int(os.environ.get('STRANGERS_CONNECTS', 500))
HANDSHAKES = int(os.environ.get('STRANGERS_HANDSHAKES', 50))
RATE = int(os.environ.get('STRANGERS_RATE', 1000))
NOISES = 50
USERS = 200


class Strangers(Scenario):
    def make_certificates(self):
        folder = self.room / 'tls'
        subprocess.run([HERE.parent / 'scripts' / 'certificates.sh', folder], check=True, timeout=DEADLINE)
        return {'certificate': str(folder / 'agent.pem'), 'private_key': str(folder / 'agent.key'), 'ca': str(folder / 'ca.pem')}

    def start(self):
        files = self.make_certificates()
        self.udp_port = free_udp_port()
        self.hsss = [Hss(self, number, '--users', USERS) for number in (1, 2)]
        self.quiet = Hss(self, 3)  # in no pool: its watchdog runs
        self.agent = Agent(self, [*self.hsss, self.quiet], timers={'watchdog': '6s', 'capabilities': '2m', 'request': '30s'}, limits={
            'connections': IDLE + 4000, 'half_open': IDLE + 2000}, tls=files, sctp={'udp_port': self.udp_port}, listen=[
                {'transport': transport, 'address': '127.0.0.1', 'port': 0} for transport in ('tcp', 'tls', 'sctp')],
            pools=[{'name': 'hss', 'members': [{'peer': hss.identity} for hss in self.hsss]}])
        self.tls_port = int(self.agent.await_line(r'^INFO -: listening: tls 127\.0\.0\.1:(\d+)$')[1])

    def load(self, name, duration):
        return Load(self, self.agent, '--rate', RATE, '--window', 0, '--connections', 8, '--duration', duration, '--users', USERS,
                    '--origin', f'{name}%d.example.com', name=name)

    def come(self):
        plan = {'seconds': SECONDS, 'idle': IDLE, 'connects': CONNECTS, 'handshakes': HANDSHAKES, 'noises': NOISES,
                'tcp': self.agent.port, 'tls': self.tls_port, 'udp': self.udp_port, 'http': int(self.agent.admin.rpartition(':')[2])}
        strangers = Program(self, 'strangers', [sys.executable, '-B', HERE / 'strangers.py', json.dumps(plan)])
        wait_until(lambda: not strangers.is_running, 'the end of the strangers', SECONDS + DEADLINE)
        self.assertEqual(strangers.wait(), 0)
        return json.loads(strangers.output)

    def assert_unnoticed(self, report):
        self.assert_no_errors(report)
        self.assertEqual((report['connections_lost'], report['status']), (0, 0))
        self.assert_never_late(self.agent)

    def test_SEC_15_strangers_cost_the_peers_nothing(self):
        self.start()
        quiet = self.load('quiet', f'{max(2, SECONDS // 3)}s').report()
        load = self.load('load', '1h')
        self.agent.await_metrics(lambda now: now.sum('peers_open', peer='*.example.com') >= 8, 'a load')
        came = self.come()
        metrics = self.agent.await_metrics(
            lambda now: now.sum('messages_sent_total', peer=self.quiet.identity, type='base') > 1, 'a DWR')
        report = load.finish()
        self.assert_unnoticed(report)
        self.assertEqual(came.get('idle', 0), IDLE, 'they are within the limits')
        self.assert_balanced(self.agent)
        self.say(quiet, report, came, metrics)
        self.assert_ends_well(self.agent, *self.hsss, self.quiet)

    def say(self, quiet, report, came, metrics):
        for name, of in ('alone', quiet), ('among strangers', report):
            latency = of['latency_us']
            print(f'{name}: {of["requests"]} requests, p50 {latency["p50"]} us, p99 {latency["p99"]} us')
        print(f'strangers: {came}')
        print(f'TLS handshakes: {metrics.by("tls_handshakes_total", "result")}')
        print(f'refused: {metrics.by("connections_refused_total", "reason")}')
        away = re.findall(r'was away for [^\n]*', self.agent.log)
        print(f'p50: {report["latency_us"]["p50"] / max(1, quiet["latency_us"]["p50"]):.2f} times that without; away: {away}')
