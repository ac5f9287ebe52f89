"""A thousand connections opened at once, alone and beside a load; a client that comes back as soon as it has left."""
from common import Agent, Hss, Load, Scenario, wait_until
from diameter import SipServer


class Connections(Scenario):
    def start(self):
        self.hsss = [Hss(self, 1), Hss(self, 2)]
        self.agent = Agent(self, self.hsss)

    def open_a_thousand(self):
        report = Load(self, self.agent, '--connections', 1000, '--window', 1, '--requests', 10000,
                      '--origin', 'many%d.example.com', '--verify-stickiness', name='many').report()
        self.assert_no_errors(report)
        self.assertEqual((report['requests'], report['connections_lost'], report['status']), (10000, 0, 0))
        return report

    def end(self):
        metrics = self.assert_balanced(self.agent)
        self.assertEqual(metrics.sum('connections_refused_total'), 0)
        self.assertEqual(metrics.sum('dropped_total'), 0)
        self.assert_ends_well(self.agent, *self.hsss)

    def test_a_thousand_connections_at_once_lose_nothing(self):
        self.start()
        self.open_a_thousand()
        self.end()

    def under_load(self, act):
        load = Load(self, self.agent, '--connections', 10, '--rate', 2000, '--window', 0, '--duration', '1h',
                    '--origin', 'edge%d.example.com')
        self.agent.await_metrics(lambda now: now.sum('answers_total') > 1000, 'a load')
        act()
        self.assertTrue(load.is_running)
        report = load.finish()
        self.assert_no_errors(report)
        self.assertEqual((report['connections_lost'], report['status']), (0, 0))

    def test_a_thousand_connections_at_once_under_load_lose_nothing(self):
        self.start()
        self.under_load(self.open_a_thousand)
        self.end()

    def come_back(self):
        """A CER before the agent has seen the end of the connection before is refused by silence: PSM-01."""
        def look():
            try:
                return SipServer(self.agent, 'sip1.example.com')
            except ConnectionError:
                return None
        return wait_until(look, 'a CEA')

    def leave_and_come_back(self):
        for user in range(300):
            server = self.come_back()
            server.send_lir(user)
            self.assertIsNotNone(server.take())
            server.close()

    def test_a_client_that_comes_back_at_once_is_admitted_and_served(self):
        self.start()
        self.under_load(self.leave_and_come_back)
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent, *self.hsss)
