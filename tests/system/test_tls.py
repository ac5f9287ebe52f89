"""TLS over TCP, with peers of Python's ssl: who is let in and who is not, requests both ways, certificates that are
exchanged while links stand, and one that expires. SEC-03 to SEC-08, PSM-09."""
import json
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest
import urllib.request

from common import DEADLINE, REALM, Agent, LabClock, Program, Scenario, configuration, wait_until, yaml
from diameter import (CER, DPR, DISCONNECT_CAUSE, REQUEST, RESULT_CODE, SipServer, YesServer, avp, write)

CERTIFICATES = pathlib.Path(__file__).parent.parent / 'scripts' / 'certificates.sh'
CLIENT = 'sip1.example.com'
UNKNOWN_PEER = 3010


class Ring:
    """A folder of certificates: tests/scripts/certificates.sh says which."""

    def __init__(self, folder, *names):
        self.folder, self.names = folder, names
        self.renew()

    def renew(self):
        subprocess.run([CERTIFICATES, self.folder, *self.names], check=True)

    def path(self, name):
        return str(self.folder / name)

    def issue_for_a_day(self, name):
        """By our authority, as the script's, but over in 24 hours."""
        run = lambda *words: subprocess.run(['openssl', *words], check=True, capture_output=True, cwd=self.folder)
        (self.folder / 'san').write_text(f'subjectAltName=DNS:{name}')
        run('req', '-new', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', f'/CN={name}',
            '-keyout', f'{name}.key', '-out', 'csr')
        run('x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '1', '-CAcreateserial',
            '-extfile', 'san', '-out', f'{name}.pem')

    def section(self, **keys):
        return {'certificate': self.path('agent.pem'), 'private_key': self.path('agent.key'), 'ca': self.path('ca.pem'),
                'crl': self.path('ca.crl'), **keys}

    def context(self, side, name=None):
        context = ssl.SSLContext(side)
        context.check_hostname = False
        context.load_verify_locations(self.path('ca.pem'))
        context.verify_mode = ssl.CERT_REQUIRED
        if name:
            context.load_cert_chain(self.path(f'{name}.pem'), self.path(f'{name}.key'))
        return context


class TlsSipServer(SipServer):
    def __init__(self, agent, ring, identity=CLIENT, certificate=CLIENT, version=None):
        self.context = ring.context(ssl.PROTOCOL_TLS_CLIENT, certificate)
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        super().__init__(agent, identity)

    def connect(self, agent):
        plain = socket.create_connection(('127.0.0.1', agent.tls_port), DEADLINE)
        return self.context.wrap_socket(plain, server_hostname='agent.example.net')


class TlsYesServer(YesServer):
    def __init__(self, number, ring, certificate):
        self.context = certificate and ring.context(ssl.PROTOCOL_TLS_SERVER, certificate)
        super().__init__(number)

    def secured(self, one):
        if not self.context:
            self.sockets.append(one)  # in silence
            return None
        try:
            return self.context.wrap_socket(one, server_side=True)
        except OSError:
            return None


class TlsAgent(Agent):
    """One listener of each kind; it dials the servers by TLS."""

    def __init__(self, scenario, servers, tls, clock=None, waits=True, connect='1m'):
        conf = configuration([], tls=tls, timers={'connect': connect, 'capabilities': '5m'})
        self.servers = servers
        conf['listen'] = [{'transport': kind, 'address': '127.0.0.1', 'port': 0} for kind in ('tcp', 'tls')]
        conf['peers'] += [{'identity': server.identity, 'realm': REALM, 'connect': {
            'transport': 'tls', 'address': '127.0.0.1', 'port': server.port}} for server in servers]
        conf['peers'] += [{'identity': 'only-tls.example.com', 'transports': ['tls']}]
        conf['pools'] = [{'name': 'hss', 'members': [{'peer': server.identity} for server in servers]}]
        file = scenario.room / 'antipode.yaml'
        file.write_text(yaml(conf))
        Program.__init__(self, scenario, 'antipode', ['antipode', 'run', file],
                         {'ANTIPODE_LAB_CLOCK': str(clock.path) if clock else ''})
        self.port = self.port_of('tcp')
        self.tls_port = self.port_of('tls')
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for server in servers if waits else []:
            self.await_line(rf'^INFO {server.identity}: open')

    def port_of(self, transport):
        return int(self.await_line(rf'^INFO -: listening: {transport} 127\.0\.0\.1:(\d+)$')[1])

    def peer(self, identity):
        with urllib.request.urlopen(f'http://{self.admin}/api/v1/peers', timeout=DEADLINE) as answer:
            peers = json.load(answer)['peers']
        return next((peer for peer in peers if peer['identity'] == identity), None)

    def await_refusal(self, reason, count=1):
        """A scrape that is later than the one that shows it: so it has all that came before."""
        self.await_metrics(
            lambda now: now.by('connections_refused_total', 'reason')[reason] == count, f'a refusal: {reason}')
        return self.metrics()


def cer(identity):
    return write(REQUEST, CER, 0, 1, 1, avp(257, b'\0\1\x7f\0\0\1'), avp(266, 0), avp(269, 'test'), avp(258, 6),
                 avp(264, identity), avp(296, 'example.com'))


class Tls(Scenario):
    def start(self, server='hss1.' + REALM, clock=None, waits=True, connect='1m', **keys):
        self.ring = Ring(self.room / 'tls', CLIENT, 'only-tls.example.com', 'hss1.' + REALM)
        self.server = TlsYesServer(1, self.ring, server)
        self.agent = TlsAgent(self, [self.server], self.ring.section(**keys), clock, waits, connect)

    def ask(self, client, user=1):
        client.send_lir(user)
        answer = client.take()
        self.assertIsNotNone(answer)
        self.assertEqual(answer.number(RESULT_CODE), 2001)

    def end(self):
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)
        self.server.close()

    # --- who is let in

    def test_SEC_03_PSM_09_requests_pass_over_tls_on_both_sides(self):
        self.start()
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            client = TlsSipServer(self.agent, self.ring, version=version)
            self.ask(client)
            peer = self.agent.peer(CLIENT)
            self.assertEqual(peer['transport'], 'tls')
            self.assertRegex(peer['security'], client.socket.version().replace('.', r'\.') + r' \S*(AES|CHACHA)')
            self.assertGreater(peer['certificate_expires_in_s'], 86400)
            client.close()
        metrics = self.agent.metrics()
        self.assertEqual(metrics.by('tls_handshakes_total', 'result')['ok'], 3)
        self.assertEqual(metrics.by('connections', 'transport')['tls'], 1)
        expiry = metrics.by('tls_certificate_expiry_timestamp_seconds', 'file')
        self.assertEqual(set(expiry), {self.ring.path(name) for name in ('agent.pem', 'ca.pem', 'ca.crl')})
        self.assertGreater(min(expiry.values()), time.time())
        self.end()

    def test_two_thousand_requests_in_one_go_are_answered(self):
        """More than a read holds lies in the session: nothing announces it."""
        self.start()
        client = TlsSipServer(self.agent, self.ring)
        for user in range(2000):
            client.send_lir(user)
        for _ in range(2000):
            self.assertEqual(client.take().number(RESULT_CODE), 2001)
        client.close()
        self.end()

    def test_what_comes_with_the_last_flight_is_read(self):
        """The CER stands in the segment that ends the handshake."""
        self.start()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secured = self.ring.context(ssl.PROTOCOL_TLS_CLIENT, CLIENT).wrap_bio(incoming, outgoing)
        with socket.create_connection(('127.0.0.1', self.agent.tls_port), DEADLINE) as plain:
            while True:
                try:
                    secured.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))
            secured.write(cer(CLIENT))
            plain.sendall(outgoing.read())
            self.agent.await_line(rf'^INFO {CLIENT}: open')
        self.end()

    # --- who is not

    def refused(self, certificate, identity=CLIENT):
        """No CEA: the handshake fails, or the connection ends before one."""
        with self.assertRaises((OSError, ConnectionError)):
            TlsSipServer(self.agent, self.ring, identity, certificate)

    def test_SEC_04_SEC_07_certificates_that_do_not_bear_examination_are_refused_by_reason(self):
        self.start()
        refused = {None: 'no_certificate', 'expired': 'expired', 'revoked': 'revoked', 'stranger': 'untrusted'}
        for number, (certificate, result) in enumerate(refused.items(), 1):
            self.refused(certificate)
            metrics = self.agent.await_refusal('tls', number)
            self.assertEqual(metrics.by('tls_handshakes_total', 'result')[result], 1, result)
        self.assertIsNone(self.agent.peer(CLIENT))
        self.end()

    def test_SEC_05_CEX_19_certificate_of_somebody_else_is_answered_unknown_peer(self):
        self.start()
        with self.assertRaisesRegex(AssertionError, f'CEA with {UNKNOWN_PEER}'):
            TlsSipServer(self.agent, self.ring, CLIENT, 'wrong')
        self.agent.await_refusal('wrong_identity')
        self.assertIsNone(self.agent.peer(CLIENT))
        self.end()

    def test_SEC_05_server_with_the_certificate_of_somebody_else_is_never_open(self):
        self.start(server='wrong', waits=False)
        self.agent.await_metrics(lambda now: now.sum('connections_refused_total', reason='wrong_identity') >= 1,
                                 'the refusal of a CEA')
        self.assertNotEqual(self.agent.peer(self.server.identity)['state'], 'open')
        self.end()

    def test_SEC_04_optional_verification_lets_in_who_shows_none(self):
        self.start(verify_peer='optional')
        self.ask(TlsSipServer(self.agent, self.ring, CLIENT, None))
        with self.assertRaisesRegex(AssertionError, f'CEA with {UNKNOWN_PEER}'):
            TlsSipServer(self.agent, self.ring, 'sip2.example.com', 'wrong')
        self.end()

    def test_CEX_19_transport_that_its_row_does_not_list_is_refused(self):
        self.start()
        with self.assertRaisesRegex(AssertionError, f'CEA with {UNKNOWN_PEER}'):
            SipServer(self.agent, 'only-tls.example.com')
        self.agent.await_refusal('source')
        self.ask(TlsSipServer(self.agent, self.ring, 'only-tls.example.com', 'only-tls.example.com'))
        self.end()

    def assert_closed(self, port, octets):
        """Without an answer."""
        with socket.create_connection(('127.0.0.1', port), DEADLINE) as plain:
            plain.sendall(octets)
            try:
                self.assertEqual(plain.recv(1000), b'')
            except ConnectionResetError:
                pass

    def test_SEC_03_HDR_06_clear_text_at_the_port_of_tls_and_tls_at_the_port_of_tcp_are_closed(self):
        self.start()
        self.assert_closed(self.agent.tls_port, cer(CLIENT))
        metrics = self.agent.await_refusal('tls')
        self.assertEqual(metrics.by('tls_handshakes_total', 'result')['protocol'], 1)
        self.assert_closed(self.agent.port, bytes.fromhex('1603010200010001fc0303') + bytes(500))
        self.agent.await_refusal('malformed')
        self.end()

    def test_SEC_15_server_that_never_shakes_hands_is_given_up_in_time(self):
        """It takes the connection, and says nothing."""
        self.start(server=None, waits=False, connect='2s')
        self.agent.await_metrics(
            lambda now: now.by('tls_handshakes_total', 'result')['timeout'] >= 1, 'a handshake that takes too long')
        self.end()

    # --- time

    def test_reload_takes_new_certificates_and_drops_no_link(self):
        self.start()
        first = TlsSipServer(self.agent, self.ring)
        former = self.ring.context(ssl.PROTOCOL_TLS_CLIENT, CLIENT)
        self.ring.renew()  # another authority, too
        self.agent.send(signal.SIGHUP)
        self.agent.await_line('^INFO -: reload: done')
        self.ask(first)
        second = TlsSipServer(self.agent, self.ring, 'only-tls.example.com', 'only-tls.example.com')
        self.ask(second)
        self.ask(first)
        with self.assertRaises(OSError):
            with socket.create_connection(('127.0.0.1', self.agent.tls_port), DEADLINE) as plain:
                former.wrap_socket(plain)
        self.end()

    def test_reload_with_a_wrong_certificate_is_refused_and_changes_nothing(self):
        self.start()
        pathlib.Path(self.ring.path('agent.key')).write_text('no key at all')
        self.agent.send(signal.SIGHUP)
        self.agent.await_line('^ERROR -: reload: .*agent.key')
        self.ask(TlsSipServer(self.agent, self.ring))
        self.end()

    def test_SEC_06_connection_ends_in_good_order_with_its_certificate(self):
        clock = LabClock(self.room / 'clock')
        self.start(clock=clock)
        self.ring.issue_for_a_day(CLIENT)
        client = TlsSipServer(self.agent, self.ring)
        self.ask(client)
        clock.move(86400)
        request = client.read()
        while request and request.command != DPR:
            client.agree(request)
            request = client.read()
        self.assertIsNotNone(request)
        self.assertEqual(request.number(DISCONNECT_CAUSE), 0)
        self.agent.await_line(rf'{CLIENT}: closed: its certificate has expired')
        client.agree(request)
        self.assertIsNone(client.read())
        self.assert_ends_well(self.agent)
        self.server.close()

    # --- strangers

    def test_SEC_15_slow_strangers_take_no_more_than_their_time(self):
        """They connect, send half a record, or nothing: the peer that is there does not notice."""
        self.start()
        client = TlsSipServer(self.agent, self.ring)
        strangers = [socket.create_connection(('127.0.0.1', self.agent.tls_port), DEADLINE) for _ in range(100)]
        for number, one in enumerate(strangers):
            one.sendall([b'', b'\x16', b'\x16\x03\x01\x3f\xff', b'\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff'][number % 4])
        for user in range(100):
            self.ask(client, user)
        for one in strangers:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            one.close()
        self.agent.await_refusal('tls', 75)  # who says nothing is refused nothing
        self.ask(client)
        self.end()


if __name__ == '__main__':
    unittest.main()
