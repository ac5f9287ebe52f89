"""What the scenarios share: the real programs on loopback, their logs, metrics and reports, and the lab clock.

Ports are taken free by the programs; nothing sleeps for a time that is hoped to be enough: every wait names its
condition and has a deadline. Children end with the test, also when it fails, and when this process is killed.
"""
import ctypes
import itertools
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

BIN = pathlib.Path(os.environ.get('BIN_DIR', 'build/bin')).resolve()
AGENT_BIN = pathlib.Path(os.environ.get('ANTIPODE_BIN', BIN)).resolve()  # the agent of another build, or a wrapper
DEADLINE = 60
PAUSE = 0.005  # between two looks at a condition
REALM = 'example.net'
PR_SET_PDEATHSIG = 1


def wait_until(condition, what, seconds=DEADLINE):
    """The first value of the condition that is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'waited {seconds} s in vain: {what}')
        time.sleep(PAUSE)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


turns = itertools.count()


def free_port(kind=socket.SOCK_STREAM):
    """For a program that takes its port later, or once more. It lies below those that the system gives by itself, and each
    process has others, so that nobody is there before it."""
    first, count, of_a_process = 10000, 22000, 16  # as the lab's
    for _ in range(count):
        port = first + (os.getpid() * of_a_process + next(turns)) % count
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(('' if kind == socket.SOCK_DGRAM else '127.0.0.1', port))
            except OSError:
                continue
            return port
    raise AssertionError('no free port')


def free_udp_port():
    return free_port(socket.SOCK_DGRAM)


class Program:
    """A child with its two outputs in files."""

    def __init__(self, scenario, name, arguments, environment=None):
        number = len(scenario.programs)
        self.name = name
        self.out = scenario.room / f'{number}-{name}.out'
        self.err = scenario.room / f'{number}-{name}.err'
        with self.out.open('wb') as out, self.err.open('wb') as err:
            folder = AGENT_BIN if arguments[0] == 'antipode' else BIN
            self.process = subprocess.Popen(
                [*scenario.within, str(folder / arguments[0]), *map(str, arguments[1:])], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(environment or {})}, preexec_fn=die_with_parent)
        scenario.programs.append(self)

    @property
    def output(self):
        return self.out.read_text(errors='replace')

    @property
    def log(self):
        return self.err.read_text(errors='replace')

    @property
    def is_running(self):
        return self.process.poll() is None

    def await_line(self, pattern, text='log'):
        """The match of the pattern in the log or the output, as soon as it stands there."""
        def look():
            found = re.search(pattern, getattr(self, text), re.MULTILINE)
            if not found and not self.is_running:
                found = re.search(pattern, getattr(self, text), re.MULTILINE)
                if not found:
                    raise AssertionError(f'{self.name} ended with {self.process.returncode} before "{pattern}"')
            return found
        return wait_until(look, f'{self.name}: "{pattern}"')

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit status."""
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'{self.name} does not end') from None

    def stop(self, number=signal.SIGTERM):
        self.send(number)
        return self.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def tell(self):
        """For who reads a failure."""
        lines = (self.log + self.output).splitlines()
        return '\n'.join([f'--- {self.name} ({self.process.returncode})', *lines[-25:]])


class Hss(Program):
    """antipode-hss. It keeps its port when it is started again."""

    def __init__(self, scenario, number, *options, port=0):
        self.number = number
        self.identity = f'hss{number}.{REALM}'
        super().__init__(scenario, f'hss{number}', [
            'antipode-hss', '--listen', f'127.0.0.1:{port}', '--identity', self.identity, '--realm', REALM, *options])
        self.address = self.await_line(r'^listening (.*:\d+)$', 'output')[1]
        self.port = int(self.address.rpartition(':')[2])

    @property
    def udp_port(self):
        """Of its associations; None: they are in IP, or there are none."""
        found = re.search(r'^udp-port (\d+)$', self.output, re.MULTILINE)
        return int(found[1]) if found else None

    def report(self):
        """Ends it in good order and reads what it prints then."""
        status = self.stop()
        if status != 0:
            raise AssertionError(f'{self.name} ended with {status}')
        return json.loads(self.output.splitlines()[-1])


class Load(Program):
    """antipode-load, with a report in JSON."""

    def __init__(self, scenario, agent, *options, name='load'):
        super().__init__(scenario, name, [
            'antipode-load', '--connect', f'127.0.0.1:{agent.port}', '--destination-realm', REALM,
            '--report', 'json', '--timeout', f'{DEADLINE}s', *options])

    def report(self):
        """Waits for its end; all but `status` is of the program."""
        self.wait()
        if not self.output:
            raise AssertionError(f'{self.name} says nothing: {self.log}')
        return {**json.loads(self.output), 'status': self.process.returncode}

    def finish(self):
        """It sends no more; what is under way is awaited."""
        self.send(signal.SIGINT)
        return self.report()


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.samples = []
        for name, labels, value in re.findall(r'^antipode_(\w+?)(?:\{(.*)\})? (\S+)$', text, re.MULTILINE):
            self.samples.append((name, dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), float(value)))

    def sum(self, name, **labels):
        """Of all samples that bear these labels."""
        return round(sum(value for at, its, value in self.samples
                         if at == name and labels.items() <= its.items()))

    def by(self, name, label):
        return {its[label]: round(value) for at, its, value in self.samples if at == name}


class LabClock:
    """The page of agent/clock.h: offset, threads, then what each thread has seen, all u64."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8 * (2 + 64)))
        with path.open('r+b') as file:
            self.words = memoryview(mmap.mmap(file.fileno(), 0)).cast('Q')

    def move(self, seconds):
        """Forward; returns when all that is due was done."""
        offset = self.words[0] + round(seconds * 1e9)
        self.words[0] = offset
        wait_until(lambda: all(seen >= offset for seen in self.words[2:2 + self.words[1]]), 'the tick of every thread')


def stolen_ms():
    """What the host has taken from all cores of a virtual machine since it began, proc(5)."""
    ticks = int(pathlib.Path('/proc/stat').read_text().split()[8])
    return ticks * 1000 / os.sysconf('SC_CLK_TCK')


def configuration(servers, placement='spread', workers=2, first=None, identity='dra1.example.net', carrier=None, **sections):
    """As a dictionary. Keys of a section are added to what all scenarios have, a list takes its place; `first`: limits of
    the first server; `carrier` (carrier.py): what all connections are made of, if not of tcp."""
    transport = carrier.transport if carrier else 'tcp'
    conf = {
        'version': 1, 'identity': identity, 'realm': REALM, 'workers': workers, 'placement': placement,
        'advertise': ['relay', 'sip', 'cx'],
        'listen': [{'transport': transport, 'address': '127.0.0.1', 'port': 0}],
        'admin': {'http': {'address': '127.0.0.1', 'port': 0}, 'socket': 'none'},
        'timers': {'reconnect': {'minimum': '1s', 'maximum': '1s'}},
        'limits': {'connections': 4000},
        'peers': [{'identity': hss.identity, 'realm': REALM, 'connect': getattr(hss, 'connect', None) or {
            'transport': transport, 'address': '127.0.0.1', 'port': hss.port,
            **({'udp_port': hss.udp_port} if getattr(hss, 'udp_port', None) else {})}} for hss in servers] +
                 [{'identity': '*.example.com', 'from': ['127.0.0.0/8']}],
        'pools': [{'name': 'hss', 'members': [{'peer': hss.identity} for hss in servers]}],
        'routes': [{'name': 'home', 'realm': REALM, 'action': 'relay', 'pool': 'hss'}],
    }
    conf.update(carrier.sections() if carrier else {})
    if first:
        conf['peers'][0]['limits'] = first
    for name, keys in sections.items():
        conf[name] = {**conf.get(name, {}), **keys} if isinstance(keys, dict) else keys
    return conf


def yaml(conf):
    """JSON is YAML, but that durations and sizes are no strings."""
    return re.sub(r'"(\d+[a-zA-Z]+)"', r'\1', json.dumps(conf))


class Agent(Program):
    """antipode run, once it listens and all servers are open."""

    def __init__(self, scenario, servers, clock=None, carrier=None, **conf):
        file = scenario.room / f'antipode-{len(scenario.programs)}.yaml'
        file.write_text(yaml(configuration(servers, carrier=carrier, **conf)))
        self.stolen_before = stolen_ms()
        super().__init__(scenario, 'antipode', ['antipode', 'run', file],
                         {'ANTIPODE_LAB_CLOCK': str(clock.path) if clock else ''})
        transport = carrier.transport if carrier else 'tcp'
        self.port = int(self.await_line(rf'^INFO -: listening: {transport} 127\.0\.0\.1:(\d+)$')[1])
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for hss in servers:
            self.await_line(rf'^INFO {re.escape(hss.identity)}: open')

    def metrics(self):
        with urllib.request.urlopen(f'http://{self.admin}/metrics', timeout=DEADLINE) as answer:
            return Metrics(answer.read().decode())

    def await_metrics(self, condition, what):
        """The first scrape for which the condition holds."""
        def look():
            metrics = self.metrics()
            return metrics if condition(metrics) else None
        return wait_until(look, what)

    def longest_wait_for_a_core_ms(self):
        """Of the thread that in all waited the longest: what other programs, and other machines on the same host, took from it."""
        waits = (task.read_text().split()[1] for task in pathlib.Path(f'/proc/{self.process.pid}/task').glob('*/schedstat'))
        return max(int(nanoseconds) for nanoseconds in waits) / 1e6 + stolen_ms() - self.stolen_before


class Scenario(unittest.TestCase):
    """A test with a room for its files and an end for its programs."""

    within = ()  # what the next program is started by

    def setUp(self):
        self.programs = []
        self.room = pathlib.Path(tempfile.mkdtemp(prefix='antipode-'))
        self.addCleanup(self.clear)

    def clear(self):
        for program in reversed(self.programs):
            if program.is_running:
                program.kill()
        shutil.rmtree(self.room)

    def tell(self):
        return '\n'.join(program.tell() for program in self.programs)

    def assert_no_errors(self, report, *allowed):
        """But those allowed; `protocol` are answers, too. Every request has ended once."""
        errors = report['errors']
        self.assertEqual({name: count for name, count in errors.items() if count and name not in allowed}, {})
        self.assertEqual(report['requests'],
                         report['answers'] + sum(errors[name] for name in allowed if name != 'protocol'))
        self.assertGreater(report['requests'], 0)

    def assert_never_late(self, agent):
        """No watchdog noticed anything, and no worker was away for longer than it had to wait for a core."""
        self.assertNotRegex(agent.log, r'-> suspect|-> down|no answer to the watchdog')
        away = [int(ms) for ms in re.findall(r'was away for (\d+) ms', agent.log)]
        self.assertLessEqual(max(away, default=0), agent.longest_wait_for_a_core_ms())

    def assert_balanced(self, agent):
        """Nothing is under way any more, and whatever was received has ended once. Returns the scrape."""
        metrics = agent.await_metrics(lambda now: now.sum('requests_in_flight') == 0, 'nothing in flight')
        self.assertEqual(metrics.sum('messages_received_total', type='request'), metrics.sum('requests_total'))
        self.assertEqual(metrics.sum('peer_pending_requests'), 0)
        return metrics

    def assert_ends_well(self, *programs):
        """SIGTERM, exit status 0: with a sanitizer that says something, too."""
        for program in programs:
            self.assertEqual(program.stop(), 0, program.name)
