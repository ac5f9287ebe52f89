"""One of two HSSs is killed under load, ten times: every request ends once, what was pending comes to the survivor with
T, and the users return after the third DWA, each to where he was.

The agent is on the lab clock; the load generator and the HSSs live in real time. Over tls, sctp and dtls it is less often.
"""
import re
import signal
import types

from carrier import Carrier
from common import REALM, Hss, LabClock, Load, Agent, Scenario, free_port
from diameter import homes

USERS = 300
RATE = 1500
STEP = 1  # seconds of the lab clock: the watchdog of 6 s takes many


CLIENTS = [*(f'sip{number}.example.com' for number in range(1, 9))]


class Kill(Scenario):
    transport = 'tcp'
    kills = 5  # of each

    def start(self):
        self.clock = LabClock(self.room / 'clock')
        self.carrier = Carrier(self, self.transport, agent=['dra1.example.net'], hss1=[f'hss1.{REALM}'], hss2=[f'hss2.{REALM}'],
                               load=CLIENTS)
        first = self.start_hss(1)
        self.hsss = {1: first, 2: self.start_hss(2, mate=first)}
        self.agent = Agent(self, self.hsss.values(), self.clock, carrier=self.carrier, listen=self.listeners(), timers={
            'watchdog': '6s', 'request': '10m', 'reconnect': {'minimum': '1s', 'maximum': '1s'}})
        port = re.search(r'listening: tcp 127\.0\.0\.1:(\d+)', self.agent.log)[1]
        self.door = types.SimpleNamespace(port=int(port))  # of the probes
        self.load = Load(self, self.agent, *self.carrier.tool('load'), *self.carrier.dialled(self.carrier.udp_port), '--rate', RATE, '--window', 0, '--connections', 8, '--duration', '1h',
                         '--users', USERS, '--mix', 'UAR:3,MAR:1,SAR:1,LIR:5', '--allow', 'protocol')
        self.agent.await_metrics(lambda now: all(now.sum('answers_total', peer=hss.identity) > 100
                                                 for hss in self.hsss.values()), 'a load on both')

    def listeners(self):
        """Probes come over tcp."""
        return [{'transport': transport, 'address': '127.0.0.1', 'port': 0} for transport in {self.transport: 0, 'tcp': 0}]

    def start_hss(self, number, mate=None, port=0, udp_port='any'):
        words = self.carrier.tool(f'hss{number}')
        if self.carrier.is_sctp:
            words[-1] = udp_port
        elif not port:
            port = free_port()  # it comes back to it
        if mate:
            words += ['--peer-of', mate.address, *self.carrier.dialled(mate.udp_port)]
        return Hss(self, number, '--users', USERS, '--delay', '5ms-20ms', *words, port=port)

    def restart(self, number):
        before = self.hsss[number]
        self.hsss[number] = self.start_hss(number, self.hsss[3 - number], before.port, before.udp_port)

    def is_up(self, metrics, hss):
        return metrics.sum('peer_up', peer=hss.identity) == 1

    def unanswered(self, metrics):
        """Messages of the base protocol that the HSSs owe the agent, or were owed when they were killed."""
        return sum(metrics.sum('messages_sent_total', peer=hss.identity, type='base') -
                   metrics.sum('messages_received_total', peer=hss.identity, type='base')
                   for hss in self.hsss.values())

    def is_dialled(self, metrics):
        """Connecting takes real time; the limit of it runs on the lab clock, which must not outrun it."""
        return any(metrics.sum('peer_state', peer=hss.identity, state='wait_conn_ack') for hss in self.hsss.values())

    def await_life(self, since, others):
        """After a step of the clock: the others and the load have said something, so that no watchdog of theirs runs
        out; no DWR waits for its DWA, and no dialled HSS for its connection."""
        def asked(metrics):
            return metrics.sum('messages_received_total', type='request')

        def lives(now):
            heard = all(now.sum('answers_total', peer=hss.identity) > since.sum('answers_total', peer=hss.identity)
                        for hss in others)
            return (heard and asked(now) >= asked(since) + 24 and self.unanswered(now) <= self.unanswered(since) and
                    not self.is_dialled(now))
        return self.agent.await_metrics(lives, 'life after a step of the clock')

    def bring_back(self, hss, others):
        """Steps until the peer is up; no request may reach it while it is in REOPEN. How many base messages came."""
        metrics = before = self.agent.metrics()
        sent = before.sum('messages_sent_total', peer=hss.identity, type='request')
        for _ in range(60):
            if self.is_up(metrics, hss):
                return (metrics.sum('messages_received_total', peer=hss.identity, type='base') -
                        before.sum('messages_received_total', peer=hss.identity, type='base'))
            self.clock.move(STEP)
            after = self.await_life(metrics, others)
            if not self.is_up(after, hss):
                self.assertEqual(metrics.sum('messages_sent_total', peer=hss.identity, type='request'), sent)
            metrics = after
        self.fail(f'{hss.identity} does not come back')

    def kill_once(self, victim, before):
        survivor = self.hsss[3 - victim.number]
        victim.send(signal.SIGSTOP)  # else it may have answered what was pending before it is killed
        self.agent.await_metrics(lambda now: now.sum('peer_pending_requests', peer=victim.identity) > 0, 'pending')
        victim.kill()
        self.agent.await_metrics(lambda now: not self.is_up(now, victim), 'the loss is seen')
        self.assertEqual(set(homes(self.door, range(USERS)).values()), {survivor.identity})
        self.restart(victim.number)
        came = self.bring_back(self.hsss[victim.number], [survivor])
        self.assertGreaterEqual(came, 4, 'a CEA and three DWAs')
        self.assertEqual(homes(self.door, range(USERS)), before)
        self.assertTrue(self.load.is_running)

    def end_in_good_order(self, number):
        """Its report; it is started again and takes its users back at once."""
        report = self.hsss[number].report()
        self.agent.await_metrics(lambda now: not self.is_up(now, self.hsss[number]), 'the DPR')
        self.restart(number)
        self.bring_back(self.hsss[number], [self.hsss[3 - number]])
        return report

    def test_FOV_01_FOV_02_FOV_07_WDG_10_kills_lose_nothing_and_users_return(self):
        self.start()
        before = homes(self.door, range(USERS))
        self.assertEqual(set(before.values()), {f'hss1.{REALM}', f'hss2.{REALM}'})
        for _ in range(self.kills):
            self.kill_once(self.hsss[1], before)
        second = self.end_in_good_order(2)
        self.assertEqual(homes(self.door, range(USERS)), before)
        for _ in range(self.kills):
            self.kill_once(self.hsss[2], before)
        self.check_accounts(self.load.finish(), second)

    def check_accounts(self, report, second):
        """Of the load, the agent and the HSSs that lived to give one. All requests with T came to these."""
        self.assert_no_errors(report, 'protocol')
        self.assertEqual(report['connections_lost'], 0)
        self.assertEqual(report['status'], 0)
        metrics = self.assert_balanced(self.agent)
        first = self.hsss[1].report()
        resent = metrics.sum('resends_total', reason='failover')
        self.assertGreater(second['retransmitted'], 0)
        self.assertGreater(first['retransmitted'], 0)
        self.assertEqual(first['retransmitted'] + second['retransmitted'], resent)
        self.assertEqual(metrics.sum('requests_total', outcome='origin_gone'), 0)
        asked = report['requests'] + (4 * self.kills + 2) * USERS  # and the probes
        self.assertEqual(metrics.sum('messages_received_total', peer='*.example.com', type='request'), asked)
        self.assert_ends_well(self.agent, self.hsss[2])


class Tls(Kill):
    transport, kills = 'tls', 1


class Sctp(Kill):
    transport, kills = 'sctp', 1


class Dtls(Kill):
    transport, kills = 'dtls', 1
