"""What the sub-commands without a network say: explain --pcap of captures made here, test, and the schema beside check."""
import copy
import json
import pathlib
import shutil
import struct

from common import Program, Scenario

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = None

DATA = pathlib.Path(__file__).resolve().parents[1] / 'data'
FULL = DATA / 'conf' / 'full.yaml'
ETHERNET, NULL, COOKED, RAW, EXPORTED, USER0 = 1, 0, 113, 101, 252, 147
SYN, ACK = 2, 16
CLIENT, AGENT = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))


def avp(code, value):
    octets = value.encode()
    return struct.pack('>IBBH', code, 0x40, 0, 8 + len(octets)) + octets + bytes(-len(octets) % 4)


def message(user, flags=0xc0, command=285, application=6):
    """A request for example.net, of ps1."""
    avps = avp(263, f'{user};1') + avp(264, 'ps1.sip.example.net') + avp(296, 'sip.example.net') + \
        avp(283, 'example.net') + avp(122, f'sip:{user}@example.net')
    return struct.pack('>II', 1 << 24 | 20 + len(avps), flags << 24 | command) + struct.pack('>III', application, 1, 1) + avps


def ipv4(protocol, payload, fragment=0):
    return struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0) + CLIENT + AGENT + payload


def ipv6(protocol, payload):
    """With a hop-by-hop header before the payload."""
    options = bytes((protocol, 0, 1, 4, 0, 0, 0, 0))
    return struct.pack('>IHBB', 6 << 28, len(options + payload), 0, 64) + bytes(15) + b'\1' + bytes(15) + b'\2' + \
        options + payload


def tcp(sequence, octets=b'', flags=ACK, port=40000):
    return struct.pack('>HHIIBBHHH', port, 3999, sequence & 0xffffffff, 0, 0x50, flags, 65535, 0, 0) + octets


def chunk(octets, flags=3):
    return struct.pack('>BBHIHHI', 0, flags, 16 + len(octets), 1, 0, 0, 46) + octets + bytes(-len(octets) % 4)


def ethernet(packet, tag=b''):
    kind = b'\x86\xdd' if packet[0] >> 4 == 6 else b'\x08\x00'
    return bytes(12) + tag + kind + packet


class Rehearsal(Scenario):
    def run_agent(self, *arguments):
        program = Program(self, 'antipode', ['antipode', *arguments])
        return program.wait(), program.output, program.log

    def capture(self, packets, link=RAW, snap=65535):
        path = self.room / 'capture.pcap'
        octets = struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, snap, link)
        for number, packet in enumerate(packets):
            kept = packet[:snap]
            octets += struct.pack('<IIII', number, 0, len(kept), len(packet)) + kept
        path.write_bytes(octets)
        return path

    def explain(self, packets, *options, **how):
        """The users asked for, by packet, and what is said below."""
        status, output, log = self.run_agent('explain', FULL, '--pcap', self.capture(packets, **how), *options)
        self.assertEqual((status, log), (0, ''))
        *requests, summary = output.split('\n\n') if '\n\n' in output else [output]
        found = []
        for request in requests:
            lines = request.splitlines()
            user = next((line.split()[2].split('@')[0] for line in lines if line.startswith('  user: ')), None)
            self.assertRegex(lines[-1], '^verdict: ')
            found.append((int(lines[0].split()[1]), user))
        return found, summary.splitlines()

    # --- TCP

    def test_messages_are_found_wherever_segments_cut_them(self):
        stream = message('alice') + message('bob') + message('carol')
        for size in (1, 7, 100, len(stream)):
            with self.subTest(size):
                segments = [ipv4(6, tcp(1000, flags=SYN))]
                segments += [ipv4(6, tcp(1001 + at, stream[at:at + size])) for at in range(0, len(stream), size)]
                found, summary = self.explain(segments)
                self.assertEqual([user for _, user in found], ['alice', 'bob', 'carol'])
                self.assertEqual(summary, [f'{len(segments)} packets, 3 requests'])

    def test_segments_out_of_order_and_twice_are_put_right(self):
        stream = b''.join(message(user) for user in ('alice', 'bob', 'carol'))
        parts = [(at, stream[at:at + 50]) for at in range(0, len(stream), 50)]
        order = parts[:1] + parts[3:0:-1] + parts[2:5] + parts[:2] + parts[4:]
        found, summary = self.explain([ipv4(6, tcp(0xffffff00 + at, part)) for at, part in order])
        self.assertEqual([user for _, user in found], ['alice', 'bob', 'carol'])
        self.assertEqual(summary, [f'{len(order)} packets, 3 requests'])

    def test_a_gap_is_told_and_reading_goes_on_behind_it(self):
        first, lost, last = message('alice'), message('bob'), message('carol')
        packets = [ipv4(6, tcp(1, first)), ipv4(6, tcp(1 + len(first + lost), last))]
        found, summary = self.explain(packets)
        self.assertEqual([user for _, user in found], ['alice', 'carol'])
        self.assertIn(f'skipped: {len(lost)} octets of TCP that the capture has not', summary)

    def test_a_capture_that_begins_in_the_middle_is_read_from_the_next_message_on(self):
        first, second = message('alice'), message('bob')
        found, summary = self.explain([ipv4(6, tcp(1, first[30:])), ipv4(6, tcp(1 + len(first[30:]), second))])
        self.assertEqual([user for _, user in found], ['bob'])
        self.assertIn('skipped: 1 segments in which no message could be made out', summary)

    def test_connections_and_directions_are_kept_apart(self):
        one, two = message('alice'), message('bob')
        found, _ = self.explain([ipv4(6, tcp(1, one[:40])), ipv4(6, tcp(1, two[:60], port=40001)),
                                 ipv4(6, tcp(41, one[40:])), ipv4(6, tcp(61, two[60:], port=40001))])
        self.assertEqual(found, [(3, 'alice'), (4, 'bob')])

    def test_a_port_that_is_used_again_begins_anew(self):
        found, _ = self.explain([ipv4(6, tcp(1, message('alice'))), ipv4(6, tcp(5000, flags=SYN)),
                                 ipv4(6, tcp(5001, message('bob')))])
        self.assertEqual([user for _, user in found], ['alice', 'bob'])

    # --- what is around it

    def test_links_that_are_understood(self):
        packet, packet6 = ipv4(6, tcp(1, message('alice'))), ipv6(6, tcp(1, message('alice')))
        tag = b'\x81\x00\x00\x07'
        for name, link, octets in (
                ('ethernet', ETHERNET, ethernet(packet)), ('ethernet, IPv6', ETHERNET, ethernet(packet6)),
                ('VLAN', ETHERNET, ethernet(packet, tag)), ('VLANs', ETHERNET, ethernet(packet, b'\x88\xa8\0\1' + tag)),
                ('padded', ETHERNET, ethernet(packet) + bytes(6)), ('cooked', COOKED, bytes(14) + b'\x08\x00' + packet),
                ('loopback', NULL, b'\2\0\0\0' + packet), ('raw IPv6', RAW, packet6)):
            with self.subTest(name):
                found, summary = self.explain([octets], link=link)
                self.assertEqual((found, summary), ([(1, 'alice')], ['1 packets, 1 requests']))

    def test_sctp_chunks_are_messages(self):
        heart = struct.pack('>BBH', 4, 0, 8) + bytes(4)
        packet = ipv4(132, bytes(12) + heart + chunk(message('alice')) + chunk(message('bob')))
        found, summary = self.explain([packet, ipv4(132, bytes(12) + chunk(message('carol')[:40], flags=2))])
        self.assertEqual(found, [(1, 'alice'), (1, 'bob')])
        self.assertIn('skipped: 1 fragments of IP or SCTP', summary)

    def test_exported_pdus_of_diameter_are_messages(self):
        def exported(dissector, octets):
            return struct.pack('>HH', 12, len(dissector)) + dissector + bytes(4) + octets
        found, summary = self.explain([exported(b'diameter', message('alice')), exported(b'http', b'GET / HTT')],
                                      link=EXPORTED)
        self.assertEqual(found, [(1, 'alice')])
        self.assertIn('skipped: 1 packets that are neither TCP nor SCTP nor exported Diameter', summary)

    def test_all_that_is_passed_over_is_told(self):
        packets = [
            ipv4(6, tcp(1, message('alice', flags=0x40) + message('bob', command=280, application=0))),
            ipv4(17, bytes(20)), ipv4(6, tcp(1, message('carol')), fragment=0x2000),
            ipv4(6, tcp(1, b'GET / HTTP/1.1\r\n\r\n' * 3, port=5)), b'\x45', b'']
        found, summary = self.explain(packets)
        self.assertEqual(found, [])
        self.assertEqual(summary, [
            '6 packets, 0 requests', 'skipped: 1 answers', 'skipped: 1 messages between neighbours',
            'skipped: 2 packets that are neither TCP nor SCTP nor exported Diameter',
            'skipped: 1 fragments of IP or SCTP', 'skipped: 1 packets that the capture has cut or that are damaged',
            'skipped: 1 segments in which no message could be made out'])

    def test_peers_that_are_down_count_for_each_request(self):
        packets = [ipv4(6, tcp(1, message('alice') + message('bob')))]
        _, output, _ = self.run_agent('explain', FULL, '--pcap', self.capture(packets), '--down', 'hss1.example.net',
                                      '--down', 'hss2.example.net', '--from', 'ps2.sip.example.net')
        self.assertEqual(output.count('verdict: forwarded to hss3.example.net'), 2)
        self.assertEqual(output.count('from: ps2.sip.example.net, let in by *.sip.example.net\n'), 2)

    def test_a_link_that_is_not_understood_ends_with_1(self):
        status, _, log = self.run_agent('explain', FULL, '--pcap', self.capture([b'x'], link=USER0))
        self.assertEqual(status, 1)
        self.assertRegex(log, r'capture\.pcap: packets of link type 147 .* are not understood')

    def test_a_capture_that_ends_early_is_explained_so_far_and_ends_with_1(self):
        path = self.capture([ipv4(6, tcp(1, message('alice'))), ipv4(6, tcp(1, message('bob'), port=7))])
        path.write_bytes(path.read_bytes()[:-10])
        status, output, log = self.run_agent('explain', FULL, '--pcap', path)
        self.assertEqual((status, output.count('verdict: ')), (1, 1))
        self.assertIn('truncated', log)

    # --- test and schema

    def test_expectations_are_rehearsed(self):
        status, output, _ = self.run_agent('test', FULL, DATA / 'rehearsal' / 'expect.yaml')
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r'\n(\d+) requests: \1 ok, 0 not ok\n$')

    def schema(self):
        if jsonschema is None:
            self.skipTest('Debian packages python3-jsonschema and python3-yaml')
        status, output, _ = self.run_agent('schema')
        self.assertEqual(status, 0)
        schema = json.loads(output)
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    def test_the_schema_takes_what_check_takes(self):
        schema = self.schema()
        for file in DATA.glob('conf/*.yaml'):
            is_good = self.run_agent('check', file)[0] == 0
            wrong = [error.message for error in schema.iter_errors(yaml.safe_load(file.read_text()))]
            self.assertEqual(is_good, not wrong, (file.name, wrong))

    def test_the_schema_refuses_what_check_refuses(self):
        schema, full = self.schema(), yaml.safe_load(FULL.read_text())
        shutil.copytree(FULL.parent, self.room / 'conf')
        for path, value in (
                (('identity',), 'a b'), (('workers',), 0), (('workers',), 'many'), (('placement',), 'loose'),
                (('advertise',), ['sap']), (('listen',), []), (('listen', 0, 'transport'), 'udp'),
                (('listen', 0, 'port'), 65536), (('timers', 'watchdog'), '6 s'), (('limits', 'message_size'), '1KB'),
                (('limits', 'message_size'), 100), (('admin', 'socket'), 'run/x'), (('log', 'level'), 'loud'),
                (('compatibility', 'error_echo'), 'yes'), (('compatibility', 'new'), True), (('tls',), {}),
                (('tls', 'minimum_version'), '1.1'), (('tls', 'verify_peer'), True),
                (('listen', 3, 'address'), []), (('sctp', 'streams'), 0), (('sctp', 'rto', 'minimum'), 150),
                (('sctp', 'udp_port'), 0), (('dns', 'discover'), 'all'), (('dns', 'servers'), '127.0.0.1'),
                (('peers', 0, 'transports'), []), (('peers', 5, 'connect', 'udp_port'), 65536),
                (('peers', 5, 'connect', 'transport'), 'quic'),
                (('peers', 0, 'limits', 'memory'), '1GiB'), (('peers', 0, 'timers', 'drain'), '1s'),
                (('peers', 0, 'role'), 'king'), (('peers', 3, 'identity'), '*x'), (('pools', 0, 'members'), []),
                (('pools', 0, 'retry', 'results'), [200]), (('pools', 0, 'members', 0, 'weight'), 0),
                (('routes', 0, 'result'), 3003), (('routes', 0, 'commands'), []), (('routes', 0, 'application'), 'relay'),
                (('routes', 3, 'pool'), 'hss-east'), (('routes', 3, 'action'), 'jump'), (('version',), 2)):
            with self.subTest('.'.join(map(str, path)), value=value):
                conf = copy.deepcopy(full)
                at = conf
                for key in path[:-1]:
                    at = at[key]
                at[path[-1]] = value
                file = self.room / 'conf' / 'wrong.yaml'
                file.write_text(yaml.safe_dump(conf))
                status, said, _ = self.run_agent('check', file)
                self.assertEqual(status, 1)
                self.assertLess(len(said.splitlines()), 4, said)
                self.assertFalse(schema.is_valid(conf))

    def test_the_schema_wants_what_is_required(self):
        schema, full = self.schema(), yaml.safe_load(FULL.read_text())
        for key in ('version', 'identity', 'realm', 'listen', 'routes'):
            with self.subTest(key):
                self.assertFalse(schema.is_valid({name: value for name, value in full.items() if name != key}))
