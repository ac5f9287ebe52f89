"""Each answer that the agent makes itself to what is wrong, asked for by a scripted peer and judged by tshark."""
import judge
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, CER, DESTINATION_HOST, DESTINATION_REALM, DWR, ERROR,
                      LIR, PROXIABLE, REQUEST, RESULT_CODE, SESSION_ID, SIP, SIP_AOR, avp, write)
from octets import CLIENT, SERVER, Octets
from peers import PROXY_INFO, ROUTE_RECORD, Listener, dial
from relay import IDENTITY, REALM

UNKNOWN_COMMAND, SERVICE_TYPE = 8388620, 6  # tshark knows that AVP, the agent does not
PROXY_HOST, PROXY_STATE = 280, 33


@judge.needed
class Refusals(Octets):
    def setUp(self):
        super().setUp()
        listener = Listener(self, SERVER)
        barred = {'name': 'barred', 'realm': 'barred.example', 'action': 'reject', 'result': 5003}
        self.start(listener.port, routes=[barred], limits={'in_flight_per_peer': 1})
        self.server = listener.accept()
        self.server.welcome()
        self.agent.await_up(SERVER)
        self.client = self.newcomer(CLIENT)
        self.expected = []

    def newcomer(self, identity):
        peer = dial(self, self.before.port, identity)
        self.assertEqual(peer.greet().number(RESULT_CODE), 2001)
        return peer

    def lir(self, *avps, realm=REALM, flags=REQUEST | PROXIABLE, command=LIR, application=SIP, peer=None):
        """The octets of a location request."""
        peer = peer or self.client
        peer.counter += 1
        to = [avp(DESTINATION_REALM, realm)] if realm else []
        return write(flags, command, application, peer.counter, peer.counter,
                     avp(SESSION_ID, f'{peer.identity};1;{peer.counter}'), avp(AUTH_APPLICATION_ID, SIP),
                     avp(AUTH_SESSION_STATE, 1), peer.me(), *to, avp(SIP_AOR, f'sip:alice@{REALM}'), *avps)

    def refused(self, result, octets, peer=None):
        """They are answered with this result, and with E if it is a protocol error."""
        peer = peer or self.client
        peer.socket.sendall(octets)
        answer = peer.take()
        self.assertEqual(answer.number(RESULT_CODE), result)
        if result < 4000:
            self.assertTrue(answer.flags & ERROR)
        self.expected.append(result)

    def refused_and_closed(self, result, octets, peer):
        self.refused(result, octets, peer)
        self.assertTrue(peer.is_closed())

    def assert_all_judged(self):
        found = [one.result for one in self.assert_judged() if one.result not in (None, 2001)]
        self.assertEqual(sorted(found), sorted(self.expected))

    def test_ERR_01_ERR_02_ERR_03_ERR_05_protocol_errors(self):
        proxy_info = avp(PROXY_INFO, avp(PROXY_HOST, CLIENT) + avp(PROXY_STATE, b'opaque'))
        to_us = avp(DESTINATION_HOST, IDENTITY)
        self.refused(3001, self.lir(to_us, command=UNKNOWN_COMMAND, application=0))
        self.refused(3002, self.lir(avp(DESTINATION_HOST, f'nobody.{REALM}')))
        self.refused(3002, self.lir(application=4))
        self.refused(3002, self.lir(avp(ROUTE_RECORD, SERVER)))
        self.refused(3003, self.lir(proxy_info, proxy_info, realm='nowhere.example'))
        self.refused(3005, self.lir(avp(ROUTE_RECORD, IDENTITY)))
        self.refused(3007, self.lir(to_us))
        self.refused(3007, self.lir(flags=REQUEST))
        self.refused(3007, self.lir(realm=None))
        self.refused(3008, self.lir(flags=REQUEST | PROXIABLE | ERROR))
        self.assert_all_judged()

    def test_ERR_03_too_busy(self):
        self.client.socket.sendall(self.lir())
        request = self.server.read()
        self.refused(3004, self.lir())
        self.server.answer(request)
        self.assertEqual(self.client.take().number(RESULT_CODE), 2001)
        self.assert_all_judged()

    def test_CEX_14_CEX_20_peers_that_are_not_welcome(self):
        for identity in ('stranger.unknown.example', IDENTITY):
            peer = dial(self, self.before.port, identity)
            self.assertEqual(peer.greet().number(RESULT_CODE), 3010)
            self.expected.append(3010)
            self.assertTrue(peer.is_closed())
        self.assert_all_judged()

    def test_ERR_04_ERR_07_AVP_28_what_is_wrong_stands_in_a_failed_avp(self):
        cut = avp(1, b'alice')
        self.refused(5009, self.lir(avp(DESTINATION_HOST, SERVER), avp(DESTINATION_HOST, SERVER)))
        self.refused(5014, self.lir(cut[:6] + b'\x01\x90' + cut[8:]))
        self.refused(5014, self.lir(cut[:7] + b'\x05' + cut[8:]))
        self.refused(5001, self.watchdog(avp(SERVICE_TYPE, 1)))
        self.refused(5008, self.watchdog(avp(DESTINATION_REALM, REALM)))
        self.refused(5005, write(REQUEST, DWR, 0, 1000, 1000))
        self.assert_all_judged()

    def watchdog(self, *avps):
        return write(REQUEST, DWR, 0, 1001, 1001, self.client.me(), *avps)

    def test_AVP_11_AVP_19_AVP_20_wrong_cers(self):
        for number, result, said in ((2, 5001, [avp(SERVICE_TYPE, 1)]), (3, 5008, [avp(DESTINATION_HOST, IDENTITY)])):
            peer = dial(self, self.before.port, f'c{number}.example.com')
            self.refused_and_closed(result, self.cer(peer, *said), peer)
        peer = dial(self, self.before.port, 'c4.example.com')
        self.assertEqual(peer.greet(host_ip_address=False).number(RESULT_CODE), 5005)
        self.assertTrue(peer.is_closed())
        self.expected.append(5005)
        self.assert_all_judged()

    def cer(self, peer, *avps):
        return write(REQUEST, CER, 0, 1, 1, peer.me(), *peer.capabilities(), *avps)

    def test_HDR_03_HDR_05_headers_that_end_a_connection(self):
        peer = self.newcomer('c2.example.com')
        octets = self.lir(peer=peer)
        self.refused_and_closed(5011, b'\2' + octets[1:], peer)
        peer = self.newcomer('c3.example.com')
        octets = self.lir(peer=peer)
        self.refused_and_closed(5015, octets[:3] + b'\x15' + octets[4:], peer)
        self.assert_all_judged()

    def test_ANS_12_an_answer_that_is_broken(self):
        self.client.socket.sendall(self.lir())
        request = self.server.read()
        self.server.answer(request, avp(1, b'alice')[:6] + b'\x01\x90alice\0\0\0')
        answer = self.client.take()
        self.assertEqual((answer.number(RESULT_CODE), answer.flags & ERROR), (5012, ERROR))
        self.expected.append(5012)
        self.assert_all_judged()

    def test_ERR_13_a_route_that_rejects(self):
        self.refused(5003, self.lir(realm='barred.example'))
        self.assert_all_judged()
