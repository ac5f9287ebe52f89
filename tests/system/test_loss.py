"""Cables that lose packets at random in both directions (nft), with load over them: every request is answered and the peer stays
open. Over SCTP in IP and in UDP, and over DTLS. The figures are printed."""
from common import wait_until
from paths import FAR, NEAR, Paths, read, setUpModule  # noqa: F401

# As many of a hundred, of those that arrive by the cables.
LOSS = '''
table inet loss {{
    chain arrivals {{
        type filter hook prerouting priority -300
        iifname {{ "near1", "near2", "far1", "far2" }} meta l4proto {{ sctp, udp }} numgen random mod 100 < {percent} counter drop
    }}
}}
'''


class Loss(Paths):
    settings = {}  # all as it is by default
    rate = 300
    answers = 1200

    def lose(self, percent):
        rules = LOSS.format(percent=percent)
        self.filter(rules)
        self.addCleanup(self.filter, 'delete table inet loss')
        self.filter(rules, *self.there)

    def lost(self, *where):
        listed = read(*where, 'nft', 'list', 'table', 'inet', 'loss')
        return int(listed.partition('counter packets ')[2].split()[0])

    def survive(self, percent):
        """A chunk may be lost several times in a row, each time twice as long as before: so a request has time."""
        self.start(is_read=False, timers={'request': '30s'})
        self.lose(percent)
        load = self.load('--duration', '1h', rate=self.rate)
        self.near.await_metrics(lambda now: now.sum('answers_total', peer=FAR) >= self.answers, 'a load')
        wait_until(lambda: min(self.lost(), self.lost(*self.there)) > 0, 'packets were lost both ways')
        report = load.finish()
        lost = [self.lost(), self.lost(*self.there)]
        self.assert_no_errors(report)
        self.assertEqual(report['connections_lost'], 0)
        self.assert_balanced(self.near)
        for agent, other in ((self.near, FAR), (self.far, NEAR)):
            self.assertEqual(agent.log.count(f'{other}: open'), 1)
        self.print_delays(report, f'{percent} %, {lost[0]} + {lost[1]} packets lost')

    def test_SCT_04_one_packet_of_a_hundred_is_lost(self):
        self.survive(1)

    def test_SCT_04_five_packets_of_a_hundred_are_lost(self):
        self.survive(5)


class Sctp(Loss):
    def test_SCT_04_SCT_09_twenty_packets_of_a_hundred_are_lost(self):
        self.survive(20)


class InUdp(Sctp):
    udp_port = 9899


class Dtls(Loss):
    transport = 'dtls'


del Loss
