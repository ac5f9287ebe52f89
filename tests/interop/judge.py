"""tshark reads every octet that went over the wires and says what it thinks of those of the agent.

The conversations become a capture in which the agent is 192.0.2.1 and each peer's connection has an address of its
own; each message is a segment. So no privilege is needed, and tshark pairs requests with answers by itself.
"""
import shutil
import struct
import subprocess
import unittest
import xml.etree.ElementTree as xml

TSHARK = shutil.which('tshark')
AGENT = bytes((192, 0, 2, 1))
DIAMETER, CLIENT = 3868, 40000
LINKTYPE_RAW = 101
FIN, SYN, PSH, ACK = 1, 2, 8, 16
SEGMENT = 65000  # what fits into an IPv4 packet

needed = unittest.skipUnless(TSHARK, 'Debian package tshark')


BASE = (257, 280, 282)
ROUTE_RECORD, MANDATORY, ERROR = 282, 0x40, 0x20
FAILED_AVP = 279
EMPTY = 'Data is empty'  # the example of an AVP of no fixed size, as RFC 6733 §7.5 has it
OPTIONAL = {267, 269, 281, 294}  # Firmware-Revision, Product-Name, Error-Message, Error-Reporting-Host: without M
CAPABILITIES = {264, 296, 266, 269}, {278, 267}, {257, 265, 258, 259, 260}
GRAMMARS = {
    (257, True): CAPABILITIES,
    (257, False): (CAPABILITIES[0] | {268}, *CAPABILITIES[1:]),
    (280, True): ({264, 296}, {278}, set()),
    (280, False): ({264, 296, 268}, {278, 281}, set()),
    (282, True): ({264, 296, 273}, set(), set()),
    (282, False): ({264, 296, 268}, {281}, set()),
}
ERRORS = {264, 296, 268}, {263, 278, 281, 279}, {284}


class Capture:
    """A pcap file; its time is the number of the packet."""

    def __init__(self, path):
        self.file = path.open('wb')
        self.file.write(struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
        self.count = 0

    def packet(self, source, target, flags, octets=b''):
        """Both ends are [address, port, next sequence number]; those of `source` are counted on."""
        segment = struct.pack('>HHIIBBHHH', source[1], target[1], source[2], target[2] if flags & ACK else 0, 0x50,
                              flags, 65535, 0, 0) + octets
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(segment), self.count & 0xffff, 0, 64, 6, 0)
        whole = ip + source[0] + target[0] + segment
        self.file.write(struct.pack('<IIII', self.count // 1000, self.count % 1000 * 1000, len(whole), len(whole)))
        self.file.write(whole)
        self.count += 1
        source[2] = source[2] + len(octets) + (1 if flags & (SYN | FIN) else 0) & 0xffffffff

    def conversation(self, number, conversation):
        peer_address = bytes((198, 51, 100 + number // 250, 1 + number % 250))
        agent = [AGENT, CLIENT + number if conversation.agent_dials else DIAMETER, 1000]
        peer = [peer_address, DIAMETER if conversation.agent_dials else CLIENT + number, 2000]
        dialler, server = (agent, peer) if conversation.agent_dials else (peer, agent)
        self.packet(dialler, server, SYN)
        self.packet(server, dialler, SYN | ACK)
        self.packet(dialler, server, ACK)
        for one in conversation.seen():
            source, target = (agent, peer) if one.from_agent else (peer, agent)
            for at in range(0, len(one.octets), SEGMENT):
                self.packet(source, target, PSH | ACK, one.octets[at:at + SEGMENT])


class Avp:
    """One AVP as tshark sees it."""

    def __init__(self, field):
        values = {inner.get('name'): inner for inner in field.findall('field')}
        self.code = int(values['diameter.avp.code'].get('show'))
        self.flags = int(values['diameter.avp.flags'].get('value'), 16)
        self.text = field.get('showname')


class Verdict:
    """One message as tshark sees it."""

    def __init__(self, proto, from_agent):
        self.from_agent = from_agent
        values = {field.get('name'): field for field in proto.findall('field')}
        self.command = int(values['diameter.cmd.code'].get('show'))
        self.application = int(values['diameter.applicationId'].get('show'))
        self.version = int(values['diameter.version'].get('value'), 16)
        self.length = int(values['diameter.length'].get('show'))
        self.flags = int(values['diameter.flags'].get('value'), 16)
        self.is_request = bool(self.flags & 0x80)
        self.avps = [Avp(field) for field in proto.findall('field') if field.get('name') == 'diameter.avp']
        self.result = next((int(field.get('show')) for field in proto.iter('field')
                            if field.get('name') == 'diameter.Result-Code'), None)
        self.origin_host = next((field.get('show') for field in proto.iter('field')
                                 if field.get('name') == 'diameter.Origin-Host'), None)
        self.complaints = [field.get('showname') for field in proto.iter('field')
                           if field.get('name') == '_ws.expert']

    def codes(self):
        return [avp.code for avp in self.avps]


def read(packet):
    source = next(field.get('show') for field in packet.iter('field') if field.get('name') == 'ip.src')
    is_malformed = any(proto.get('name') == '_ws.malformed' for proto in packet.findall('proto'))
    found = [Verdict(proto, source == '192.0.2.1') for proto in packet.findall('proto')
             if proto.get('name') == 'diameter']
    for verdict in found:
        verdict.complaints += ['malformed'] * is_malformed
    return found


def read_capture(path):
    """tshark's view of all Diameter messages in a capture."""
    done = subprocess.run([TSHARK, '-n', '-r', path, '-T', 'pdml', '-Y', 'diameter'], capture_output=True,
                          timeout=120, check=True)
    return [verdict for packet in xml.fromstring(done.stdout).findall('packet') for verdict in read(packet)]


def judged(scenario, *taps):
    """All messages of these taps, by conversation and in order, each with what tshark says of it."""
    path = scenario.room / 'judged.pcap'
    capture = Capture(path)
    conversations = [one for tap in taps for one in tap.conversations]
    for number, conversation in enumerate(conversations):
        capture.conversation(number, conversation)
    capture.file.close()
    return read_capture(path)


def grammar_of(verdict):
    """(once each, at most once each, any number) of what the agent may say of itself; RFC 6733 §5.3 to §5.5, §7.2.
    A refusal may have what a success would; one without E that of the application (requirement ERR-13)."""
    if verdict.command in BASE:
        once, perhaps, many = GRAMMARS[verdict.command, verdict.is_request]
        if verdict.result in (None, 2001):
            return once, perhaps, many
        return ERRORS[0], once | perhaps | ERRORS[1], many | ERRORS[2]
    once, perhaps, many = ERRORS
    return once, perhaps if verdict.flags & ERROR else perhaps | {258, 260, 277}, many


def check(test, verdict, identity):
    """What must hold of each message that the agent sent."""
    complaints = [one for one in verdict.complaints if not (FAILED_AVP in verdict.codes() and EMPTY in one)]
    test.assertEqual(complaints, [])
    test.assertEqual(verdict.version, 1)
    test.assertEqual(verdict.length % 4, 0)
    if verdict.origin_host == identity:
        check_own(test, verdict)
    elif verdict.is_request:
        last = verdict.avps[-1]
        test.assertEqual((last.code, last.flags), (ROUTE_RECORD, MANDATORY))


def check_own(test, verdict):
    """Originated by the agent: flags by RFC 6733 §4.5, and a grammar without anything that need not be there."""
    test.assertEqual(verdict.flags & 0x1f, 0, 'T or reserved bits')
    for avp in verdict.avps:
        test.assertEqual(avp.flags, 0 if avp.code in OPTIONAL else MANDATORY, avp.text)
    if verdict.command in BASE:
        test.assertEqual((verdict.application, verdict.flags & 0x40), (0, 0))
    once, perhaps, many = grammar_of(verdict)
    for code in set(verdict.codes()):
        test.assertIn(code, once | perhaps | many, [avp.text for avp in verdict.avps])
        if code not in many:
            test.assertEqual(verdict.codes().count(code), 1)
    test.assertEqual(once - set(verdict.codes()), set(), 'missing')
