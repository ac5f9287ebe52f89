"""SCTP over IP and two paths between two network namespaces: one path is cut under load, and tshark reads along.

near (here) 10.1.0.2, 10.2.0.2  ===  far 10.1.0.1, 10.2.0.1, with the HSS behind it

Where a namespace may not be made (no user namespaces, no root) there is nothing to cut, and the tests
are skipped by name: a path that is not cut has not been survived.
"""
import ctypes
import os
import signal
import subprocess

from common import REALM, Agent, Hss, Load, Scenario, die_with_parent, wait_until
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_REALM, LIR, SESSION_ID, SIP, SIP_AOR, SipServer,
                      avp)
from test_tls import Ring

NEWUSER, NEWNET = 0x10000000, 0x40000000
NEAR, FAR = 'dra1.example.com', 'dra2.example.net'
PORT = 3868
PLUGIN = 999999  # an AVP that nobody knows
QUICK = {'rto': {'minimum': '100ms', 'maximum': '500ms'}, 'heartbeat': '500ms', 'path_retransmissions': 2,
         'association_retransmissions': 4}


def run(*words):
    subprocess.run(words, check=True)


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

    def start(self):
        secrets = self.secrets()
        self.lay()
        self.capture()
        self.within = self.there
        hss = Hss(self, 1, '--users', 100)
        sides = [{'transport': self.transport, 'address': ['10.1.0.1', '10.2.0.1'], 'port': PORT}]
        settings = {**QUICK, **({'udp_port': self.udp_port} if self.udp_port else {})}
        tcp = {'transport': 'tcp', 'address': '127.0.0.1', 'port': 0}
        self.far = Agent(self, [hss], identity=FAR, listen=[tcp, *sides], sctp=settings, **secrets[FAR],
                         peers=[{'identity': hss.identity, 'realm': REALM, 'connect': {
                             'transport': 'tcp', 'address': '127.0.0.1', 'port': hss.port}}, {'identity': '*.example.com'}])
        self.within = ()
        self.far.identity = FAR
        self.far.connect = {**sides[0], **({'udp_port': self.udp_port} if self.udp_port else {})}
        self.near = Agent(self, [self.far], identity=NEAR, sctp=settings, **secrets[NEAR])

    def cut(self, cable):
        run(*self.there, 'ip', 'link', 'set', f'far{cable}', 'down')

    def mend(self, cable):
        run(*self.there, 'ip', 'link', 'set', f'far{cable}', 'up')

    def load(self, *options):
        return Load(self, self.near, '--rate', 500, '--users', 100, '--allow', 'protocol', *options)


class InUdp(Paths):
    """So the system chooses the source address of each packet by its route."""
    udp_port = 9899

    def test_SCT_07_WDG_15_a_path_is_cut_under_load_and_nobody_notices(self):
        self.start()
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

    def test_SCT_11_the_path_is_eight_octets_narrower_in_udp(self):
        self.start()
        server = SipServer(self.near, 'probe.example.com')
        server.ask(LIR, avp(SESSION_ID, 'probe.example.com;1;1'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                   avp(DESTINATION_REALM, REALM), avp(SIP_AOR, f'sip:user1@{REALM}'), avp(PLUGIN, bytes(40000)))
        server.close()
        self.assert_ends_well(self.near)
        sizes = [int(row[0][0]) for row in self.packets(f'udp.port == {self.udp_port}', 'ip.len')]
        self.assertIn(max(sizes), range(1480, 1501))
        self.assertEqual(self.packets('ip.flags.mf == 1 || ip.frag_offset > 0', 'frame.number'), [])


class Sctp(Paths):
    def test_SCT_04_SCT_05_SCT_06_what_tshark_reads(self):
        self.start()
        self.assert_no_errors(self.load('--requests', 500).report())
        self.assert_ends_well(self.near)
        data = self.packets('sctp.data_payload_proto_id', 'sctp.data_payload_proto_id', 'sctp.data_sid',
                            'sctp.data_u_bit', 'diameter.cmd.code')
        self.assertEqual({ppid for row in data for ppid in row[0]}, {'46'})
        self.assertEqual({int(sid, 0) for row in data for sid in row[1]}, {0})
        self.assertEqual([row[3][0] for row in data[:2]], ['257', '257'], 'CER and CEA first')
        self.assertFalse(any(bit in ('1', 'True') for row in data[:2] for bit in row[2]))
        self.assertTrue(all(bit in ('1', 'True') for row in data[50:] for bit in row[2]))
        self.assertEqual(self.packets('sctp.checksum_bad.expert || sctp.checksum.status == 0', 'frame.number'), [])
        self.assertEqual(self.packets('sctp.chunk_type == 6', 'frame.number'), [], 'no ABORT')


class Dtls(Paths):
    transport = 'dtls'

    def test_SCT_13_SCT_15_SCT_16_what_tshark_reads_of_dtls(self):
        self.start()
        self.assert_no_errors(self.load('--requests', 500).report())
        self.assert_ends_well(self.near)
        data = self.packets('sctp.data_payload_proto_id', 'sctp.data_payload_proto_id', 'sctp.data_sid',
                            'sctp.chunk_type', 'sctp.shared_key_id')
        self.assertEqual({ppid for row in data for ppid in row[0]}, {'47'})
        self.assertTrue(all('15' in row[2] for row in data), 'all DATA behind AUTH')
        keys = [key for row in data for key in row[3]]
        self.assertEqual(set(keys), {'0', '1'})
        self.assertEqual(set(keys[50:]), {'1'})
        self.assertEqual({int(sid, 0) for row in data[:3] for sid in row[1]}, {0})
        self.assertIn(1, {int(sid, 0) for row in data[50:] for sid in row[1]})
        self.assertEqual(self.packets('sctp.checksum_bad.expert || sctp.checksum.status == 0', 'frame.number'), [])

