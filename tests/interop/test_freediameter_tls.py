"""freeDiameter over TLS with certificates on both sides, whoever dials."""
import freediameter
from common import LabClock, Scenario, wait_until
from freediameter import FreeDiameter
from relay import IDENTITY, Relay, dialled, dialling
from secure import Certificates
from tap import Port

PEER = 'peer.example.net'


@freediameter.needed
class Tls(Scenario):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self, PEER, IDENTITY)
        self.clock = LabClock(self.room / 'clock')
        self.port = Port(self).number

    def start_agent(self, peer, name=IDENTITY, **keys):
        listener = {'transport': 'tls', 'address': '127.0.0.1', 'port': 0}
        self.agent = Relay(self, [peer], clock=self.clock, timers={'watchdog': '6s'},
                           listen=[{**listener, 'transport': 'tcp'}, listener],
                           tls=self.certificates.section(name, **keys))
        self.secure_port = int(self.agent.await_line(r'^INFO -: listening: tls 127\.0\.0\.1:(\d+)$')[1])

    def agent_dials(self, certificate=PEER, **keys):
        self.peer = FreeDiameter(self, PEER, self.port, admits=[IDENTITY], certificates=self.certificates,
                                 certificate=certificate)
        peer = dialled(PEER, self.port)
        peer['connect']['transport'] = 'tls'
        self.start_agent(peer, **keys)

    def peer_dials(self, certificate=PEER, **keys):
        self.start_agent(dialling(PEER), **keys)
        self.peer = FreeDiameter(self, PEER, self.port, admits=[IDENTITY], dials={IDENTITY: self.secure_port},
                                 certificates=self.certificates, certificate=certificate)

    def check_open(self):
        """Both say so, and DWRs of the agent are answered."""
        self.agent.await_up(PEER)
        self.peer.await_open(IDENTITY)
        self.assertEqual(self.agent.metrics().sum('tls_handshakes_total', result='ok'), 1)
        for _ in range(3):
            heard = self.agent.metrics().sum('messages_received_total', type='base')
            self.clock.move(9)
            self.agent.await_metrics(lambda now: now.sum('messages_received_total', type='base') > heard, 'a DWA')
        self.agent.await_up(PEER)
        self.assert_ends_well(self.agent)

    def test_SEC_03_SEC_04_SEC_05_it_is_dialled_by_the_agent(self):
        self.agent_dials()
        self.check_open()

    def test_SEC_03_SEC_04_SEC_05_it_dials_the_agent(self):
        self.peer_dials()
        self.check_open()

    def test_SEC_08_it_is_dialled_with_TLS_1_3_as_the_least(self):
        self.agent_dials(minimum_version='1.3')
        self.check_open()

    def test_SEC_07_it_refuses_an_agent_of_another_authority(self):
        self.peer_dials(name='stranger')
        self.agent.await_metrics(lambda now: now.sum('tls_handshakes_total') >= 1, 'a handshake')
        self.assertEqual(self.agent.metrics().sum('peers_open'), 0)

    def test_SEC_07_it_is_refused_when_its_certificate_is_revoked(self):
        self.peer_dials('revoked', crl=self.certificates.path('ca.crl'))
        metrics = self.agent.await_metrics(lambda now: now.sum('tls_handshakes_total', result='revoked') >= 1,
                                           'a revoked certificate')
        self.assertEqual(metrics.sum('peers_open'), 0)
        wait_until(lambda: "'STATE_OPEN'" not in self.peer.output, 'it never opens')
