"""Two agents in two network namespaces, with two cables between them, and what is done to these: cut, made to lose packets, read along.

near (here) 10.1.0.2, 10.2.0.2  ===  far 10.1.0.1, 10.2.0.1, with the HSS behind it

Where a namespace may not be made (no user namespaces, no root) there is nothing to cut, and the tests
are skipped by name: a path that is not cut has not been survived.
"""
import ctypes
import os
import signal
import subprocess

from common import REALM, Agent, Hss, Load, Scenario, die_with_parent, wait_until
from test_tls import Ring

NEWUSER, NEWNET = 0x10000000, 0x40000000
NEAR, FAR = 'dra1.example.com', 'dra2.example.net'
PORT = 3868
QUICK = {'rto': {'minimum': '100ms', 'maximum': '500ms'}, 'heartbeat': '500ms', 'path_retransmissions': 4,
         'association_retransmissions': 8}


def run(*words):
    subprocess.run(words, check=True)


def read(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def enter_namespace():
    """A network of our own, where everything is allowed. False: the system forbids it."""
    user, group = os.getuid(), os.getgid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEWNET) == 0:
        return True
    if library.unshare(NEWUSER | NEWNET) != 0:
        return False
    for name, text in (('setgroups', 'deny'), ('uid_map', f'0 {user} 1'), ('gid_map', f'0 {group} 1')):
        with open(f'/proc/self/{name}', 'w') as file:
            file.write(text)
    return True


def setUpModule():
    global has_namespace
    has_namespace = enter_namespace()
    if has_namespace:
        run('ip', 'link', 'set', 'lo', 'up')


class Paths(Scenario):
    transport = 'sctp'
    udp_port = None  # over IP
    settings = QUICK

    def setUp(self):
        if not has_namespace:
            self.skipTest('no namespace may be made here')
        super().setUp()

    def lay(self):
        """Two cables to a namespace that lives as long as this child."""
        self.holder = subprocess.Popen(['unshare', '-n', 'sleep', 'infinity'], preexec_fn=die_with_parent)
        self.addCleanup(self.end_holder)
        here = os.readlink('/proc/self/ns/net')
        wait_until(lambda: os.readlink(f'/proc/{self.holder.pid}/ns/net') != here, 'another namespace')
        self.there = ('nsenter', '-t', str(self.holder.pid), '-n')
        run(*self.there, 'ip', 'link', 'set', 'lo', 'up')
        for number in (1, 2):
            run('ip', 'link', 'add', f'near{number}', 'type', 'veth', 'peer', 'name', f'far{number}', 'netns',
                str(self.holder.pid))
            run('ip', 'addr', 'add', f'10.{number}.0.2/24', 'dev', f'near{number}')
            run(*self.there, 'ip', 'addr', 'add', f'10.{number}.0.1/24', 'dev', f'far{number}')
            run('ip', 'link', 'set', f'near{number}', 'up')
            run(*self.there, 'ip', 'link', 'set', f'far{number}', 'up')

    def end_holder(self):
        """The cables first, and at once: with their namespace they go when the kernel comes round to it."""
        for number in (1, 2):
            subprocess.run(['ip', 'link', 'del', f'near{number}'], check=False, stderr=subprocess.DEVNULL)
        self.holder.kill()
        self.holder.wait()

    def capture(self):
        self.file = self.room / 'capture.pcapng'
        self.tshark = subprocess.Popen(['tshark', '-q', '-i', 'near1', '-i', 'near2', '-w', str(self.file)],
                                       stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.addCleanup(self.end_capture)
        for line in self.tshark.stderr:
            if 'Capture started' in line:
                return
        self.fail('tshark does not begin')

    def end_capture(self):
        if self.tshark.poll() is None:
            self.tshark.send_signal(signal.SIGINT)
            self.tshark.communicate()

    def packets(self, shown, *fields):
        """The fields of all packets that the filter shows, each a list."""
        self.end_capture()
        words = [word for field in ('frame.time_epoch', *fields) for word in ('-e', field)]
        text = subprocess.run(['tshark', '-r', str(self.file), '-o', 'sctp.checksum:CRC-32C', '-Y', shown, '-T', 'fields',
                               *words], check=True, capture_output=True, text=True).stdout
        rows = [[part.split(',') for part in line.split('\t')] for line in text.splitlines()]
        return [row[1:] for row in sorted(rows)]

    def secrets(self):
        if self.transport == 'sctp':
            return {NEAR: {}, FAR: {}}
        ring = Ring(self.room / 'ring', NEAR, FAR)
        return {name: {'tls': {'certificate': ring.path(f'{name}.pem'), 'private_key': ring.path(f'{name}.key'),
                               'ca': ring.path('ca.pem')}} for name in (NEAR, FAR)}

    def start(self, is_read=True, **conf):
        """Both agents have `conf`, too. `is_read`: tshark reads along."""
        secrets = self.secrets()
        self.lay()
        if is_read:
            self.capture()
        self.within = self.there
        self.hss = Hss(self, 1, '--users', 100)
        settings = {**self.settings, **({'udp_port': self.udp_port} if self.udp_port else {})}
        self.conf = {name: {'sctp': settings, **secrets[name], **conf} for name in (NEAR, FAR)}
        self.side = {'transport': self.transport, 'address': ['10.1.0.1', '10.2.0.1'], 'port': PORT}
        self.start_far()
        self.near = Agent(self, [self.far], identity=NEAR, **self.conf[NEAR])

    def start_far(self):
        """The first time, and after it was killed."""
        self.within = self.there
        tcp = {'transport': 'tcp', 'address': '127.0.0.1', 'port': 0}
        self.far = Agent(self, [self.hss], identity=FAR, listen=[tcp, self.side], **self.conf[FAR],
                         peers=[{'identity': self.hss.identity, 'realm': REALM, 'connect': {
                             'transport': 'tcp', 'address': '127.0.0.1', 'port': self.hss.port}}, {'identity': '*.example.com'}])
        self.within = ()
        self.far.identity = FAR
        self.far.connect = {**self.side, **({'udp_port': self.udp_port} if self.udp_port else {})}

    def filter(self, rules, *where):
        """nft's, here or `there`. Where the system has no nft for us the test is skipped: nothing would be lost."""
        try:
            subprocess.run([*where, 'nft', '-f', '-'], input=rules, text=True, check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest('no nft here')
        except subprocess.CalledProcessError as failure:
            self.skipTest(f'no packet filter here: {failure.stderr.splitlines()[0]}')

    def cut(self, cable):
        run(*self.there, 'ip', 'link', 'set', f'far{cable}', 'down')

    def mend(self, cable):
        run(*self.there, 'ip', 'link', 'set', f'far{cable}', 'up')

    def load(self, *options, rate=500):
        return Load(self, self.near, '--rate', rate, '--users', 100, '--allow', 'protocol', *options)

    def print_delays(self, report, what):
        """The longest that a request waited is the gap."""
        late = report['latency_us']
        print(f'{self.id().split(".", 1)[1]}: {what}: {report["answers"]} answers, {report["rate"]:.0f} a second,'
              f' p50 {late["p50"] / 1000:.1f} ms, p99 {late["p99"] / 1000:.0f} ms, longest {late["max"] / 1000:.0f} ms')

    def survive_cuts(self):
        """Of one cable after the other, under load."""
        load = self.load('--duration', '1h')
        self.near.await_metrics(lambda now: now.sum('answers_total', peer=FAR) > 300, 'a load')
        for cable in (1, 2):
            self.cut(cable)
            self.near.await_line(rf'path: to 10\.{cable}\.0\.1:{PORT}: down')
            before = self.near.metrics().sum('answers_total', peer=FAR)
            self.near.await_metrics(lambda now: now.sum('answers_total', peer=FAR) > before + 300, 'it goes on')
            self.mend(cable)
            self.near.await_line(rf'path: to 10\.{cable}\.0\.1:{PORT}: up again')
        report = load.finish()
        self.assert_no_errors(report)
        self.assertEqual(report['connections_lost'], 0)
        self.assertEqual(self.near.log.count(f'{FAR}: open'), 1)
        self.assert_balanced(self.near)
        self.print_delays(report, 'each path cut once')
