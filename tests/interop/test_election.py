"""Both dial at once: RFC 6733 §5.6.4 with freeDiameter on the other side. Two taps hold the CERs until both are sent."""
import freediameter
from common import LabClock, Scenario, wait_until
from diameter import CER, DWR
from freediameter import FreeDiameter
from relay import IDENTITY, Relay, dialled
from tap import Port, Tap


@freediameter.needed
class Election(Scenario):
    def collide(self, identity):
        """Both CERs are on the wire before either arrives."""
        port = Port(self).number
        self.ours, self.theirs = Tap(self, port, True, held=True), Tap(self, None, False, held=True)
        self.clock = LabClock(self.room / 'clock')
        self.agent = Relay(self, [dialled(identity, self.ours.port)], clock=self.clock, timers={'watchdog': '6s'})
        self.theirs.target = self.agent.port
        self.peer = FreeDiameter(self, identity, port, dials={IDENTITY: self.theirs.port})
        self.ours.await_seen('our CER', command=CER)
        self.theirs.await_seen('its CER', command=CER)
        self.ours.release()
        self.theirs.release()

    def check(self, identity, kept, dropped):
        self.agent.await_up(identity)
        self.peer.await_open(IDENTITY)
        wait_until(lambda: dropped.conversations[0].closed_first_by, 'the other connection is closed')
        for count in (1, 2):
            self.clock.move(9)
            kept.await_seen('a DWA', count, from_agent=False, command=DWR, is_request=False)
        self.assertIsNone(kept.conversations[0].closed_first_by)
        self.assertEqual(len(kept.conversations) + len(dropped.conversations), 2)
        self.assertEqual(self.agent.metrics().sum('connections'), 1)
        self.assertEqual(self.agent.stop(), 0)

    def test_PSM_01_PSM_03_PSM_04_a_higher_identity_keeps_what_the_agent_dialled(self):
        self.collide('fd1.transit.example')
        self.check('fd1.transit.example', self.ours, self.theirs)

    def test_PSM_01_PSM_03_PSM_04_a_lower_identity_keeps_what_it_dialled(self):
        self.collide('a1.transit.example')
        self.check('a1.transit.example', self.theirs, self.ours)
