"""freeDiameter as a neighbour: watchdogs, DPR, kill and frost, whoever dials."""
import signal

from common import LabClock, Scenario, wait_until
from diameter import CER, DISCONNECT_CAUSE, DPR, DWR, RESULT_CODE
from freediameter import FreeDiameter
from relay import IDENTITY, Relay, dialled, dialling
from tap import Port, Tap

PEER = 'fd1.transit.example'
REBOOTING = 0


class Neighbours(Scenario):
    """What must hold whoever dials. `agent_dials` says who does."""
    agent_dials = None

    def setUp(self):
        super().setUp()
        self.clock = LabClock(self.room / 'clock')
        self.port = Port(self).number

    def start_peer(self, watchdog=30):
        dials = {} if self.agent_dials else {IDENTITY: self.tap.port}
        self.peer = FreeDiameter(self, PEER, self.port, admits=[IDENTITY], dials=dials, watchdog=watchdog)

    def start_agent(self, watchdog='30s'):
        peer = dialled(PEER, self.tap.port) if self.agent_dials else dialling(PEER)
        self.agent = Relay(self, [peer], clock=self.clock, timers={'watchdog': watchdog})
        if not self.agent_dials:
            self.tap.target = self.agent.port

    def start(self, agent_watchdog='30s', peer_watchdog=30):
        """Who listens is first."""
        self.tap = Tap(self, self.port, self.agent_dials)
        if self.agent_dials:
            self.start_peer(peer_watchdog)
            self.start_agent(agent_watchdog)
        else:
            self.start_agent(agent_watchdog)
            self.start_peer(peer_watchdog)
        self.await_open()

    def await_open(self):
        self.agent.await_up(PEER)
        self.peer.await_open(IDENTITY)

    def back_in_service(self):
        """After a failure the agent wants three DWAs first. Its clock is moved until it has them."""
        self.agent.await_metrics(lambda now: now.sum('peers_open', peer=PEER) == 1, 'it is open again')
        while not self.agent.metrics().sum('peer_up', peer=PEER):
            self.await_answers()
            self.clock.move(2)

    def await_answers(self):
        """As many DWAs on this connection as there were DWRs of the agent."""
        now = self.tap.conversations[-1]
        wait_until(lambda: len(now.seen(from_agent=False, command=DWR, is_request=False)) >=
                   len(now.seen(from_agent=True, command=DWR, is_request=True)), 'its DWAs')

    def order(self, *kinds):
        """The messages of the last connection of these commands, as (from the agent, command, is a request)."""
        return [(one.from_agent, one.command, one.is_request)
                for one in self.tap.conversations[-1].seen() if one.command in kinds]

    def check_exchange(self):
        """The one who dialled sent the CER, nothing came before the CEA, and both said success."""
        self.assertEqual(self.order(CER), [(self.agent_dials, CER, True), (not self.agent_dials, CER, False)])
        cea = self.tap.conversations[-1].seen(command=CER, is_request=False)[0]
        self.assertEqual(cea.message.number(RESULT_CODE), 2001)
        self.assertEqual(self.tap.conversations[-1].seen()[1], cea)

    def check_idle_agent_asks(self):
        self.start(agent_watchdog='6s')
        self.check_exchange()
        for count in range(1, 6):
            self.clock.move(9)
            self.tap.await_seen('a DWR', count, from_agent=True, command=DWR, is_request=True)
            answers = self.tap.await_seen('its DWA', count, from_agent=False, command=DWR, is_request=False)
            self.assertEqual(answers[-1].message.number(RESULT_CODE), 2001)
        self.agent.await_up(PEER)
        self.assertEqual(len(self.tap.conversations), 1)

    def check_idle_peer_asks(self):
        self.start(peer_watchdog=6)
        answers = self.tap.await_seen('the DWA of the agent', 2, from_agent=True, command=DWR, is_request=False)
        self.assertEqual([one.message.number(RESULT_CODE) for one in answers], [2001] * len(answers))
        self.assertEqual(len(self.tap.conversations), 1)

    def check_agent_leaves(self):
        self.start()
        self.assertEqual(self.agent.stop(), 0)
        self.peer.await_state(IDENTITY, 'CLOSED|CLOSING|ZOMBIE')
        self.assertEqual(self.order(DPR), [(True, DPR, True), (False, DPR, False)])
        self.assertEqual(self.tap.seen(command=DPR)[0].message.number(DISCONNECT_CAUSE), REBOOTING)

    def check_peer_leaves_and_returns(self):
        self.start()
        self.peer.stop()
        self.agent.await_metrics(lambda now: not now.sum('peers_open', peer=PEER), 'it has gone')
        self.assertEqual(self.order(DPR), [(False, DPR, True), (True, DPR, False)])
        self.start_peer()
        self.back_in_service()
        self.check_exchange()

    def check_peer_is_killed_and_returns(self):
        self.start(agent_watchdog='6s')
        self.peer.kill()
        self.agent.await_metrics(lambda now: not now.sum('peers_open', peer=PEER), 'the loss is seen')
        self.start_peer()
        self.back_in_service()
        self.assertEqual(self.agent.stop(), 0)

    def check_peer_freezes_and_thaws(self):
        """Two expiries without an answer close the connection; the next one is used after three DWAs."""
        self.start(agent_watchdog='6s')
        first = self.tap.conversations[0]
        self.peer.send(signal.SIGSTOP)
        while self.agent.metrics().sum('peers_open', peer=PEER):
            self.clock.move(1)
        wait_until(lambda: first.closed_first_by == 'agent', 'the agent has closed')
        self.assertEqual(len(first.seen(from_agent=True, command=DWR)), 1)
        self.peer.send(signal.SIGCONT)
        self.back_in_service()

    def check_agent_is_killed_and_returns(self):
        self.start()
        self.agent.kill()
        self.peer.await_state(IDENTITY, 'CLOSED')
        self.start_agent()
        self.agent.await_up(PEER)
        self.check_exchange()
