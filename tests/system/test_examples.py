"""The worked examples of docs/GUIDE.md and docs/TRANSPORTS.md: each file is loaded and does with real traffic what the guide
says."""
import shutil
import subprocess

from common import AGENT_BIN, Hss, Load, REALM, Scenario, free_udp_port, wait_until
from diameter import ERROR, ORIGIN_HOST, RESULT_CODE, USER_NAME, avp
from test_dns import Server
from test_tls import Ring, TlsSipServer, TlsYesServer
from examples import FOLDER, LIR, MAR, UAR, Client, Example, certificates, servers

REDIRECT_HOST, VISITED_NETWORK, CAPABILITIES = 292, 386, 372
FLOW = ['--flow', 'registration', '--origin', 'edge%d.sip.example.net', '--server2', 'registrar%d.sip.example.net',
        '--verify-stickiness']


class Files(Scenario):
    def test_check_finds_nothing_in_any_example(self):
        certificates(self.room / 'tls')
        for file in FOLDER.iterdir():
            shutil.copy(file, self.room)
        for file in sorted(self.room.glob('*.yaml')):
            run = subprocess.run([AGENT_BIN / 'antipode', 'check', file], capture_output=True, text=True, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (0, f'{file}: ok\n'), run.stderr)


class Pool(Scenario):
    def test_a_pool_serves_each_user_at_one_hss_and_the_backup_when_all_else_is_gone(self):
        ports, hss = servers(self, 1, 2, 3)
        agent = Example(self, 'hss-pool', ports)
        report = Load(self, agent, *FLOW, '--users', 300, '--connections', 3, '--window', 20, '--flows', 300).report()
        self.assert_no_errors(report)
        self.assertEqual((report['status'], report['split_users']), (0, 0))
        sent = agent.metrics().by('messages_sent_total', 'peer')
        requests = {its: agent.metrics().sum('messages_sent_total', peer=its, type='request') for its in sent}
        self.assertEqual(requests['hss3.example.net'], 0)
        self.assertGreater(requests['hss1.example.net'], requests['hss2.example.net'], 'twice the weight')
        for lost in hss[:2]:
            lost.kill()
        agent.await_metrics(lambda now: now.sum('peers_open', peer='hss1.example.net') == 0 and
                            now.sum('peers_open', peer='hss2.example.net') == 0, 'both are lost')
        answer = Client(agent, 'edge9.sip.example.net').ask_for('sip:user1@example.net')
        self.assertEqual(answer.text(ORIGIN_HOST), 'hss3.example.net')


class Partitioned(Scenario):
    def test_a_table_says_which_group_serves_whom(self):
        ports, hss = servers(self, 1, 2, 3)
        agent = Example(self, 'partitioned', ports)
        client = Client(agent, 'edge1.sip.example.net')
        for aor, home in (('sip:user1@example.net', 1), ('tel:+4930100001', 1), ('sip:user2@example.net', 3),
                          ('tel:+49401234', 3), ('sip:+49401234@example.net;user=phone', 3), ('tel:+493025', 1),
                          ('sip:chat77@example.net', 3)):
            self.assertEqual(client.ask_for(aor).text(ORIGIN_HOST), f'hss{home}.example.net', aor)
        unknown = client.ask_for('sip:stranger@example.net')
        self.assertEqual((unknown.number(RESULT_CODE), unknown.text(ORIGIN_HOST)), (5032, 'dra1.example.net'))
        hss[0].kill()
        agent.await_metrics(lambda now: now.sum('peers_open', peer='hss1.example.net') == 0, 'hss1 is lost')
        self.assertEqual(client.ask_for('sip:user1@example.net').text(ORIGIN_HOST), 'hss2.example.net')
        hss[1].kill()
        agent.await_metrics(lambda now: now.sum('peers_open', peer='hss2.example.net') == 0, 'hss2 is lost')
        self.assertEqual(client.ask_for('sip:user1@example.net').number(RESULT_CODE), 3002, 'never in the south')


class Locator(Scenario):
    def test_a_locator_tells_where_a_user_is_and_asks_nobody(self):
        ports, hss = servers(self, 1, 3)
        agent = Example(self, 'locator', ports)
        client = Client(agent, 'edge1.sip.example.net')
        answer = client.ask_for('sip:user2@example.net')
        self.assertEqual((answer.number(RESULT_CODE), answer.flags & ERROR), (3006, ERROR))
        self.assertTrue(answer.text(REDIRECT_HOST).startswith('aaa://hss3.example.net'), answer.text(REDIRECT_HOST))
        self.assertEqual(client.ask_for('sip:stranger@example.net').number(RESULT_CODE), 5032)
        self.assertEqual(sum(server.report()['requests'] for server in hss), 0)


class Follow(Scenario):
    def test_redirects_of_a_locator_are_followed_and_remembered(self):
        ports, hss = servers(self, 1, 3)
        locator = Example(self, 'locator', ports)
        agent = Example(self, 'follow', {**ports, 'sl1.example.net': locator.port})
        client = Client(agent, 'edge1.sip.example.net')
        for _ in range(5):
            self.assertEqual(client.ask_for('sip:user1@example.net').text(ORIGIN_HOST), 'hss1.example.net')
        self.assertEqual(client.ask_for('sip:user2@example.net').text(ORIGIN_HOST), 'hss3.example.net')
        self.assertEqual(agent.metrics().sum('messages_sent_total', peer='sl1.example.net', type='request'), 2)


class Interconnect(Scenario):
    def start(self):
        ports, _ = servers(self, 1, 2)
        self.agent = Example(self, 'interconnect', ports)
        return Client(self.agent, 'proxy1.partner.example')

    def visit(self, client, network, *more):
        return client.ask_for('sip:user1@example.net', UAR, avp(VISITED_NETWORK, network), *more)

    def test_a_partner_is_screened_and_tidied_up(self):
        client = self.start()
        home = self.visit(client, 'one.partner.example', avp(USER_NAME, 'partner!user1@example.net'))
        self.assertEqual(home.number(RESULT_CODE), 2003, 'the HSS knows the name without its decoration')
        self.assertNotIn(CAPABILITIES, home.avps)
        roaming = self.visit(client, 'elsewhere.example')
        self.assertEqual((roaming.number(RESULT_CODE), roaming.text(ORIGIN_HOST)), (5035, 'edge1.example.net'))
        self.assertEqual(client.ask_for('sip:user1@example.net', MAR).number(RESULT_CODE), 5003)

    def test_a_partner_beyond_his_rate_is_told_so(self):
        client = self.start()
        for number in range(1000):
            client.send_lir(number)
        results = [client.take().number(RESULT_CODE) for _ in range(1000)]
        self.assertGreaterEqual(results.count(3004), 300, 'a burst of 400, and 200 a second')
        self.assertGreaterEqual(len(results) - results.count(3004), 400)


class TwoAgents(Scenario):
    def test_whichever_agent_is_asked_a_user_meets_his_hss(self):
        from redis import Redis
        store = Redis(self)
        ports, _ = servers(self, 1, 2)
        agents = [Example(self, f'two-agents-{number}', ports, redis=store.port) for number in (1, 2)]
        report = Load(self, agents[0], '--connect', f'127.0.0.1:{agents[1].port}', *FLOW, '--users', 300, '--connections', 4,
                      '--server2-connections', 2, '--window', 20, '--flows', 300).report()
        self.assert_no_errors(report)
        self.assertEqual((report['status'], report['split_users']), (0, 0))
        for agent in agents:
            self.assert_balanced(agent)


class GuideRing(Ring):
    """The folder `tls` beside the configuration, with certificates of all nodes."""

    def renew(self):
        certificates(self.folder, *self.names)


class TlsClient(TlsSipServer, Client):
    """A SIP server with a certificate that asks for one user at a time."""


class Tls(Scenario):
    def test_everybody_shows_a_certificate_with_his_name(self):
        names = ['edge1.sip.example.net', 'hss1.example.net', 'hss2.example.net']
        ring = GuideRing(self.room / 'tls', *names)
        hss = [TlsYesServer(number, ring, f'hss{number}.example.net') for number in (1, 2)]
        agent = Example(self, 'tls', {one.identity: one.port for one in hss})
        agent.tls_port = agent.port
        client = TlsClient(agent, ring, names[0], names[0])
        served = {client.ask_for(f'sip:user{user}@example.net').text(ORIGIN_HOST) for user in range(20)}
        self.assertEqual(served, {one.identity for one in hss})
        for certificate in (None, 'hss1.example.net'):
            with self.assertRaises((OSError, AssertionError)):
                TlsSipServer(agent, ring, 'edge2.sip.example.net', certificate)
        agent.await_metrics(lambda now: now.sum('connections_refused_total') == 2, 'both are refused')
        for one in hss:
            one.close()


class Partner(TlsYesServer):
    def __init__(self, ring):
        super().__init__(9, ring, 'dra.partner.example')
        self.identity = 'dra.partner.example'


class Discovery(Scenario):
    def test_servers_have_names_and_a_realm_says_who_serves_it(self):
        names = ['edge1.sip.example.net', 'hss1.example.net', 'hss2.example.net', 'dra.partner.example']
        ring = GuideRing(self.room / 'tls', *names)
        hss = [TlsYesServer(number, ring, f'hss{number}.example.net') for number in (1, 2)]
        partner = Partner(ring)
        dns = Server(self.room / 'zone')
        self.addCleanup(dns.close)
        dns.write(''.join(f'{one.identity} 60 A 127.0.0.1\n' for one in [*hss, partner]) +
                  'partner.example 60 NAPTR 50 50 "s" "aaa+ap6:diameter.tls.tcp" "" _diameters._tcp.partner.example\n'
                  f'_diameters._tcp.partner.example 60 SRV 0 0 {partner.port} {partner.identity}\n')
        agent = Example(self, 'discovery', {one.identity: one.port for one in hss}, dns=dns.address)
        agent.tls_port = agent.port
        client = TlsClient(agent, ring, names[0], names[0])
        served = {client.ask_for(f'sip:user{user}@example.net').text(ORIGIN_HOST) for user in range(20)}
        self.assertEqual(served, {one.identity for one in hss})
        answer = client.ask_for('sip:alice@partner.example', realm='partner.example')
        self.assertEqual((answer.number(RESULT_CODE), answer.text(ORIGIN_HOST)), (2001, partner.identity))
        self.assertEqual(client.ask_for('sip:bob@nowhere.example', realm='nowhere.example').number(RESULT_CODE), 3003)
        for one in [*hss, partner]:
            one.close()


class Associations(Scenario):
    """Examples over SCTP, in UDP: two HSSs and a SIP server of the same transport."""

    def start(self, name, tool):
        hss = [Hss(self, number, '--users', 100, '--udp-port', 'any', *tool(f'hss{number}.example.net')) for number in (1, 2)]
        udp_ports = {'': free_udp_port(), **{one.identity: one.udp_port for one in hss}}
        self.agent = Example(self, name, {one.identity: one.port for one in hss}, udp_ports=udp_ports)
        options = ['--udp-port', 'any', '--remote-udp-port', udp_ports[''], *tool('edge1.sip.example.net')]
        return lambda *more: Load(self, self.agent, '--origin', 'edge%d.sip.example.net', '--users', 100, '--requests', 500,
                                  *options, *more).report()

    def expect_answers(self, report):
        self.assert_no_errors(report)
        self.assertEqual((report['status'], report['requests'], report['split_users']), (0, 500, 0))
        self.assert_balanced(self.agent)

    def test_sctp_over_two_networks(self):
        load = self.start('sctp', lambda name: ['--transport', 'sctp'])
        self.expect_answers(load('--application', 'cx', '--verify-stickiness'))

    def test_sctp_in_udp(self):
        load = self.start('sctp-udp', lambda name: ['--transport', 'sctp'])
        self.expect_answers(load('--verify-stickiness'))

    def test_dtls_with_a_certificate_for_everybody(self):
        names = ['edge1.sip.example.net', 'hss1.example.net', 'hss2.example.net']
        ring = GuideRing(self.room / 'tls', *names)
        load = self.start('dtls', lambda name: [
            '--transport', 'dtls', '--tls-certificate', ring.path(f'{name}.pem'), '--tls-key', ring.path(f'{name}.key'),
            '--tls-ca', ring.path('ca.pem')])
        self.expect_answers(load('--verify-stickiness'))
