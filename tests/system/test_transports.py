"""The main job over each secure or multi-homed transport: registrations, a mix, pushes, and an HSS that is killed under load, with all
connections of the agent over the same transport."""
from carrier import Carrier
from common import Agent, Hss, Load, Scenario

USERS = 200
CLIENTS = [*(f'sip{number}.example.com' for number in range(1, 9)), 'registrar1.example.com', 'registrar2.example.com']


class Transport(Scenario):
    transport = 'tcp'

    def start(self, *options, **conf):
        self.carrier = Carrier(self, self.transport, agent=['dra1.example.net'], hss1=['hss1.example.net'],
                               hss2=['hss2.example.net'], load=CLIENTS)
        first = Hss(self, 1, '--users', USERS, *self.carrier.tool('hss1'), *options)
        mate = ['--peer-of', first.address, *self.carrier.dialled(first.udp_port)]
        self.hsss = [first, Hss(self, 2, '--users', USERS, *self.carrier.tool('hss2'), *mate, *options)]
        self.agent = Agent(self, self.hsss, carrier=self.carrier, **conf)

    def load(self, *options, name='load'):
        return Load(self, self.agent, '--users', USERS, *self.carrier.tool('load'), *self.carrier.dialled(self.carrier.udp_port),
                    *options, name=name)

    def end(self, *programs):
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent, *(programs or self.hsss))


class Tcp(Transport):
    def test_users_register_and_nobody_is_split(self):
        self.start()
        report = self.load('--flow', 'registration', '--flows', USERS, '--connections', 3, '--server2-connections', 2,
                           '--window', 8, '--verify-stickiness').report()
        self.assert_no_errors(report)
        self.assertEqual((report['flows'], report['split_users'], report['status']), (USERS, 0, 0))
        self.assertEqual(len(report['servers']), 2)
        self.end()

    def test_a_mix_of_many_is_answered_over_workers_that_share(self):
        self.start(workers=4)
        report = self.load('--requests', 10000, '--connections', 8, '--window', 16, '--verify-stickiness').report()
        self.assert_no_errors(report)
        self.assertEqual((report['requests'], report['split_users'], report['status']), (10000, 0, 0))
        self.end()

    def test_SRV_01_the_server_reaches_the_SIP_server_that_it_names(self):
        self.start('--push', 'ppr:1000')
        report = self.load('--flow', 'push', '--flows', USERS, '--connections', 3, '--window', 8).report()
        self.assert_no_errors(report)
        self.assertEqual((report['flows'], report['status']), (USERS, 0))
        self.assert_ends_well(self.agent, *self.hsss)  # not balanced: they push to the end

    def test_an_HSS_is_killed_under_load_and_its_mate_answers(self):
        """Sent again with T, once for each: nothing is lost. Who is killed says nothing over sctp: that he is gone is noticed by
        what he does not acknowledge; that takes 2.5 s of the 4 s that a request has by default, and more on a machine that is busy."""
        self.start(timers={'request': '30s'})
        load = self.load('--rate', 2000, '--duration', '1h', '--connections', 4)
        self.agent.await_metrics(lambda now: now.sum('requests_total') > 2000, 'a load under way')
        dead, mate = self.hsss
        dead.kill()
        self.agent.await_metrics(lambda now: now.sum('peers_open', peer=dead.identity) == 0, 'its connection is gone')
        before = self.agent.metrics().sum('requests_total')
        self.agent.await_metrics(lambda now: now.sum('requests_total') > before + 1000, 'the load goes on')
        report = load.finish()
        self.assert_no_errors(report)
        self.end(mate)


class Tls(Tcp):
    transport = 'tls'


class Sctp(Tcp):
    transport = 'sctp'


class Dtls(Tcp):
    transport = 'dtls'
