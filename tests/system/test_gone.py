"""An SCTP peer whose process is killed says nothing: its stack is gone with it. How soon that is noticed, with the defaults, and that
it is found again; over two paths, in IP and in UDP. And one that begins anew with the addresses and ports that it had."""
import time

from common import wait_until
from paths import FAR, Paths, setUpModule  # noqa: F401


class InIp(Paths):
    settings = {}  # all as it is by default

    def test_SCT_08_WDG_15_a_killed_agent_is_missed_under_load_and_found_again(self):
        self.start(is_read=False)
        load = self.load('--duration', '1h')
        self.near.await_metrics(lambda now: now.sum('answers_total', peer=FAR) > 300, 'a load')
        began = time.monotonic()
        self.far.kill()
        self.near.await_line(rf'{FAR}: closed: ')
        print(f'{self.id().split(".", 1)[1]}: missed after {time.monotonic() - began:.1f} s')
        self.start_far()
        wait_until(lambda: self.near.log.count(f'{FAR}: open') == 2, 'it is found again')
        before = self.near.metrics().sum('answers_total', peer=FAR)
        self.near.await_metrics(lambda now: now.sum('answers_total', peer=FAR) > before + 300, 'the load goes on')
        report = load.finish()
        self.assert_no_errors(report, 'protocol')
        self.assertEqual(report['connections_lost'], 0)
        self.assert_balanced(self.near)


class InUdp(InIp):
    udp_port = 9899
