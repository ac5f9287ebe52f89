"""An HSS that stops reading and a client that floods: the others are served, and memory keeps its limit."""
import select
import signal

from common import Agent, Hss, Load, Scenario, wait_until
from diameter import ORIGIN_HOST, SipServer, homes

USERS = 200
MEMORY = 64 << 20


class Pressure(Scenario):
    def start(self, *options, first=None, **limits):
        self.hsss = [Hss(self, number, '--users', USERS, *options) for number in (1, 2)]
        self.agent = Agent(self, self.hsss, first=first, timers={'request': '5m', 'watchdog': '5m'}, limits={
            'connections': 400, 'memory': f'{MEMORY >> 20}MiB', **limits})

    def load(self, name, rate, *options):
        return Load(self, self.agent, '--rate', rate, '--window', 0, '--users', USERS, '--mix', 'LIR:1',
                    '--origin', f'{name}%d.example.com', *options, name=name)

    def await_diversion(self, client, user):
        """He sends one request after the other, for a user of the HSS that has stopped, until the other one answers.
        How many are still without an answer."""
        waiting = 0

        def look():
            nonlocal waiting
            client.send_lir(user)
            waiting += 1
            while select.select([client], [], [], 0.05)[0]:
                waiting -= 1
                if client.take().text(ORIGIN_HOST) == self.hsss[1].identity:
                    return True
            return False
        wait_until(look, 'the HSS that has stopped is no candidate any more')
        return waiting

    def assert_bounded(self):
        self.assertLess(self.agent.metrics().sum('memory_used_bytes'), MEMORY)

    def stop_one_of_two(self):
        """Under load of 100 connections; what goes to the other HSS by name never sees an error."""
        stopped, other = self.hsss
        at = homes(self.agent, range(USERS))
        ours = {user: host for user, host in at.items() if host == other.identity}
        polite = self.load('polite', 300, '--connections', 10, '--destination-host', other.identity,
                           '--duration', '1h')
        crowd = self.load('crowd', 1000, '--connections', 100, '--allow', 'protocol', '--duration', '1h')
        self.agent.await_metrics(lambda now: now.sum('answers_total', peer=stopped.identity) > 200, 'a load')
        stopped.send(signal.SIGSTOP)
        watch = SipServer(self.agent, 'watch.example.com')
        waiting = self.await_diversion(watch, min(at.keys() - ours.keys()))
        for _ in range(20):
            self.assertEqual(homes(self.agent, ours), ours)
            self.assert_bounded()
        stopped.send(signal.SIGCONT)
        for _ in range(waiting):
            self.assertIsNotNone(watch.take())
        watch.close()
        self.end(polite.finish(), crowd)

    def end(self, polite, greedy):
        self.assert_no_errors(polite)
        self.assertEqual(polite['connections_lost'], 0)
        self.assert_no_errors(greedy.finish(), 'protocol')
        metrics = self.assert_balanced(self.agent)
        self.assertEqual(metrics.sum('dropped_total'), 0)
        self.assert_ends_well(self.agent, *self.hsss)

    def test_RTE_25_an_hss_that_stops_reading_fills_its_pending_table_and_nobody_elses(self):
        self.start(first={'pending_per_peer': 200})
        self.stop_one_of_two()

    def test_RTE_25_an_hss_that_stops_reading_fills_its_queue_and_nobody_elses(self):
        self.start(first={'outbound_per_peer': '64KiB'})
        self.stop_one_of_two()

    def test_a_client_that_floods_is_refused_and_a_polite_one_is_served(self):
        self.start('--delay', '2ms-5ms', in_flight_per_peer=200)
        flood = Load(self, self.agent, '--window', 5000, '--duration', '1h', '--users', USERS,
                     '--origin', 'flood%d.example.com', '--allow', 'protocol', name='flood')
        self.agent.await_metrics(lambda now: now.sum('local_answers_total', result='3004') > 1000, 'a flood')
        polite = self.load('polite', 500, '--connections', 10, '--requests', 1000)
        polite.wait()
        self.assert_bounded()
        self.assertTrue(flood.is_running)
        self.end(polite.report(), flood)
