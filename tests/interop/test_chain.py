"""antipode-load → Antipode → freeDiameter as relay → antipode-hss: nothing is lost, and both legs of the agent are
equal AVP by AVP but for its Route-Record."""
import freediameter
import judge
from common import Hss, LabClock, Load, Scenario
from freediameter import FreeDiameter
from legs import Legs
from relay import IDENTITY, Relay, dialled, dialling
from tap import Port, Tap

USERS = 200
MIX = ['--mix', 'UAR:3,MAR:1,SAR:1,LIR:5', '--users', USERS]


@freediameter.needed
class Chain(Scenario):
    def start_relay(self, number):
        return FreeDiameter(self, f'fd{number}.transit.example', Port(self).number, admits=[IDENTITY],
                            dials={hss.identity: hss.port for hss in self.hsss}, realms={'example.com': IDENTITY})

    def start(self, *hss, relays=1):
        """One HSS, so many relays before it, and the agent before them, with a tap on each of its sides."""
        self.hsss = [Hss(self, 1, '--users', USERS, *hss)]
        self.relays = [self.start_relay(number + 1) for number in range(relays)]
        for relay in self.relays:
            relay.await_open(self.hsss[0].identity)
        self.clock = LabClock(self.room / 'clock')
        self.behind = [Tap(self, relay.port, True) for relay in self.relays]
        names = [relay.identity for relay in self.relays]
        peers = [dialled(name, tap.port) for name, tap in zip(names, self.behind)]
        self.agent = Relay(self, [*peers, dialling('*.example.com')], pool=names, clock=self.clock,
                           timers={'request': '60s', 'watchdog': '6s'})
        self.agent.await_up(*names)
        self.before = Tap(self, self.agent.port, False)

    def load(self, *options):
        return Load(self, self.before, '--connections', 3, '--window', 4, '--origin', 'sip%d.example.com', *options)

    def check(self, report):
        self.assert_no_errors(report)
        self.assertEqual((report['split_users'], report['status']), (0, 0))
        self.assert_balanced(self.agent)
        self.assertEqual(Legs(self, self.before, *self.behind).compare(), report['requests'])

    def mix(self, application):
        self.start()
        self.check(self.load('--application', application, '--requests', 1000, *MIX, '--verify-stickiness').report())
        self.assert_ends_well(self.agent)

    def test_RTE_01_RTE_02_HDR_25_AVP_16_a_mix_of_rfc_4740_passes_unchanged(self):
        self.mix('sip')

    def test_RTE_01_RTE_02_HDR_25_AVP_16_a_mix_of_cx_passes_unchanged(self):
        self.mix('cx')

    @judge.needed
    def test_the_registration_flow_of_rfc_4740_passes(self):
        self.start()
        report = self.load('--flow', 'registration', '--flows', 30, '--users', 30, '--server2',
                           'registrar%d.example.com', '--verify-stickiness').report()
        self.check(report)
        self.assertEqual(report['flows'], 30)
        for verdict in judge.judged(self, self.before, *self.behind):
            if verdict.from_agent:
                judge.check(self, verdict, IDENTITY)

    def push(self, application, kind):
        """The HSS begins while the SIP servers ask; what it says goes the whole way back."""
        self.start('--registered', '--push', f'{kind}:100')
        load = self.load('--application', application, '--rate', 200, '--window', 0, '--duration', '1h', *MIX)
        self.agent.await_metrics(lambda now: now.sum('messages_sent_total', peer='*.example.com', type='request') >=
                                 50, 'pushes')
        pushes = self.hsss[0].report()['pushes']
        self.assertEqual(set(pushes['results']), {'2001'})
        self.assertGreaterEqual(load.finish()['pushes'], 50)

    def test_SRV_01_SRV_08_ppr_of_rfc_4740_comes_back_through_the_chain(self):
        self.push('sip', 'ppr')

    def test_SRV_01_SRV_08_rtr_of_cx_comes_back_through_the_chain(self):
        self.push('cx', 'rtr')

    def test_FOV_01_a_relay_that_is_killed_under_load_loses_nothing(self):
        self.start(relays=2)
        load = self.load('--rate', 300, '--window', 0, '--duration', '1h', *MIX)
        answered = [relay.identity for relay in self.relays]
        self.agent.await_metrics(lambda now: all(now.sum('answers_total', peer=name) > 100 for name in answered),
                                 'a load on both')
        self.relays[0].kill()
        lost = self.agent.await_metrics(lambda now: not now.sum('peer_up', peer=answered[0]), 'the loss is seen')
        self.agent.await_metrics(lambda now: now.sum('answers_total', peer=answered[1]) >
                                 lost.sum('answers_total', peer=answered[1]) + 300, 'the other has it all')
        report = load.finish()
        self.assert_no_errors(report)
        self.assertEqual(report['connections_lost'], 0)
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)
