"""freeDiameter as a client that dials the agent."""
import freediameter
import neighbours


@freediameter.needed
class Client(neighbours.Neighbours):
    agent_dials = False

    def test_CEX_01_WDG_01_a_client_answers_the_dwrs_of_the_agent(self):
        self.check_idle_agent_asks()

    def test_a_client_has_its_dwrs_answered(self):
        self.check_idle_peer_asks()

    def test_DPR_01_the_agent_leaves_a_client_with_dpr(self):
        self.check_agent_leaves()

    def test_DPR_02_a_client_that_leaves_with_dpr_may_return(self):
        self.check_peer_leaves_and_returns()

    def test_WDG_07_WDG_10_a_client_that_freezes_is_left_and_may_return(self):
        self.check_peer_freezes_and_thaws()

    def test_WDG_10_WDG_14_a_client_that_was_killed_may_return(self):
        self.check_peer_is_killed_and_returns()

    def test_an_agent_that_was_killed_is_dialled_again(self):
        self.check_agent_is_killed_and_returns()
