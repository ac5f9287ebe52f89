"""tshark judges every octet that the agent emits: base messages and relayed ones."""
import itertools
import signal

import judge
from common import Hss, Load
from diameter import CER, DISCONNECT_CAUSE, DPR, DWR, REQUEST, RESULT_CODE, VENDOR_ID, avp, write
from legs import Legs
from octets import CLIENT, SERVER, Octets
from peers import Listener, dial


@judge.needed
class Base(Octets):
    def test_HDR_01_HDR_02_HDR_09_AVP_27_CEX_02_CEX_03_a_life_from_cer_to_dpa(self):
        listener = Listener(self, SERVER)
        self.start(listener.port, timers={'watchdog': '6s'})
        server = listener.accept()
        server.welcome()
        self.agent.await_up(SERVER)
        client, leaver = (dial(self, self.before.port, name) for name in (CLIENT, 'c2.example.com'))
        for peer in (client, leaver):
            self.assertEqual(peer.greet().number(RESULT_CODE), 2001)
        leaver.ask(DWR, application=0, flags=REQUEST)
        leaver.ask(DPR, avp(DISCONNECT_CAUSE, 2), application=0, flags=REQUEST)
        self.clock.move(9)
        for peer in (server, client):
            peer.agree(self.expect(peer, DWR))
        self.agent.send(signal.SIGTERM)
        for peer in (client, server):
            peer.agree(self.expect(peer, DPR))
        self.assertEqual(self.agent.wait(), 0)
        kinds = {(one.command, one.is_request) for one in self.assert_judged()}
        self.assertEqual(kinds, set(itertools.product((CER, DWR, DPR), (True, False))))

    def expect(self, peer, command):
        message = peer.read()
        self.assertEqual((message.command, message.flags & REQUEST), (command, REQUEST))
        return message

    def test_CEX_05_CEX_07_a_relay_that_knows_applications_says_so(self):
        listener = Listener(self, SERVER)
        self.start(listener.port)
        listener.accept().welcome()
        dial(self, self.before.port, CLIENT).greet()
        for one in self.assert_judged():
            said = [avp.text for avp in one.avps]
            self.assertIn('Relay (4294967295)', ''.join(text for text in said if '-Application-Id(25' in text))
            self.assertTrue(any('Auth-Application-Id(258)' in text and '(6)' in text for text in said), said)
            self.assertIn(260, one.codes())


@judge.needed
class Relayed(Octets):
    def flow(self, application):
        """Registrations of RFC 4740 §6.3 or of Cx, then a mix."""
        hss = Hss(self, 1, '--users', 100)
        self.start(hss.port)
        self.agent.await_up(SERVER)
        common = ['--application', application, '--users', 50]
        for seed, options in enumerate((['--flow', 'registration', '--flows', 10, '--server2', 'registrar%d.example.com'],
                        ['--requests', 60, '--mix', 'UAR:3,MAR:1,SAR:1,LIR:5', '--connections', 2, '--window', 4])):
            report = Load(self, self.before, '--origin', 'sip%d.example.com', '--seed', seed, *common,
                          *options).report()
            self.assert_no_errors(report)
        self.assertGreaterEqual(Legs(self, self.before, self.behind).compare(), 100)
        self.assertEqual(self.agent.stop(), 0)
        return self.assert_judged()

    def test_HDR_04_RTE_01_RTE_02_ANS_13_the_flows_of_rfc_4740(self):
        commands = {one.command for one in self.flow('sip')}
        self.assertEqual(commands, {CER, DPR, 283, 284, 285, 286})

    def test_HDR_04_RTE_01_RTE_02_ANS_13_the_flows_of_cx(self):
        commands = {one.command for one in self.flow('cx')}
        self.assertEqual(commands, {CER, DPR, 300, 301, 302, 303})


@judge.needed
class Judge(Octets):
    """It is not blind."""

    def complaints_about(self, *avps):
        """Of a CER of the peer with these AVPs."""
        listener = Listener(self, SERVER)
        self.start(listener.port)
        peer = dial(self, self.before.port, CLIENT)
        peer.socket.sendall(write(REQUEST, CER, 0, 1, 1, peer.me(), *avps))
        peer.take()
        first = judge.judged(self, self.before)[0]
        self.assertFalse(first.from_agent)
        return first.complaints

    def test_it_names_an_unknown_avp(self):
        self.assertIn('Unknown AVP 99999', self.complaints_about(avp(99999, 1))[0])

    def test_it_names_a_length_that_is_wrong(self):
        self.assertTrue(self.complaints_about(avp(VENDOR_ID, b'\0\0')))

    def test_it_names_a_length_past_the_end(self):
        self.assertTrue(self.complaints_about(avp(VENDOR_ID, 0)[:7] + b'\x40\0\0\0\0'))

    def test_it_has_nothing_to_say_of_what_is_right(self):
        self.assertEqual(self.complaints_about(avp(VENDOR_ID, 0)), [])
