"""What bench/demo.sh shows, small: the registration flow of RFC 4740 §6.3 and a mix from 50 SIP servers, over four
workers, spread and packed, in both applications."""
from common import Agent, Hss, Load, Scenario


class Demo(Scenario):
    def register(self, application):
        report = Load(self, self.agent, '--flow', 'registration', '--flows', 300, '--users', 300, '--connections', 3,
                      '--window', 8, '--origin', 'sip%d.example.com', '--server2', 'registrar%d.example.com',
                      '--application', application, '--verify-stickiness', name='flow').report()
        self.assert_no_errors(report)
        self.assertEqual((report['flows'], report['split_users'], report['status']), (300, 0, 0))

    def mix(self, application):
        report = Load(self, self.agent, '--requests', 20000, '--users', 1000, '--connections', 50, '--window', 16,
                      '--application', application, '--verify-stickiness').report()
        self.assert_no_errors(report)
        self.assertEqual((report['requests'], report['split_users'], report['status']), (20000, 0, 0))
        self.assertEqual(len(report['servers']), 2)

    def run_with(self, placement, application):
        hsss = [Hss(self, 1), Hss(self, 2)]
        self.agent = Agent(self, hsss, workers=4, placement=placement)
        self.register(application)
        self.mix(application)
        metrics = self.assert_balanced(self.agent)
        self.assertEqual(metrics.sum('requests_total'), metrics.sum('requests_total', outcome='answered'))
        self.assert_ends_well(self.agent, *hsss)

    def test_sip_over_workers_that_share(self):
        self.run_with('spread', 'sip')

    def test_sip_packed(self):
        self.run_with('packed', 'sip')

    def test_cx_over_workers_that_share(self):
        self.run_with('spread', 'cx')

    def test_cx_packed(self):
        self.run_with('packed', 'cx')
