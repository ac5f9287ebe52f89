"""Peers over SCTP, encapsulated in UDP on loopback: a scripted one of another process's stack, agents in a row, and what
each of them sends. RFC 6733 §2.1.1, RFC 6951; the rows SCT of the requirements."""
import pathlib
import random
import signal
import struct
import subprocess
import sys

from common import REALM, Hss, Load, Scenario, die_with_parent, free_udp_port, wait_until
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, CER, DESTINATION_REALM, DPR, DWR, LIR, PROXIABLE, REQUEST,
                      RESULT_CODE, SESSION_ID, SIP, SIP_AOR, HOST_IP_ADDRESS, Message, SipServer, YesServer, avp, write)
from sctp import SctpAgent, SctpSocket

PLUGIN = 999999  # an AVP that nobody knows
LENGTH = 5015


class SctpServer(SipServer):
    """A SIP server over SCTP."""

    def connect(self, agent):
        return SctpSocket(agent.sctp_port, agent.udp_port)


class Sctp(Scenario):
    def start(self, **conf):
        self.yes = YesServer(1)
        self.addCleanup(self.yes.close)
        self.agent = SctpAgent(self, [self.yes], **conf)
        self.server = SctpServer(self.agent, 'probe.example.com')

    def lir(self, number, *more):
        return write(REQUEST | PROXIABLE, LIR, SIP, number, number, avp(SESSION_ID, f'probe.example.com;1;{number}'),
                     avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, REALM),
                     avp(SIP_AOR, f'sip:user{number}@{REALM}'), self.server.me(), *more)

    def next_answer(self):
        """The next message that is no DWR: as received, and read."""
        while True:
            received = self.server.socket.receive()
            assert received, 'the agent has closed'
            message = Message(received.octets)
            if message.command != DWR:
                return received, message
            if message.flags & REQUEST:
                self.server.agree(message)

    def test_SCT_03_requests_on_any_stream_ordered_or_not_are_answered(self):
        self.start()
        numbers = set(range(1000, 1200))
        for number in numbers:
            self.server.socket.send(self.lir(number), stream=random.randrange(10), unordered=random.random() < 0.5)
        answered = set()
        while answered != numbers:
            _, answer = self.next_answer()
            self.assertEqual(answer.number(RESULT_CODE), 2001)
            answered.add(answer.hop_by_hop)

    def test_SCT_06_identifiers_are_46_in_network_order_and_anything_is_taken(self):
        self.start()
        for number, ppid in enumerate((0, 46, 47, 0x2E000000), 1000):
            self.server.socket.send(self.lir(number), ppid=ppid)
            received, answer = self.next_answer()
            self.assertEqual(answer.number(RESULT_CODE), 2001)
            self.assertEqual(received.ppid, 46)

    def test_SCT_02_a_length_that_is_not_the_messages_is_5015_and_the_association_stays(self):
        self.start()
        self.server.socket.send(self.lir(1) + b'junk')
        _, answer = self.next_answer()
        self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (1, LENGTH))
        longer = bytearray(self.lir(2))
        struct.pack_into('>I', longer, 0, 1 << 24 | len(longer) + 40)
        self.server.socket.send(bytes(longer))
        _, answer = self.next_answer()
        self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (2, LENGTH))
        self.server.socket.send(self.lir(3))
        _, answer = self.next_answer()
        self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (3, 2001))

    def test_SCT_02_a_message_past_the_limit_is_5015_and_the_association_stays(self):
        self.start()
        self.server.socket.send(self.lir(1, avp(PLUGIN, bytes(70000))))
        _, answer = self.next_answer()
        self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (1, LENGTH))
        self.server.socket.send(self.lir(2))
        _, answer = self.next_answer()
        self.assertEqual(answer.number(RESULT_CODE), 2001)

    def test_SCT_02_a_message_past_the_limit_that_claims_to_be_short_is_5015(self):
        """Of such a message the agent keeps its first octets only, and as many as it keeps may be what it claims."""
        self.start()
        for number, length in enumerate((20, 24, 28), 1):
            message = bytearray(self.lir(number, avp(PLUGIN, bytes(70000))))
            struct.pack_into('>I', message, 0, 1 << 24 | length)
            self.server.socket.send(bytes(message))
            _, answer = self.next_answer()
            self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (number, LENGTH))

    def test_PSM_08_SCT_05_ordered_until_we_have_heard_the_initiator_then_not(self):
        """The DWR behind the CEA asks for that proof."""
        yes = YesServer(1)
        self.addCleanup(yes.close)
        agent = SctpAgent(self, [yes])
        one = SctpSocket(agent.sctp_port, agent.udp_port)
        self.server = SctpServer.__new__(SctpServer)
        self.server.identity, self.server.realm, self.server.socket = 'probe.example.com', 'example.com', one
        one.send(write(REQUEST, CER, 0, 1, 1, avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), avp(266, 0), avp(269, 'probe'),
                       avp(AUTH_APPLICATION_ID, SIP), self.server.me()))
        cea, dwr = one.receive(), one.receive()
        self.assertEqual([Message(it.octets).command for it in (cea, dwr)], [CER, DWR])
        self.assertEqual([it.unordered for it in (cea, dwr)], [False, False])
        self.server.pushes = []
        self.server.agree(Message(dwr.octets))
        one.send(self.lir(7))
        received, answer = self.next_answer()
        self.assertEqual(answer.hop_by_hop, 7)
        self.assertTrue(received.unordered)

    def test_HDR_06_noise_aborts_the_association(self):
        self.start()
        self.server.socket.send(b'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')
        self.assertEqual(self.server.socket.await_end(), 'lost')

    def test_SCT_08_the_loss_of_an_association_is_the_loss_of_its_peer(self):
        self.start()
        self.server.socket.close(reset=True)
        self.agent.await_line(r'probe\.example\.com: connection: ')
        again = SctpServer(self.agent, 'probe.example.com')
        again.close()

    def test_SCT_08_who_begins_anew_with_its_ports_is_closed_and_let_in_again(self):
        """Killed, and started within the life of the association: an INIT of the same addresses and ports."""
        self.start()
        own = [1 + free_udp_port() % 30000, free_udp_port()]
        script = pathlib.Path(__file__).with_name('reborn.py')
        words = [sys.executable, '-B', script, self.agent.sctp_port, self.agent.udp_port, *own]
        for number in (1, 2):
            child = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
            self.addCleanup(child.stdout.close)
            self.addCleanup(child.wait)
            self.addCleanup(child.kill)
            self.assertRegex(child.stdout.readline(), '^open')
            wait_until(lambda: self.agent.log.count('reborn.example.com: open') == number, 'it is open')
            child.kill()
        self.agent.await_line(r'reborn\.example\.com: connection: the other side has begun anew')
        self.assert_balanced(self.agent)

    def test_DPR_04_DPR_07_what_a_disconnect_has_overtaken_is_served_before_the_end(self):
        self.start()
        self.server.socket.send(write(REQUEST, DPR, 0, 9, 9, avp(273, 2), self.server.me()), unordered=True)
        for number in range(100, 150):
            self.server.socket.send(self.lir(number), unordered=True)
        answered = set()
        while True:
            _, message = self.next_answer()
            if message.command == DPR:
                break
            answered.add(message.hop_by_hop)
        self.assertEqual(answered, set(range(100, 150)))
        self.assertEqual(message.number(RESULT_CODE), 2001)

    def test_SCT_07_CEX_04_all_addresses_stand_in_the_CEA(self):
        yes = YesServer(1)
        self.addCleanup(yes.close)
        agent = SctpAgent(self, [yes], addresses=['127.0.0.1', '::1'])
        one = SctpSocket(agent.sctp_port, agent.udp_port)
        me = avp(264, 'probe.example.com') + avp(296, 'example.com')
        one.send(write(REQUEST, CER, 0, 1, 1, avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), avp(266, 0), avp(269, 'probe'),
                       avp(AUTH_APPLICATION_ID, SIP), me))
        cea = one.receive().octets
        self.assertIn(avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), cea)
        self.assertIn(avp(HOST_IP_ADDRESS, b'\0\2' + bytes(15) + b'\1'), cea)

    def test_SCT_12_a_megabyte_goes_through_and_its_like_comes_back(self):
        self.start(limits={'message_size': '2MiB'})
        self.server.socket.send(self.lir(5, avp(PLUGIN, bytes(1 << 20))))
        _, answer = self.next_answer()
        self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (5, 2001))

    def test_what_a_stranger_leaves_unfinished_counts_until_he_goes(self):
        self.start(limits={'message_size': '1MiB'}, timers={'capabilities': '5m'})
        used = lambda now: now.sum('memory_used_bytes')
        before = used(self.agent.metrics())
        stranger = SctpSocket(self.agent.sctp_port, self.agent.udp_port)
        stranger.send_unfinished(bytes(600000))
        self.agent.await_metrics(lambda now: used(now) >= before + 500000, 'it is counted')
        stranger.close(reset=True)
        self.agent.await_metrics(lambda now: used(now) <= before, 'it is not, any more')


class Chain(Scenario):
    """load - tcp - near - sctp - far - tcp - hss"""

    def start(self):
        self.hss = Hss(self, 1, '--users', 100)
        self.far = SctpAgent(self, [self.hss], identity='dra2.example.net')
        self.near = SctpAgent(self, [self.far], identity='dra1.example.com')

    def test_SCT_01_SCT_20_load_passes_between_two_agents(self):
        self.start()
        load = Load(self, self.near, '--rate', 2000, '--requests', 10000, '--users', 100, '--allow', 'protocol')
        report = load.report()
        self.assert_no_errors(report)
        self.assertEqual(report['connections_lost'], 0)
        for agent in (self.near, self.far):
            self.assert_balanced(agent)
        self.assert_ends_well(self.near, self.far)

    def test_SCT_08_WDG_a_killed_agent_is_missed_and_found_again(self):
        self.start()
        self.far.kill()
        self.near.await_line(r'dra2\.example\.net: (connection|closed): ')
        self.far = SctpAgent(self, [self.hss], identity='dra2.example.net', port=self.far.sctp_port,
                             udp_port=self.far.udp_port)
        wait_until(lambda: self.near.log.count('dra2.example.net: open') == 2, 'it is found again')

    def test_a_reload_cannot_change_the_port_of_the_encapsulation(self):
        self.start()
        file = self.room / 'antipode-1.yaml'
        file.write_text(file.read_text().replace(f'"udp_port": {self.far.udp_port}', f'"udp_port": {free_udp_port()}'))
        self.far.send(signal.SIGHUP)
        self.far.await_line(r'sctp\.udp_port: needs a restart')
