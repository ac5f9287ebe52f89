"""DTLS over SCTP between two agents (RFC 6083): who is let in, how long a message may be, and that load passes.

load, SIP server - tcp - near - dtls - far - tcp - hss
"""
from common import REALM, Hss, Load, Scenario
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_REALM, LIR, RESULT_CODE, SESSION_ID, SIP, SIP_AOR,
                      SipServer, YesServer, avp)
from sctp import SctpAgent, SctpSocket
from test_tls import Ring

NEAR, FAR = 'dra1.example.com', 'dra2.example.net'
PLUGIN = 999999  # an AVP that nobody knows
UNABLE_TO_COMPLY = 5012
RECORD = 16384


class Dtls(Scenario):
    def start(self, server, near=NEAR, **far):
        ring = Ring(self.room / 'ring', NEAR, FAR)
        secret = lambda name: {'certificate': ring.path(f'{name}.pem'), 'private_key': ring.path(f'{name}.key'),
                               'ca': ring.path('ca.pem')}
        self.far = SctpAgent(self, [server], transport='dtls', identity=FAR, tls=secret(FAR), **far)
        self.near = self.start_near(server, secret(near), near == NEAR)

    def start_near(self, server, secret, is_let_in):
        """Without the far agent its pool has the server itself, so that it starts."""
        if is_let_in:
            return SctpAgent(self, [self.far], transport='dtls', identity=NEAR, tls=secret)
        row = lambda node, connect: {'identity': node.identity, 'realm': REALM, 'connect': connect}
        to_server = {'transport': 'tcp', 'address': '127.0.0.1', 'port': server.port}
        return SctpAgent(self, [server], transport='dtls', identity=NEAR, tls=secret,
                         peers=[row(server, to_server), row(self.far, self.far.connect)])

    def start_yes(self, **far):
        yes = YesServer(1)
        self.addCleanup(yes.close)
        self.start(yes, **far)
        self.server = SipServer(self.near, 'probe.example.com')
        self.addCleanup(self.server.socket.close)

    def ask(self, size):
        """The Result-Code for a LIR that is so long when it leaves the near agent: the Route-Record comes on top."""
        fixed = [avp(SESSION_ID, 'probe.example.com;1;1'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                 avp(DESTINATION_REALM, REALM), avp(SIP_AOR, f'sip:user1@{REALM}')]
        record = len(avp(282, 'probe.example.com'))
        rest = size - 20 - sum(map(len, fixed)) - len(self.server.me()) - record - 8
        return self.server.ask(LIR, *fixed, avp(PLUGIN, bytes(rest))).number(RESULT_CODE)

    def test_SCT_01_SEC_03_load_passes_over_dtls(self):
        self.start(Hss(self, 1, '--users', 100))
        load = Load(self, self.near, '--rate', 1000, '--requests', 5000, '--users', 100, '--allow', 'protocol')
        report = load.report()
        self.assert_no_errors(report)
        self.assertEqual(report['connections_lost'], 0)
        for agent in (self.near, self.far):
            metrics = self.assert_balanced(agent)
            self.assertEqual(metrics.sum('tls_handshakes_total', result='ok'), 1)
        self.assert_ends_well(self.near, self.far)

    def test_SCT_13_a_record_holds_16384_octets_and_not_more(self):
        self.start_yes()
        self.assertEqual(self.ask(RECORD), 2001)
        self.assertEqual(self.ask(RECORD + 4), UNABLE_TO_COMPLY)
        self.assertEqual(self.ask(RECORD), 2001)

    def test_SCT_16_who_does_not_authenticate_data_is_refused(self):
        self.start_yes()
        try:  # it may be refused before its own connect has ended
            end = SctpSocket(self.far.sctp_port, self.far.udp_port).await_end()
        except ConnectionResetError:
            end = 'lost'
        self.assertEqual(end, 'lost')
        self.far.await_line(r'does not authenticate DATA')
        self.assertEqual(self.far.metrics().sum('tls_handshakes_total', result='protocol'), 1)
        self.assertEqual(self.ask(1000), 2001)

    def timeouts(self):
        return self.far.metrics().sum('tls_handshakes_total', result='timeout')

    def test_SEC_15_a_handshake_that_takes_too_long_is_counted(self):
        self.start_yes(timers={'capabilities': '1s'})
        before = self.timeouts()  # of the near agent, on a machine that is busy
        end = SctpSocket(self.far.sctp_port, self.far.udp_port, is_authenticated=True).await_end()
        self.assertIn(end, ('shutdown', 'lost'))
        self.assertEqual(self.timeouts(), before + 1)
        self.assertEqual(self.ask(1000), 2001)

    def test_SEC_04_a_stranger_is_refused(self):
        yes = YesServer(1)
        self.addCleanup(yes.close)
        self.start(yes, near='stranger')
        self.far.await_line(r'WARN -: refused: .*DTLS: ')
        self.assertEqual(self.far.metrics().sum('tls_handshakes_total', result='ok'), 0)
