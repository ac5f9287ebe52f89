"""Requests that an HSS begins reach the SIP server that they name, and its answer comes back."""
import json
import signal

from common import Agent, Hss, Load, Scenario
from diameter import DESTINATION_HOST, SipServer, serve

RTR, PPR = 287, 288
USERS = 100


class Push(Scenario):
    def start(self, kind):
        self.hss = Hss(self, 1, '--users', USERS, '--registered', '--push', f'{kind}:50')
        self.agent = Agent(self, [self.hss])

    def push_to_three(self, kind, command):
        self.start(kind)
        servers = [SipServer(self.agent, f'sip{number}.example.com') for number in (1, 2, 3)]
        for server in servers:
            server.send_lir(0)  # so the HSS hears of it
            self.assertIsNotNone(server.take())
        serve(servers, lambda: min(len(server.pushes) for server in servers) >= 5, 'pushes for each')
        for server in servers:
            self.assertEqual({push.text(DESTINATION_HOST) for push in server.pushes}, {server.identity})
            self.assertEqual({push.command for push in server.pushes}, {command})
        self.hss.send(signal.SIGTERM)
        serve(servers, lambda: not self.hss.is_running, 'the end of the HSS')
        self.assert_answered(sum(len(server.pushes) for server in servers))
        for server in servers:
            server.close()
        self.assert_ends_well(self.agent)

    def assert_answered(self, count):
        self.assertEqual(self.hss.wait(), 0)
        pushes = json.loads(self.hss.output.splitlines()[-1])['pushes']
        self.assertEqual((pushes['answered'], pushes['results']), (count, {'2001': count}))

    def test_SRV_01_a_ppr_reaches_the_sip_server_it_names(self):
        self.push_to_three('ppr', PPR)

    def test_SRV_01_an_rtr_reaches_the_sip_server_it_names(self):
        self.push_to_three('rtr', RTR)

    def under_load(self, application):
        self.start('ppr')
        load = Load(self, self.agent, '--connections', 20, '--rate', 500, '--window', 0, '--duration', '1h',
                    '--users', USERS, '--application', application)
        self.agent.await_metrics(lambda now: now.sum('messages_sent_total', peer='*.example.com',
                                                     type='request') >= 50, 'pushes')
        self.hss.send(signal.SIGTERM)
        self.hss.wait()
        self.assert_answered(load.finish()['pushes'])
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)

    def test_SRV_01_pushes_pass_the_load_of_rfc_4740(self):
        self.under_load('sip')

    def test_SRV_01_pushes_pass_the_load_of_cx(self):
        self.under_load('cx')
