"""A hundred reloads while an open loop runs: weights change, a peer, a pool, a route, a policy and a table of subscribers
come and go. Nothing is lost, nobody who did not change loses his connection, and memory stays where it is.

RELOAD_RATE (requests a second), RELOAD_SUBSCRIBERS (rows of the table) and RELOADS say how much; the figures are printed. Over tls,
sctp and dtls there are a fifth as many.
"""
import os
import re
import signal
import subprocess

from carrier import Carrier
from common import AGENT_BIN, REALM, Agent, Hss, Load, Scenario, configuration, wait_until, yaml

RATE = int(os.environ.get('RELOAD_RATE', 1000))
SUBSCRIBERS = int(os.environ.get('RELOAD_SUBSCRIBERS', 20000))
RELOADS = int(os.environ.get('RELOADS', 100))
USERS = 500
QUIET = '5s'
PATIENT = {'request': '30s'}  # a busy machine loses nothing, either
POLICY = {'name': 'tidy', 'apply_to': 'request', 'when': [{'avp': 'Accounting-Realtime-Required', 'present': True}],
          'do': [{'remove': 'Accounting-Realtime-Required'}]}


def is_sanitized():
    """Is it another agent than the build's own (a wrapper, too), or one that keeps what was freed?"""
    if 'ANTIPODE_BIN' in os.environ:
        return True
    version = subprocess.run([str(AGENT_BIN / 'antipode'), 'version'], capture_output=True, text=True, check=True).stdout
    return 'sanitizer: none' not in version


def resident(agent):
    with open(f'/proc/{agent.process.pid}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def longest_pause(before, after):
    """The upper end, in seconds, of the highest bucket of any worker's lag that grew."""
    def counts(metrics):
        return {(its['worker'], its['le']): value for name, its, value in metrics.samples
                if name == 'worker_loop_lag_seconds_bucket'}
    old, new = counts(before), counts(after)
    pauses = []
    for worker in {worker for worker, _ in new}:
        below = 0
        for le in sorted((le for at, le in new if at == worker), key=float):
            grown = new[worker, le] - old[worker, le]
            pauses += [float(le)] if grown > below else []
            below = grown
    return max(pauses)


CLIENTS = [*(f'sip{number}.example.com' for number in range(1, 9))]


class Reload(Scenario):
    transport, reloads = 'tcp', RELOADS

    def start(self):
        names = {f'hss{number}': [f'hss{number}.{REALM}'] for number in (1, 2, 3)}
        self.carrier = Carrier(self, self.transport, agent=['dra1.example.net'], load=CLIENTS, **names)
        self.hsss = [self.start_hss(number) for number in (1, 2)]
        self.third = self.start_hss(3)
        self.table = self.room / 'users.csv'
        with self.table.open('w') as file:
            file.writelines(f'sip:nobody{i}@{REALM},hss1.{REALM}\n' for i in range(SUBSCRIBERS))
        self.agent = Agent(self, self.hsss, carrier=self.carrier, timers=PATIENT)
        self.file = next(self.room.glob('*.yaml'))
        self.before = self.agent.metrics()

    def start_hss(self, number):
        return Hss(self, number, '--users', USERS, *self.carrier.tool(f'hss{number}'))

    def conf(self, number):
        """What reload `number` asks for: each thing comes and goes at a pace of its own."""
        servers = self.hsss + ([self.third] if number & 1 else [])
        conf = configuration(servers, carrier=self.carrier, timers=PATIENT)
        conf['listen'][0]['port'] = 0  # as it was: any
        members = conf['pools'][0]['members'] = [{'peer': hss.identity} for hss in self.hsss]
        members[0]['weight'] = 100 + number % 3 * 50
        if number & 1:
            conf['pools'].append({'name': 'third', 'members': [{'peer': self.third.identity}]})
        if number & 2:
            conf['routes'].insert(0, {'name': 'elsewhere', 'realm': 'elsewhere.example', 'action': 'reject', 'result': 3003})
        if number & 4:
            conf['subscribers'] = [{'name': 'provisioned', 'table': str(self.table)}]
            conf['routes'][-1]['subscribers'] = 'provisioned'
        if number & 8:
            conf['policies'] = [POLICY]
            conf['routes'].insert(0, {'name': 'proxied', 'realm': REALM, 'commands': ['LIR'], 'application': 'sip',
                                      'action': 'proxy', 'pool': 'hss', 'policies': ['tidy']})
        return conf

    def reload(self, number):
        done = self.agent.metrics().sum('config_reloads_total')
        self.file.write_text(yaml(self.conf(number)))
        self.agent.send(signal.SIGHUP)
        self.agent.await_metrics(lambda now: now.sum('config_reloads_total') > done, 'the reload')

    def load(self, name, duration):
        return Load(self, self.agent, *self.carrier.tool('load'), *self.carrier.dialled(self.carrier.udp_port), '--rate', RATE, '--window', 0, '--connections', 8, '--duration', duration,
                    '--users', USERS, '--mix', 'UAR:3,MAR:1,SAR:1,LIR:5', '--allow', 'protocol', name=name)

    def assert_undisturbed(self, before, after):
        """Connections of those who did not change are the same, and no watchdog was late."""
        for hss in self.hsss:
            for state in ('open', 'closed', 'closing'):
                self.assertEqual(after.sum('peer_transitions_total', peer=hss.identity, to=state),
                                 before.sum('peer_transitions_total', peer=hss.identity, to=state), (hss.identity, state))
        self.assert_never_late(self.agent)
        self.assertEqual(after.sum('config_reloads_total', result='failure'), 0)

    def test_reloads_under_an_open_loop_lose_nothing(self):
        self.start()
        quiet = self.load('quiet', QUIET).report()
        began = self.agent.metrics()
        load = self.load('load', '1h')
        self.agent.await_metrics(lambda now: now.sum('requests_total') > began.sum('requests_total') + RATE, 'the load')
        memory = {}
        for number in range(1, self.reloads + 1):
            self.reload(number)
            memory[number] = resident(self.agent)
        after = self.agent.metrics()
        report = load.finish()
        self.assert_no_errors(report, 'protocol')
        self.assertEqual(report['errors'].get('protocol', 0), 0)
        self.assertEqual(report['connections_lost'], 0)
        self.assert_undisturbed(self.before, after)
        self.assert_balanced(self.agent)
        self.say(quiet, report, memory, longest_pause(self.before, began), longest_pause(began, after))
        if not is_sanitized():  # its memory says nothing
            first, last = self.lows(memory)
            self.assertLess(last - first, 0.2 * first + (8 << 20))
        self.assert_ends_well(self.agent)

    def lows(self, memory):
        """The least of the second fifth of the reloads, and of the last: each has seen everything come and go. (The most is a matter of
        whether two tables met.)"""
        fifth = self.reloads // 5
        return (min(memory[number] for number in range(fifth + 1, 2 * fifth + 1)),
                min(memory[number] for number in range(self.reloads - fifth + 1, self.reloads + 1)))

    def say(self, quiet, report, memory, quiet_pause, pause):
        for name, of, longest in (('quiet', quiet, quiet_pause), (f'{self.reloads} reloads over {self.transport}', report, pause)):
            latency = of['latency_us']
            print(f'{name}: {of["requests"]} requests, p50 {latency["p50"]} us, p99 {latency["p99"]} us, '
                  f'longest pause of a worker at most {longest * 1e3:g} ms')
        first, last = self.lows(memory)
        print(f'memory: {memory[self.reloads // 5] >> 10} KiB after {self.reloads // 5} reloads, {memory[self.reloads] >> 10} KiB after '
              f'{self.reloads}; at least {first >> 10} KiB in the second fifth of them, {last >> 10} KiB in the last')


class Tls(Reload):
    transport, reloads = 'tls', RELOADS // 5


class Sctp(Reload):
    transport, reloads = 'sctp', RELOADS // 5


class Dtls(Reload):
    transport, reloads = 'dtls', RELOADS // 5
