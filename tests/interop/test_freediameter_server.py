"""freeDiameter as a server that the agent dials."""
import freediameter
import neighbours
from diameter import DWR
from neighbours import PEER


@freediameter.needed
class Server(neighbours.Neighbours):
    agent_dials = True

    def test_CEX_01_WDG_01_a_server_that_the_agent_dials_answers_its_dwrs(self):
        self.check_idle_agent_asks()

    def test_a_server_that_the_agent_dials_has_its_dwrs_answered(self):
        self.check_idle_peer_asks()

    def test_DPR_01_the_agent_leaves_a_server_with_dpr(self):
        self.check_agent_leaves()

    def test_DPR_02_DPR_05_a_server_that_leaves_with_dpr_is_dialled_again(self):
        self.check_peer_leaves_and_returns()

    def test_WDG_01_WDG_04_both_watch_an_idle_connection_in_real_time(self):
        self.start(agent_watchdog='6s', peer_watchdog=6)
        self.tap.await_seen('DWAs', 4, command=DWR, is_request=False)
        self.agent.await_up(PEER)
        self.assertEqual(len(self.tap.conversations), 1)

    def test_WDG_07_WDG_10_a_server_that_freezes_is_left_and_dialled_again(self):
        self.check_peer_freezes_and_thaws()

    def test_WDG_10_a_server_that_was_killed_is_dialled_again(self):
        self.check_peer_is_killed_and_returns()

    def test_an_agent_that_was_killed_dials_again(self):
        self.check_agent_is_killed_and_returns()
