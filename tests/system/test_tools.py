"""antipode-load and antipode-hss face to face over every transport: what they say and do when all is well, and in which words they
refuse what is not."""
from carrier import Carrier
from common import Hss, Load, Scenario

USERS = 100
CLIENTS = [*(f'sip{number}.example.com' for number in (1, 2, 3)), 'registrar1.example.com']


class Tools(Scenario):
    transport = 'tcp'

    def start(self, *options):
        self.carrier = Carrier(self, self.transport, hss1=['hss1.example.net'], hss2=['hss2.example.net'], load=CLIENTS, stranger=['sip1.example.org'])
        self.hss = Hss(self, 1, '--users', USERS, *self.carrier.tool('hss1'), *options)
        self.udp = self.hss.await_line(r'^udp-port (\d+)$', 'output')[1] if self.carrier.is_sctp else None

    def load(self, *options, name='load', authority='ca'):
        return Load(self, self.hss, '--connections', 3, '--users', USERS, *self.carrier.tool(name, authority),
                    *self.carrier.dialled(self.udp), *options)

    def refused(self, **certificate):
        """It opens no connection, sends nothing, and says why."""
        load = self.load('--requests', 3, **certificate)
        self.assertEqual((load.wait(), load.output), (1, ''))
        return load.log


class Tcp(Tools):
    def test_a_mix_is_answered(self):
        self.start('--threads', 2)
        report = self.load('--requests', 5000, '--window', 16).report()
        self.assert_no_errors(report)
        self.assertEqual((report['requests'], report['status']), (5000, 0))
        self.assertEqual(self.hss.report()['requests'], 5000)

    def test_several_threads_have_their_share_of_it(self):
        self.start()
        report = self.load('--requests', 3000, '--window', 16, '--threads', 3).report()
        self.assert_no_errors(report)
        self.assertEqual(report['status'], 0)

    def test_a_registration_and_its_pushes_pass(self):
        self.start('--push', 'ppr:500')
        report = self.load('--flow', 'push', '--flows', USERS, '--window', 4).report()
        self.assert_no_errors(report)
        self.assertEqual((report['flows'], report['status']), (USERS, 0))

    def test_an_open_loop_is_answered(self):
        self.start()
        report = self.load('--rate', 2000, '--duration', '1s').report()
        self.assert_no_errors(report)
        self.assertEqual(report['status'], 0)

    def test_an_hss_dials_too(self):
        """Its mate: what one knows the other learns."""
        self.start()
        mate = Hss(self, 2, '--users', USERS, '--peer-of', self.hss.address, *self.carrier.tool('hss2'), *self.carrier.dialled(self.udp))
        self.assert_no_errors(self.load('--flow', 'registration', '--flows', USERS).report())
        self.assertEqual(self.hss.report()['registered'], USERS)
        self.assertEqual(mate.report()['registered'], USERS)

    def test_nobody_there_is_said(self):
        self.start()
        self.hss.stop()
        load = self.load('--requests', 3)
        self.assertEqual((load.wait(), load.output), (1, ''))
        self.assertIn(f'to 127.0.0.1:{self.hss.port}: ', load.log)


class Tls(Tcp):
    transport = 'tls'

    def test_a_client_of_another_authority_is_refused(self):
        self.start()
        self.carrier.make('elsewhere', load=CLIENTS)
        self.assertIn('TLS: ' if self.transport == 'tls' else 'DTLS: ', self.refused(name='elsewhere/load'))
        self.assertEqual(self.hss.report()['requests'], 0)

    def test_a_server_of_another_authority_is_refused(self):
        self.start()
        self.carrier.make('elsewhere', load=CLIENTS)
        self.assertIn('TLS: ', self.refused(authority='elsewhere/ca'))
        self.assertEqual(self.hss.report()['requests'], 0)

    def test_a_client_with_the_certificate_of_another_host_is_refused(self):
        """RFC 6733 §5.2, SEC-05."""
        self.start()
        self.assertIn('CEA with Result-Code 3010', self.refused(name='stranger'))
        self.assertEqual(self.hss.report()['requests'], 0)

    def test_a_file_that_is_missing_is_named(self):
        self.start()
        self.assertIn(str(self.carrier.file('nowhere.pem')), self.refused(name='nowhere'))


class Sctp(Tcp):
    transport = 'sctp'


class Dtls(Tls):
    transport = 'dtls'
