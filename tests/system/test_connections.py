"""A thousand connections opened at once, alone and beside a load."""
from common import Agent, Hss, Load, Scenario


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

    def test_a_thousand_connections_at_once_under_load_lose_nothing(self):
        self.start()
        load = Load(self, self.agent, '--connections', 10, '--rate', 2000, '--window', 0, '--duration', '1h')
        self.agent.await_metrics(lambda now: now.sum('answers_total') > 1000, 'a load')
        self.open_a_thousand()
        self.assertTrue(load.is_running)
        report = load.finish()
        self.assert_no_errors(report)
        self.assertEqual((report['connections_lost'], report['status']), (0, 0))
        self.end()
