"""OpenSSL's own client and server against the agent: who is let in over TLS, who is refused, and what is counted."""
import pathlib
import signal
import time

from common import LabClock, Scenario
from diameter import DISCONNECT_CAUSE, DPR, DWR, REQUEST, RESULT_CODE, avp
from peers import dial
from relay import Relay, dialled, dialling
from secure import Certificates, Client, Server
from tap import Port

PEER = 'peer.example.net'
REBOOTING = 0
OLD = ['-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0']
NO_AEAD = ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256']
NO_SECRECY = ['-tls1_2', '-cipher', 'AES128-GCM-SHA256']


class Secure(Scenario):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self, PEER)

    def start(self, *peers, clock=None, **keys):
        tls = self.certificates.section(**{'crl': self.certificates.path('ca.crl'), **keys})
        listeners = [{'transport': transport, 'address': '127.0.0.1', 'port': 0} for transport in ('tcp', 'tls')]
        self.agent = Relay(self, list(peers), listen=listeners, tls=tls, clock=clock,
                           timers={'watchdog': '1h'})
        self.secure_port = int(self.agent.await_line(r'^INFO -: listening: tls 127\.0\.0\.1:(\d+)$')[1])

    def await_counted(self, result, count=1):
        return self.agent.await_metrics(lambda now: now.sum('tls_handshakes_total', result=result) >= count,
                                        f'tls_handshakes_total of {result}')

    def end(self):
        self.assert_ends_well(self.agent)


class Dialled(Secure):
    """The agent knows one peer, which dials it."""

    def start(self, **keys):
        super().start(dialling(PEER), **keys)

    def client(self, name, *options, identity=PEER):
        return Client(self, self.secure_port, identity, self.certificates, name, *options)

    def check_admitted(self, name, *options):
        client = self.client(name, *options)
        self.assertEqual(client.greet().number(RESULT_CODE), 2001)
        self.await_counted('ok')
        client.close_pipes()


class Clients(Dialled):
    """openssl s_client dials the agent."""

    def check_refused(self, result, name, *options):
        self.assertTrue(self.client(name, *options).is_refused())
        self.await_counted(result)
        metrics = self.agent.await_metrics(lambda now: now.sum('connections_refused_total', reason='tls') >= 1, 'a refusal')
        self.assertEqual(metrics.sum('tls_handshakes_total', result='ok'), 0)
        self.assertEqual(metrics.sum('connections_refused_total', reason='tls'), 1)

    def test_SEC_03_SEC_04_SEC_08_a_client_of_TLS_1_3_is_admitted(self):
        self.start()
        self.check_admitted(PEER, '-tls1_3')
        self.end()

    def test_SEC_03_SEC_04_SEC_08_a_client_of_TLS_1_2_is_admitted(self):
        self.start()
        self.check_admitted(PEER, '-tls1_2')
        self.end()

    def test_SEC_08_a_client_of_TLS_1_1_is_refused(self):
        self.start()
        self.check_refused('version', PEER, *OLD)
        self.end()

    def test_SEC_08_a_client_of_TLS_1_2_is_refused_where_1_3_is_the_least(self):
        self.start(minimum_version='1.3')
        self.check_refused('version', PEER, '-tls1_2')
        self.end()

    def test_SEC_08_a_client_without_AEAD_is_refused(self):
        self.start()
        self.check_refused('cipher', PEER, *NO_AEAD)
        self.end()

    def test_SEC_08_a_client_without_forward_secrecy_is_refused(self):
        self.start()
        self.check_refused('cipher', PEER, *NO_SECRECY)
        self.end()

    def test_SEC_04_a_client_without_a_certificate_is_refused(self):
        self.start()
        self.check_refused('no_certificate', None)
        self.end()

    def test_SEC_07_a_client_of_another_authority_is_refused(self):
        self.start()
        self.check_refused('untrusted', 'stranger')
        self.end()

    def test_SEC_04_an_expired_client_is_refused(self):
        self.start()
        self.check_refused('expired', 'expired')
        self.end()

    def test_SEC_07_a_revoked_client_is_refused(self):
        self.start()
        self.check_refused('revoked', 'revoked')
        self.end()

    def test_SEC_05_CEX_19_a_client_whose_certificate_speaks_for_another_never_opens(self):
        self.start()
        client = self.client('wrong')
        try:
            self.assertNotEqual(client.greet().number(RESULT_CODE), 2001)
        except ConnectionError:
            pass
        metrics = self.agent.await_metrics(
            lambda now: now.sum('connections_refused_total', reason='wrong_identity') == 1, 'a wrong identity')
        self.assertEqual(metrics.sum('peers_open'), 0)
        self.end()

    def test_SEC_03_a_clear_CER_on_the_secure_port_is_closed(self):
        self.start()
        peer = dial(self, self.secure_port, PEER)
        with self.assertRaises(ConnectionError):
            answer = peer.greet()
            self.assertNotEqual(answer.command, 257, 'a CEA in the clear')
        self.await_counted('protocol')
        self.end()

    def test_SEC_03_HDR_06_a_ClientHello_on_the_clear_port_is_closed(self):
        self.start()
        client = Client(self, self.agent.port, PEER, self.certificates, PEER)
        self.assertTrue(client.is_refused())
        self.assertEqual(self.agent.metrics().sum('tls_handshakes_total'), 0)
        self.end()

    def test_SEC_06_the_ends_of_the_certificates_are_in_the_metrics(self):
        self.start()
        metrics = self.agent.metrics().by('tls_certificate_expiry_timestamp_seconds', 'file')
        self.assertEqual(sorted(metrics), sorted(self.certificates.path(file)
                                                 for file in ('agent.pem', 'ca.pem', 'ca.crl')))
        self.assertTrue(all(end > 1700000000 for end in metrics.values()))
        self.end()


class Expiry(Dialled):
    """A connection is as good as its certificate."""

    def certificate_for(self, seconds):
        end = time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + seconds))
        self.certificates = Certificates(self, f'{PEER}={end}')

    def test_SEC_06_an_open_connection_is_left_with_a_DPR_when_its_certificate_expires(self):
        self.certificate_for(600)
        clock = LabClock(self.room / 'clock')
        self.start(clock=clock)
        client = self.client(PEER)
        self.assertEqual(client.greet().number(RESULT_CODE), 2001)
        clock.move(500)
        self.agent.await_up(PEER)
        clock.move(100)
        dpr = client.read()
        self.assertEqual((dpr.command, dpr.number(DISCONNECT_CAUSE)), (DPR, REBOOTING))
        client.answer(dpr)
        self.assertEqual(client.socket.recv(1), b'')
        self.end()


class Reload(Dialled):
    """The files of `tls` are read again; who is connected stays."""

    def reload(self):
        before = self.agent.metrics().sum('config_reloads_total')
        self.agent.send(signal.SIGHUP)
        self.agent.await_metrics(lambda now: now.sum('config_reloads_total') > before, 'the reload')

    def resuming(self, name, *options):
        """A client that keeps its session in a file, or comes with it. What the two say stands in a file as well."""
        return self.client(name, '-tls1_2', '-msg', '-msgfile', self.certificates.path('said'), *options,
                           self.certificates.path('session'))

    def has_shown_a_certificate(self):
        return ', Certificate\n' in pathlib.Path(self.certificates.path('said')).read_text()

    def open_one(self, client):
        self.assertEqual(client.greet().number(RESULT_CODE), 2001)
        self.agent.await_up(PEER)
        return client

    def leave(self, client):
        client.ask(DPR, avp(DISCONNECT_CAUSE, 2), application=0, flags=REQUEST)
        client.close_pipes()
        self.agent.await_metrics(lambda now: now.sum('peers_open') == 0, 'its end')

    def test_SEC_07_who_is_revoked_by_a_reload_stays_connected_and_cannot_come_back(self):
        self.start()
        client = self.open_one(self.client(PEER))
        self.certificates.revoke(PEER)
        self.reload()
        self.assertEqual(client.ask(DWR, application=0, flags=REQUEST).number(RESULT_CODE), 2001)
        self.leave(client)
        self.assertTrue(self.client(PEER).is_refused())
        self.await_counted('revoked')
        self.end()

    def test_SEC_07_a_session_is_resumed_until_a_reload_has_other_files(self):
        self.start()
        self.leave(self.open_one(self.resuming(PEER, '-sess_out')))
        self.assertTrue(self.has_shown_a_certificate())
        self.leave(self.open_one(self.resuming(PEER, '-sess_in')))
        self.assertFalse(self.has_shown_a_certificate())
        self.certificates.revoke(PEER)
        self.reload()
        self.assertTrue(self.resuming(PEER, '-sess_in').is_refused())
        self.await_counted('revoked')
        self.end()

    def test_a_reload_with_a_broken_file_changes_nothing(self):
        self.start()
        pathlib.Path(self.certificates.path('agent.pem')).write_text('nothing')
        self.reload()
        self.assertEqual(self.agent.metrics().sum('config_reloads_total', result='failure'), 1)
        self.agent.await_line(r'agent\.pem')
        self.check_admitted(PEER)
        self.end()


class Servers(Secure):
    """The agent dials openssl s_server."""

    def serve(self, name, *options, **keys):
        port = Port(self).number
        peer = dialled(PEER, port, role='server')
        peer['connect']['transport'] = 'tls'
        self.server = Server(self, port, PEER, self.certificates, name, *options)
        self.start(peer, **keys)

    def check_admitted(self, *options):
        self.serve(PEER, *options)
        self.server.welcome()
        self.agent.await_up(PEER)
        self.await_counted('ok')
        self.end()

    def check_refused(self, result, name, *options):
        self.serve(name, *options)
        metrics = self.await_counted(result)
        self.assertEqual(metrics.sum('tls_handshakes_total', result='ok'), 0)
        self.assertEqual(metrics.sum('peers_open'), 0)
        self.end()

    def test_SEC_03_SEC_04_a_server_of_TLS_1_3_gets_our_certificate_and_CER(self):
        self.check_admitted('-tls1_3')

    def test_SEC_03_SEC_04_a_server_of_TLS_1_2_gets_our_certificate_and_CER(self):
        self.check_admitted('-tls1_2')

    def test_SEC_08_a_server_of_TLS_1_1_is_left(self):
        self.check_refused('version', PEER, *OLD)

    def test_SEC_08_a_server_without_AEAD_refuses_us(self):
        self.check_refused('alert', PEER, *NO_AEAD)

    def test_SEC_07_a_server_of_another_authority_is_left(self):
        self.check_refused('untrusted', 'stranger')

    def test_SEC_04_an_expired_server_is_left(self):
        self.check_refused('expired', 'expired')

    def test_SEC_07_a_revoked_server_is_left(self):
        self.check_refused('revoked', 'revoked')

    def test_SEC_05_CEX_18_a_server_whose_certificate_speaks_for_another_never_opens(self):
        self.serve('wrong')
        self.server.welcome()
        metrics = self.agent.await_metrics(
            lambda now: now.sum('connections_refused_total', reason='wrong_identity') >= 1, 'a wrong identity')
        self.assertEqual(metrics.sum('peers_open'), 0)
        self.end()
