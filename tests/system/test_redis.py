"""Agents that share what they learn through Redis: one node and a cluster of three, frozen, killed and moved under
load. A user is bound by naming an HSS other than the hash's: his later requests go there by themselves."""
import time

from common import REALM, Agent, Hss, Load, Scenario, wait_until
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_HOST, DESTINATION_REALM, LIR, ORIGIN_HOST,
                      RESULT_CODE, SESSION_ID, SIP, SIP_AOR, UAR, USER_NAME, SipServer, YesServer, avp, homes)
from redis import Cluster, Redis

USERS = 40
RATE = 400


class Shared(Scenario):
    def start_hsss(self):
        self.hsss = [Hss(self, number, '--users', 100000, '--registered') for number in (1, 2)]
        self.other = {hss.identity: self.hsss[2 - hss.number].identity for hss in self.hsss}

    def agent(self, number, store, nodes, cluster=False, timeout='10s', **more):
        return Agent(self, self.hsss, identity=f'dra{number}.example.net', users={'bindings': {
            'store': store, 'nodes': nodes, 'cluster': cluster, 'timeout': timeout, **more}})

    def agents(self, nodes, **conf):
        """Two that share, connected."""
        found = [self.agent(number, 'redis', nodes, **conf) for number in (1, 2)]
        for agent in found:
            self.await_store(agent, len(nodes))
        return found

    def await_store(self, agent, nodes):
        """Both workers to each node."""
        agent.await_metrics(lambda now: now.sum('bindings_store_connections') == 2 * nodes, 'connections')
        wait_until(lambda: agent.log.count('bindings are shared') >= nodes, 'to be told of changes')

    def bind(self, agent, users, to):
        """One LIR for each, to the HSS that `to` names for him."""
        client = SipServer(agent, f'bind{len(self.programs)}-{next(names)}.example.com')
        for user in users:
            answer = client.ask(LIR, avp(SESSION_ID, f'bind;{user}'), avp(AUTH_APPLICATION_ID, SIP),
                                avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_HOST, to[user]),
                                avp(DESTINATION_REALM, REALM), avp(SIP_AOR, f'sip:user{user}@{REALM}'))
            self.assertEqual((answer.number(RESULT_CODE), answer.text(ORIGIN_HOST)), (2001, to[user]))
        client.close()

    def bind_elsewhere(self, agent, users):
        """Each at the HSS that the hash would not have chosen. {user: that HSS}"""
        there = {user: self.other[host] for user, host in homes(agent, users).items()}
        self.bind(agent, users, there)
        return there

    def await_keys(self, store, count=USERS):
        """An answer does not wait for what was learnt of it."""
        wait_until(lambda: len(store.keys()) == count, 'what was learnt is in Redis')

    def await_homes(self, agent, expected):
        wait_until(lambda: homes(agent, expected) == expected, 'what the other one has changed')

    def begin_load(self, agent, *options):
        return Load(self, agent, '--rate', RATE, '--window', 0, '--connections', 4, '--users', 100000,
                    '--mix', 'LIR:1', '--duration', '1h', *options)

    def assert_nothing_lost(self, agent, load):
        report = load.finish()
        self.assert_no_errors(report)
        self.assert_balanced(agent)
        return report


def counter():
    number = 0
    while True:
        number += 1
        yield number


names = counter()


class OneNode(Shared):
    def setUp(self):
        super().setUp()
        self.start_hsss()

    def test_what_one_agent_learns_the_other_knows(self):
        redis = Redis(self)
        first, second = self.agents([redis.address])
        there = self.bind_elsewhere(first, range(USERS))
        self.await_keys(redis)
        self.assertEqual(homes(second, there), there)
        self.assertEqual(homes(first, there), there)
        self.assertEqual(len(redis.keys()), USERS)
        self.assertGreaterEqual(second.metrics().sum('bindings_lookups_total', result='hit'), USERS)

    def test_what_one_agent_changes_the_other_follows(self):
        redis = Redis(self)
        first, second = self.agents([redis.address])
        there = self.bind_elsewhere(first, range(USERS))
        self.await_keys(redis)
        self.assertEqual(homes(second, there), there)
        back = {user: self.other[host] for user, host in there.items()}
        self.bind(second, back, back)
        self.await_homes(first, back)
        self.assertEqual(homes(second, back), back)

    def test_a_user_nobody_knew_is_asked_for_once_until_somebody_binds_him(self):
        redis = Redis(self)
        first, second = self.agents([redis.address])
        hashed = homes(second, range(USERS))
        asked = int(redis.ask('INFO', 'commandstats').partition('cmdstat_get:calls=')[2].partition(',')[0])
        self.assertEqual(homes(second, range(USERS)), hashed)
        again = int(redis.ask('INFO', 'commandstats').partition('cmdstat_get:calls=')[2].partition(',')[0])
        self.assertEqual(again, asked)
        there = self.bind_elsewhere(first, range(USERS))
        self.await_homes(second, there)

    def test_an_agent_that_starts_again_knows_what_it_knew(self):
        redis = Redis(self)
        first, second = self.agents([redis.address])
        there = self.bind_elsewhere(first, range(USERS))
        self.await_keys(redis)
        self.assert_ends_well(first)
        third = self.agent(1, 'redis', [redis.address])
        self.await_store(third, 1)
        self.assertEqual(homes(third, there), there)
        self.assertEqual(homes(second, there), there)

    def test_a_flushed_redis_is_forgotten_here_too(self):
        redis = Redis(self)
        first, _ = self.agents([redis.address])
        hashed = homes(first, range(USERS))
        self.bind_elsewhere(first, range(USERS))
        self.await_keys(redis)
        redis.ask('FLUSHALL')
        self.await_homes(first, hashed)

    def test_what_is_in_use_outlives_its_time_and_what_is_not_does_not(self):
        redis = Redis(self)
        first, second = self.agents([redis.address], lifetime='4s')
        there = self.bind_elsewhere(first, range(4))
        self.await_keys(redis, 4)
        until = time.monotonic() + 10
        used = {user: there[user] for user in (0, 1)}
        while time.monotonic() < until:
            self.assertEqual(homes(first, used), used)
        self.assertEqual(homes(second, used), used)
        self.assertEqual(len(redis.keys()), 2)

    def test_a_password(self):
        redis = Redis(self, password='open sesame')
        file = self.room / 'password'
        file.write_text('open sesame\n')
        first, second = self.agents([redis.address], password_file=str(file))
        there = self.bind_elsewhere(first, range(USERS))
        self.await_keys(redis)
        self.assertEqual(homes(second, there), there)
        self.assertNotIn('sesame', first.log)

    def test_a_wrong_password_leaves_everything_to_the_hash(self):
        redis = Redis(self, password='open sesame')
        file = self.room / 'password'
        file.write_text('open barley')
        agent = self.agent(1, 'redis', [redis.address], password_file=str(file))
        agent.await_line('store: no connection: WRONGPASS')
        self.assertEqual(len(homes(agent, range(USERS))), USERS)
        metrics = self.assert_balanced(agent)
        self.assertEqual(metrics.sum('bindings_store_connections'), 0)
        self.assertGreaterEqual(metrics.sum('bindings_lookups_total', result='breaker'), USERS)
        self.assertNotIn('barley', agent.log)

    def test_a_redis_that_is_not_there_costs_nothing(self):
        redis = Redis(self)
        redis.kill()
        agent = self.agent(1, 'redis', [redis.address])
        load = self.begin_load(agent)
        agent.await_metrics(lambda now: now.sum('requests_total', outcome='answered') > 500, 'a load')
        report = self.assert_nothing_lost(agent, load)
        self.assertGreater(report['answers'], 500)

    def test_frozen_under_load(self):
        redis = Redis(self)
        agent, _ = self.agents([redis.address], timeout='20ms')
        load = self.begin_load(agent)
        agent.await_metrics(lambda now: now.sum('bindings_lookups_total', result='miss') > 500, 'a load')
        redis.freeze()
        agent.await_metrics(lambda now: now.sum('bindings_lookups_total', result='timeout') > 0 and
                            now.sum('bindings_lookups_total', result='breaker') > 5 * RATE, 'the breaker')
        self.assertLess(agent.metrics().sum('bindings_lookups_total', result='timeout'), 5 * RATE)
        redis.thaw()
        self.await_store(agent, 1)
        before = agent.metrics().sum('bindings_store_writes_total')
        self.bind_elsewhere(agent, range(USERS))
        self.assertGreater(agent.metrics().sum('bindings_store_writes_total'), before)
        self.assert_nothing_lost(agent, load)

    def test_killed_for_ten_seconds_under_load(self):
        redis = Redis(self)
        first, second = self.agents([redis.address], timeout='20ms')
        load = self.begin_load(first)
        first.await_metrics(lambda now: now.sum('bindings_lookups_total', result='miss') > 500, 'a load')
        redis.kill()
        until = time.monotonic() + 10
        first.await_metrics(lambda now: now.sum('bindings_store_connections') == 0, 'that it is gone')
        wait_until(lambda: time.monotonic() > until, 'ten seconds')
        self.assertGreater(first.metrics().sum('bindings_lookups_total', result='breaker'), RATE)
        redis.start()
        for agent in (first, second):
            agent.await_metrics(lambda now: now.sum('bindings_store_connections') == 2, 'that it is back')
            wait_until(lambda: agent.log.count('bindings are shared') >= 2, 'to be told of changes')
        there = self.bind_elsewhere(first, range(USERS))
        self.await_homes(second, there)
        self.assert_nothing_lost(first, load)


class Groups(Shared):
    """Users of many names, of which each agent learns some."""
    NAMES = 6

    def setUp(self):
        super().setUp()
        self.hsss = [YesServer(number) for number in (1, 2, 3)]
        for hss in self.hsss:
            self.addCleanup(hss.close)

    def name(self, user, number):
        return f'sip:user{user}-{number}@{REALM}'

    def ask_about(self, client, command, user, number, *more):
        return client.send(command, avp(SESSION_ID, f'{client.identity};{client.counter}'),
                           avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, REALM),
                           avp(SIP_AOR, self.name(user, number)), *more)

    def learn(self, agents, shares):
        """Each agent sees its share of (user, name) with the User-Name; all at the same time."""
        clients = [SipServer(agent, f'learn{next(names)}.example.com') for agent in agents]
        for pairs in zip(*shares):
            for client, (user, number) in zip(clients, pairs):
                self.ask_about(client, UAR, user, number, avp(USER_NAME, f'user{user}@{REALM}'))
            for client in clients:
                self.assertEqual(client.take().number(RESULT_CODE), 2001)
        for client in clients:
            client.close()

    def homes_of(self, agent, users):
        """{user: the HSSs that his names lead to}"""
        client = SipServer(agent, f'look{next(names)}.example.com')
        found = {}
        for user in users:
            for number in range(self.NAMES):
                self.ask_about(client, LIR, user, number)
            found[user] = {client.take().text(ORIGIN_HOST) for _ in range(self.NAMES)}
        client.close()
        return found

    def split(self, agent, users):
        return [user for user, homes in self.homes_of(agent, users).items() if len(homes) > 1]

    def test_names_learnt_at_two_agents_are_one_user(self):
        self.check_names([Redis(self).address], range(60))

    def test_names_learnt_at_two_agents_are_one_user_in_a_cluster_too(self):
        self.check_names(Cluster(self).addresses, range(60), cluster=True)

    def check_names(self, nodes, users, **conf):
        first, second = self.agents(nodes, **conf)
        halves = [[(user, number) for user in users for number in range(begin, self.NAMES, 2)] for begin in (0, 1)]
        self.learn([first, second], halves)
        third = self.agent(3, 'redis', nodes, **conf)
        self.await_store(third, len(nodes))
        for agent in (third, first, second):
            wait_until(lambda: not self.split(agent, users), 'all names of a user at one server')
        spread = [next(iter(homes)) for homes in self.homes_of(third, users).values()]
        self.assertEqual(len(set(spread)), 3)
        self.assertEqual(self.homes_of(first, users), self.homes_of(third, users))


class ThreeNodes(Shared):
    def setUp(self):
        super().setUp()
        self.start_hsss()
        self.cluster = Cluster(self)
        self.first, self.second = self.agents(self.cluster.addresses, cluster=True)

    def test_all_nodes_share_the_users(self):
        there = self.bind_elsewhere(self.first, range(USERS))
        self.await_keys(self.cluster)
        self.assertEqual(homes(self.second, there), there)
        self.assertEqual(len(self.cluster.keys()), USERS)
        for node in self.cluster.nodes:
            self.assertGreater(len(node.keys()), 0)

    def test_one_address_is_enough_to_find_the_others(self):
        there = self.bind_elsewhere(self.first, range(USERS))
        self.await_keys(self.cluster)
        third = self.agent(3, 'redis', self.cluster.addresses[:1], cluster=True)
        third.await_metrics(lambda now: now.sum('bindings_store_connections') == 6, 'connections')
        self.assertEqual(homes(third, there), there)

    def test_slots_that_move_are_followed(self):
        """By ASK while they are on their way, by MOVED when they have arrived."""
        there = self.bind_elsewhere(self.first, range(USERS))
        self.await_keys(self.cluster)
        finish = [self.cluster.begin_to_move(key) for key in self.cluster.keys()[:10]]
        third = self.agent(3, 'redis', self.cluster.addresses, cluster=True)
        self.await_store(third, 3)
        self.assertEqual(homes(third, there), there)
        for one in finish:
            one()
        fourth = self.agent(4, 'redis', self.cluster.addresses, cluster=True)
        self.await_store(fourth, 3)
        self.assertEqual(homes(fourth, there), there)
        back = {user: self.other[host] for user, host in there.items()}
        self.bind(self.first, back, back)  # it still has the map of before
        for agent in (self.second, third, fourth):
            self.await_homes(agent, back)

    def test_one_node_killed_under_load(self):
        load = self.begin_load(self.first)
        self.first.await_metrics(lambda now: now.sum('bindings_lookups_total', result='miss') > 500, 'a load')
        self.cluster.nodes[1].kill()
        self.first.await_metrics(lambda now: now.sum('bindings_lookups_total', result='breaker') > RATE, 'a breaker')
        found = self.first.metrics().sum('bindings_lookups_total', result='miss')
        self.first.await_metrics(lambda now: now.sum('bindings_lookups_total', result='miss') > found + RATE,
                                 'that the others are asked')
        self.assert_nothing_lost(self.first, load)


if __name__ == '__main__':
    import unittest
    unittest.main()
