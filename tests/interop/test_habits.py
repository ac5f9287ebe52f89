"""The habits of real peers, played by scripted ones: Kamailio's cdp, Erlang's diameter, node-diameter.

Seen on the wire with Kamailio 5.6.3, Erlang/OTP 25 and node-diameter 0.7.0. Both legs of the agent are compared.
"""
import signal
import struct

from common import LabClock, Scenario
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, CER, CX, DESTINATION_HOST, DESTINATION_REALM,
                      DISCONNECT_CAUSE, DPR, DWR, HOST_IP_ADDRESS, ORIGIN_HOST, ORIGIN_REALM, PRODUCT_NAME, PROXIABLE,
                      REQUEST, RESULT_CODE, SESSION_ID, SIP, TGPP, USER_NAME, VENDOR_ID, VENDOR_SPECIFIC, Message, avp,
                      write)
from legs import Legs
from peers import EXPERIMENTAL_RESULT, EXPERIMENTAL_RESULT_CODE, FAILED_AVP, LOOPBACK, Listener, dial
from relay import REALM, Relay, dialled, dialling
from tap import Tap

SERVER, CLIENT = f'hss1.{REALM}', 'icscf.example.com'
CX_UAR, CX_SAR, CX_LIR, CX_RTR = 300, 301, 302, 304
SUPPORTED_VENDOR_ID, PUBLIC_IDENTITY = 265, 601
VENDOR, MANDATORY, PROTECTED = 0x80, 0x40, 0x20


def raw(code, flags, data, vendor=None):
    """An AVP with just these flags."""
    head = struct.pack('>I', vendor) if vendor else b''
    length = 8 + len(head) + len(data)
    return struct.pack('>II', code, flags << 24 | length) + head + data + bytes(-length % 4)


class Habits(Scenario):
    def start(self, client=CLIENT, application=CX, **timers):
        """A scripted server behind the agent and a scripted client before it, both open."""
        self.clock = LabClock(self.room / 'clock')
        self.listener = Listener(self, SERVER)
        self.behind = Tap(self, self.listener.port, True)
        self.agent = Relay(self, [dialled(SERVER, self.behind.port, role='server'), dialling('*.example.com')],
                           pool=[SERVER], clock=self.clock, timers={'watchdog': '1h', **timers})
        self.before = Tap(self, self.agent.port, False)
        self.server = self.listener.accept()
        self.server.application = application
        self.server.welcome()
        self.agent.await_up(SERVER)
        self.client = dial(self, self.before.port, client, application)

    def open(self, **how):
        self.assertEqual(self.client.greet(**how).number(RESULT_CODE), 2001)

    def session(self, application=CX):
        """What begins a Cx request: Session-Id and Vendor-Specific-Application-Id."""
        return [avp(SESSION_ID, f'{self.client.identity};1;{self.client.counter}'),
                avp(VENDOR_SPECIFIC, avp(VENDOR_ID, TGPP) + avp(AUTH_APPLICATION_ID, application)),
                avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, REALM)]

    def ask_cx(self, command, *avps):
        self.client.send(command, *self.session(), *avps)
        return self.server.read()

    def assert_legs_equal(self, pairs):
        self.assertEqual(Legs(self, self.before, self.behind).compare(), pairs)

    def exchange(self):
        """One request and its answer."""
        request = self.ask_cx(CX_LIR, raw(PUBLIC_IDENTITY, VENDOR | MANDATORY, b'sip:alice@example.net', TGPP))
        self.server.answer(request)
        self.assertEqual(self.client.take().number(RESULT_CODE), 2001)


class Kamailio(Habits):
    def test_AVP_20_a_cer_without_host_ip_address_may_be_said_again(self):
        self.start()
        for _ in range(3):
            cea = self.client.greet(host_ip_address=False)
            self.assertEqual(cea.number(RESULT_CODE), 5005)
            self.assertEqual(Message(bytes(20) + cea.avps[FAILED_AVP]).avps, {HOST_IP_ADDRESS: bytes(6)})
            self.assertTrue(self.client.is_closed())
            self.client = dial(self, self.before.port, CLIENT, CX)
        self.open()
        self.exchange()

    def test_CEX_07_the_cea_names_application_and_vendor_together(self):
        self.start()
        number = self.client.send(CER, avp(HOST_IP_ADDRESS, LOOPBACK), avp(VENDOR_ID, TGPP),
                                  avp(PRODUCT_NAME, 'CDiameterPeer'), self.client.advertised(),
                                  avp(SUPPORTED_VENDOR_ID, TGPP), application=0, flags=REQUEST)
        cea = self.client.take()
        self.assertEqual((cea.hop_by_hop, cea.number(RESULT_CODE)), (number, 2001))
        inner = Message(bytes(20) + cea.avps[VENDOR_SPECIFIC])
        self.assertEqual((inner.number(VENDOR_ID), inner.number(AUTH_APPLICATION_ID)), (TGPP, CX))
        self.exchange()

    def test_DPR_01_a_dpr_answered_by_closing_keeps_nobody_waiting(self):
        self.start(disconnect='10m')
        self.open()
        self.agent.send(signal.SIGTERM)
        for peer in (self.client, self.server):
            self.assertEqual(peer.read().command, DPR)
            peer.socket.close()
        self.assertEqual(self.agent.wait(), 0)

    def test_a_dpr_and_no_patience_for_the_dpa(self):
        self.start(disconnect='10m')
        self.open()
        self.client.send(DPR, avp(DISCONNECT_CAUSE, 2), application=0, flags=REQUEST)
        self.client.socket.close()
        self.agent.await_metrics(lambda now: not now.sum('peers_open', peer='*.example.com'), 'it has gone')
        self.client = dial(self, self.before.port, CLIENT, CX)
        self.open()
        self.exchange()

    def test_an_end_without_dpr_is_the_end_of_that_connection_alone(self):
        self.start()
        for _ in range(5):
            self.open()
            self.exchange()
            self.client.socket.close()
            self.agent.await_metrics(lambda now: not now.sum('peers_open', peer='*.example.com'), 'it has gone')
            self.client = dial(self, self.before.port, CLIENT, CX)

    def test_WDG_04_a_watchdog_of_three_seconds_is_answered_and_makes_ours_needless(self):
        self.start(watchdog='12s')
        self.open()
        for _ in range(20):
            self.clock.move(3)
            for peer in (self.client, self.server):
                peer.send(DWR, application=0, flags=REQUEST)
                answer = peer.read()
                self.assertEqual((answer.command, answer.flags, answer.number(RESULT_CODE)), (DWR, 0, 2001))
        self.exchange()

    def test_WDG_12_a_frozen_peer_that_dials_again_is_served(self):
        self.start(watchdog='6s')
        self.open()
        while self.agent.metrics().sum('peers_open', peer='*.example.com'):
            self.clock.move(2)
            self.assertEqual(self.server.ask(DWR, application=0, flags=REQUEST).number(RESULT_CODE), 2001)
        self.client = dial(self, self.before.port, CLIENT, CX)
        self.open()
        dwr = self.client.read()
        self.assertEqual((dwr.command, dwr.flags), (DWR, REQUEST))
        self.client.agree(dwr)
        self.exchange()

    def test_AVP_10_AVP_16_a_vendors_avp_without_m_passes(self):
        self.start()
        self.open()
        call_id = raw(494, VENDOR, b'1234@192.0.2.1', 50)
        request = self.ask_cx(CX_SAR, call_id, avp(USER_NAME, 'alice@example.net'))
        self.server.answer(request)
        self.client.take()
        self.assert_legs_equal(1)

    def test_ANS_04_an_answer_with_an_experimental_result_alone_passes(self):
        self.start()
        self.open()
        for code in (2001, 2002, 5001, 5003):
            request = self.ask_cx(CX_UAR, avp(USER_NAME, 'alice@example.net'))
            self.server.answer(request, avp(EXPERIMENTAL_RESULT, avp(VENDOR_ID, TGPP) +
                                            avp(EXPERIMENTAL_RESULT_CODE, code)), result=None)
            answer = self.client.take()
            self.assertNotIn(RESULT_CODE, answer.avps)
        self.assert_legs_equal(4)
        self.assertEqual(self.agent.metrics().sum('answers_total', peer=SERVER, **{'class': 'experimental'}), 4)

    def test_SRV_01_ANS_13_an_rta_with_destination_realm_passes(self):
        self.start()
        self.open()
        self.exchange()
        self.server.send(CX_RTR, avp(SESSION_ID, f'{SERVER};2;1'), avp(AUTH_SESSION_STATE, 1),
                         avp(DESTINATION_HOST, CLIENT), avp(DESTINATION_REALM, 'example.com'),
                         avp(USER_NAME, 'alice@example.net'))
        self.client.answer(self.client.read(), avp(DESTINATION_REALM, REALM))
        answer = self.server.take()
        self.assertEqual((answer.text(DESTINATION_REALM), answer.hop_by_hop), (REALM, self.server.counter))
        self.assert_legs_equal(2)

    def test_WDG_09_an_rtr_that_nobody_answers_is_answered_by_the_agent(self):
        self.start(request='4s')
        self.open()
        self.server.send(CX_RTR, avp(SESSION_ID, f'{SERVER};2;1'), avp(AUTH_SESSION_STATE, 1),
                         avp(DESTINATION_HOST, CLIENT), avp(DESTINATION_REALM, 'example.com'))
        self.assertEqual(self.client.read().command, CX_RTR)
        self.clock.move(5)
        self.assertEqual(self.server.take().number(RESULT_CODE), 3002)
        metrics = self.assert_balanced(self.agent)
        self.assertEqual(metrics.sum('peers_open', peer='*.example.com'), 1)


class Erlang(Habits):
    def test_HDR_21_HDR_25_hop_by_hop_equal_to_end_to_end_comes_back_as_it_was(self):
        self.start()
        self.open()
        for number in (0x7fffffff, 1, 0xffffffff, 0):
            self.client.socket.sendall(write(REQUEST | PROXIABLE, CX_LIR, CX, number, number, *self.session(),
                                             self.client.me()))
            request = self.server.read()
            self.assertEqual(request.end_to_end, number)
            self.server.answer(request)
            answer = self.client.take()
            self.assertEqual((answer.hop_by_hop, answer.end_to_end), (number, number))
        self.assert_legs_equal(4)

    def test_requests_right_behind_the_cer_are_served(self):
        self.start()
        cer = write(REQUEST, CER, 0, 1, 1, self.client.me(), *self.client.capabilities())
        lirs = [write(REQUEST | PROXIABLE, CX_LIR, CX, number, number, *self.session(), self.client.me())
                for number in range(2, 66)]
        self.client.socket.sendall(b''.join([cer, *lirs]))
        for _ in lirs:
            self.server.answer(self.server.read())
        self.assertEqual([self.client.take().hop_by_hop for _ in range(65)], [1, *range(2, 66)])

    def test_WDG_05_three_dwrs_after_its_failure_are_answered_at_once(self):
        self.start()
        self.open()
        self.client.socket.close()
        self.agent.await_metrics(lambda now: not now.sum('peers_open', peer='*.example.com'), 'it has gone')
        self.client = dial(self, self.before.port, CLIENT, CX)
        self.open()
        for _ in range(3):
            number = self.client.send(DWR, application=0, flags=REQUEST)
            answer = self.client.take()
            self.assertEqual((answer.hop_by_hop, answer.number(RESULT_CODE)), (number, 2001))


class NodeDiameter(Habits):
    UAR, MAR, NODE_LIR = 283, 286, 285

    def me(self):
        """Origin-Host with the P flag."""
        return (raw(ORIGIN_HOST, MANDATORY | PROTECTED, self.client.identity.encode()) +
                raw(ORIGIN_REALM, MANDATORY | PROTECTED, b'example.com'))

    def start(self):
        super().start(client='node.example.com', application=SIP)
        self.client.me = self.me

    def request(self, command):
        """Its SIP AVPs have no M."""
        self.client.send(command, avp(SESSION_ID, f'node.example.com;1;{self.client.counter}'),
                         avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, REALM),
                         raw(122, 0, b'sip:alice@example.net'), raw(381, 0, struct.pack('>I', 1)))

    def test_AVP_15_AVP_16_protected_origin_and_avps_without_m_pass(self):
        self.start()
        self.open()
        for command in (self.UAR, self.MAR, self.NODE_LIR):
            self.request(command)
            self.server.answer(self.server.read(), raw(122, PROTECTED, b'sip:alice@example.net'))
            self.assertEqual(self.client.take().number(RESULT_CODE), 2001)
        self.assert_legs_equal(3)

    def test_a_reader_of_one_message_an_event_is_never_left_with_half_or_two(self):
        self.start()
        self.client = dial(self, self.agent.port, 'node.example.com')  # no tap may join or cut what it reads
        self.open()
        for _ in range(300):
            self.request(self.NODE_LIR)
            self.server.answer(self.server.read())
            octets = self.client.socket.recv(65536)
            self.assertEqual(int.from_bytes(octets[1:4], 'big'), len(octets))
            self.assertEqual(Message(octets).hop_by_hop, self.client.counter)
