"""SIGTERM: what was asked is answered, everybody gets a DPR, then the agent ends with 0. A second one ends it at once."""
import signal

from common import Agent, Hss, Load, Scenario
from diameter import DISCONNECT_CAUSE, DPR, SipServer


class Stop(Scenario):
    def stop_under_load(self, placement):
        hsss = [Hss(self, number, '--delay', '2ms-10ms') for number in (1, 2)]
        agent = Agent(self, hsss, placement=placement)
        load = Load(self, agent, '--connections', 20, '--window', 8, '--duration', '1h')
        agent.await_metrics(lambda now: now.sum('answers_total') > 1000, 'a load')
        self.assertEqual(agent.stop(), 0)
        report = load.report()
        self.assert_no_errors(report)
        served = [hss.report()['requests'] for hss in hsss]
        self.assertEqual(sum(served), report['answers'])

    def test_what_was_sent_before_the_dpr_is_answered(self):
        self.stop_under_load('spread')

    def test_what_was_sent_before_the_dpr_is_answered_with_packed_homes(self):
        self.stop_under_load('packed')

    def test_DPR_01_a_client_is_told_that_the_agent_is_rebooting(self):
        hss = Hss(self, 1)
        agent = Agent(self, [hss])
        server = SipServer(agent, 'sip1.example.com')
        agent.send(signal.SIGTERM)
        message = server.read()
        self.assertEqual((message.command, message.number(DISCONNECT_CAUSE)), (DPR, 0))
        server.agree(message)
        self.assertIsNone(server.read())
        self.assertEqual(agent.wait(), 0)
        self.assert_ends_well(hss)

    def test_a_second_signal_ends_at_once(self):
        hss = Hss(self, 1, '--silent', 100)
        agent = Agent(self, [hss], timers={'drain': '1h', 'disconnect': '1h', 'request': '10m'})
        server = SipServer(agent, 'sip1.example.com')
        server.send_lir(0)
        agent.await_metrics(lambda now: now.sum('peer_pending_requests', peer=hss.identity) == 1, 'a request')
        agent.send(signal.SIGTERM)
        agent.await_line(r'^INFO -: stop: draining$')
        self.assertEqual(server.read().command, DPR)
        self.assertTrue(agent.is_running)
        self.assertEqual(agent.stop(), 0)
