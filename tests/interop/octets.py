"""The agent with a tap on each side, and tshark for a judge."""
import judge
from common import LabClock, Scenario
from relay import IDENTITY, REALM, Relay, dialled, dialling
from tap import Tap

CLIENT, SERVER = 'c1.example.com', f'hss1.{REALM}'


class Octets(Scenario):
    """The agent with a tap before it and one behind it; whoever is there is the test's."""

    def start(self, server_port, routes=(), **sections):
        self.behind = Tap(self, server_port, True)
        self.clock = LabClock(self.room / 'clock')
        self.agent = Relay(self, [dialled(SERVER, self.behind.port, role='server'), dialling('*.example.com')],
                           pool=[SERVER], clock=self.clock, routes=routes, **sections)
        self.before = Tap(self, self.agent.port, False)

    def assert_judged(self):
        """tshark saw as many messages as the taps, and has nothing to say of those that the agent sent."""
        verdicts = judge.judged(self, self.before, self.behind)
        recorded = len(self.before.seen(from_agent=True)) + len(self.behind.seen(from_agent=True))
        sent = [one for one in verdicts if one.from_agent]
        self.assertEqual(len(sent), recorded)
        for one in sent:
            judge.check(self, one, IDENTITY)
        return sent
