"""What a reload does to transports: a peer moves from one to another, listeners come and go, and what must wait for a restart
is named."""
import json
import signal
import unittest
import urllib.request

import yaml as pyyaml

from common import DEADLINE, REALM, Agent, Hss, Scenario, free_udp_port, wait_until, yaml
from diameter import RESULT_CODE, SipServer, YesServer
from sctp import SctpAgent
from test_tls import Ring, TlsSipServer, TlsYesServer

CLIENT, SERVER = 'sip1.example.com', f'hss1.{REALM}'


class Reload(Scenario):
    def start(self, *servers, agent=Agent, **conf):
        self.file = self.room / f'antipode-{len(self.programs)}.yaml'
        self.agent = agent(self, servers, **conf)

    def reload(self, change, end='done'):
        """Returns what is logged of it."""
        conf = pyyaml.safe_load(self.file.read_text())
        change(conf)
        self.file.write_text(yaml(conf))
        before = len(self.agent.log)
        self.agent.send(signal.SIGHUP)
        return wait_until(lambda: f'reload: {end}' in self.agent.log[before:] and self.agent.log[before:], 'a reload')

    def ask(self, client):
        client.send_lir(1)
        self.assertEqual(client.take().number(RESULT_CODE), 2001)

    def transport_of(self, identity):
        with urllib.request.urlopen(f'http://{self.agent.admin}/api/v1/peers', timeout=DEADLINE) as answer:
            return next(peer['transport'] for peer in json.load(answer)['peers'] if peer['identity'] == identity)

    def expect_moved(self, said, transport):
        self.assertIn(f'peers: {SERVER} is changed, its connection is made anew', said)
        wait_until(lambda: self.transport_of(SERVER) == transport, f'{SERVER} by {transport}')
        self.agent.await_metrics(lambda now: now.sum('peers_open', peer=SERVER) == 1, 'it is open')

    def test_a_peer_moves_from_tcp_to_tls_and_on_to_sctp(self):
        ring = Ring(self.room / 'tls', CLIENT, SERVER)
        plain, secure = YesServer(1), TlsYesServer(1, ring, SERVER)
        other = Hss(self, 1, '--users', 10, '--registered', '--transport', 'sctp', '--udp-port', 'any')
        self.start(plain)
        client = SipServer(self.agent, CLIENT)
        self.ask(client)

        def to_tls(conf):
            conf['tls'] = ring.section()
            conf['peers'][0]['connect'] = {'transport': 'tls', 'address': '127.0.0.1', 'port': secure.port}

        def to_sctp(conf):
            conf['sctp'] = {'udp_port': free_udp_port(), 'blackhole': 2}
            conf['peers'][0]['connect'] = {'transport': 'sctp', 'address': ['127.0.0.1'], 'port': other.port,
                                           'udp_port': other.udp_port}
        self.expect_moved(self.reload(to_tls), 'tls')
        self.ask(client)
        self.expect_moved(self.reload(to_sctp), 'sctp')
        self.ask(client)
        self.assertEqual(self.transport_of(CLIENT), 'tcp')
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent, other)
        plain.close()
        secure.close()

    def test_listeners_come_and_go_while_a_client_stays(self):
        ring = Ring(self.room / 'tls', CLIENT)
        server = YesServer(1)
        self.start(server)
        first = SipServer(self.agent, 'sip2.example.com')

        def add(conf):
            conf.update(tls=ring.section(), sctp={'udp_port': free_udp_port(), 'blackhole': 2})
            conf['listen'] += [{'transport': kind, 'address': '127.0.0.1', 'port': 0} for kind in ('tls', 'sctp', 'dtls')]

        def drop(conf):
            del conf['listen'][1:3]
        said = self.reload(add)
        for kind in ('tls', 'sctp', 'dtls'):
            self.assertRegex(said, rf'listening: {kind} 127\.0\.0\.1:\d+')
        self.agent.tls_port = int(self.agent.await_line(r'listening: tls 127\.0\.0\.1:(\d+)')[1])
        second = TlsSipServer(self.agent, ring)
        said = self.reload(drop)
        self.assertRegex(said, r'listening: no more: tls 127\.0\.0\.1:\d+')
        self.assertRegex(said, r'listening: no more: sctp 127\.0\.0\.1:\d+')
        self.ask(first)
        self.ask(second)
        with self.assertRaises(OSError):
            TlsSipServer(self.agent, ring, 'sip3.example.com')
        self.assert_ends_well(self.agent)
        server.close()

    def test_another_udp_port_waits_for_a_restart_and_so_does_the_rest(self):
        server = YesServer(1)
        self.start(server, agent=SctpAgent)
        said = self.reload(lambda conf: conf['sctp'].update(streams=8))
        self.assertNotIn('needs a restart', said)
        said = self.reload(lambda conf: conf['sctp'].update(udp_port=free_udp_port()), 'refused')
        self.assertIn('sctp.udp_port: needs a restart', said)
        self.ask(SipServer(self.agent, CLIENT))
        self.assert_ends_well(self.agent)
        server.close()

    def test_a_peer_that_loses_the_transport_of_its_connection_is_parted_from(self):
        server = YesServer(1)
        self.start(server, peers=[{'identity': SERVER, 'realm': REALM, 'connect': {
            'transport': 'tcp', 'address': '127.0.0.1', 'port': server.port}}, {'identity': CLIENT}])
        client = SipServer(self.agent, CLIENT)
        self.ask(client)
        said = self.reload(lambda conf: conf['peers'][1].update(transports=['tls']))
        self.assertIn(f'peers: {CLIENT} is changed, a connection by a transport that it lost ends', said)
        request = client.read()
        client.agree(request)
        self.assertIsNone(client.read())
        with self.assertRaises(AssertionError):
            SipServer(self.agent, CLIENT)
        self.assert_ends_well(self.agent)
        server.close()


if __name__ == '__main__':
    unittest.main()
