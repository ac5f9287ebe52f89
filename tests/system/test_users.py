"""Nobody is split: users of partitioned HSSs, provisioned by a table, whom many SIP servers ask for through two agents with whatever
identity they have, while one of the agents is restarted.

Each HSS knows only whom it has registered, so a request that goes astray fails its flow. ANTIPODE_USERS=100000 makes it large."""
import os
import zlib

from common import Hss, Program, REALM, Scenario, configuration, free_port, yaml
from diameter import AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_REALM, ORIGIN_HOST, RESULT_CODE, SESSION_ID, SIP, USER_NAME, SipServer, avp, homes
from examples import Example

USERS = int(os.environ.get('ANTIPODE_USERS', 2000))
SAR, SERVER_URI, ASSIGNMENT_TYPE, DATA_AVAILABLE, USER_DEREGISTRATION = 284, 371, 375, 392, 5
SAMPLE = 500


def home(user):
    """The number of his HSS: as an operator's history would have it, no hash of ours."""
    return zlib.crc32(str(user).encode()) % 4 + 1


class Load(Program):
    """antipode-load over several agents; it is read when it has ended."""

    def __init__(self, scenario, agents, *options):
        connects = [part for agent in agents for part in ('--connect', f'127.0.0.1:{agent.port}')]
        super().__init__(scenario, 'load', ['antipode-load', *connects, '--destination-realm', REALM, '--users', USERS, '--report', 'json',
                                            '--timeout', '60s', '--verify-stickiness', *options])


class Agent(Example):
    """One of the two. It keeps its port when it is started again."""

    def __init__(self, scenario, number, servers, port=0):
        conf = configuration(servers)
        conf['identity'] = f'dra{number}.example.net'
        conf['listen'][0]['port'] = port
        conf['pools'] = [{'name': 'hss', 'data': 'partitioned',
                          'members': [{'peer': hss.identity, 'group': f'g{hss.number}'} for hss in servers]}]
        conf['subscribers'] = [{'name': 'home', 'table': 'users.csv', 'unknown': 'reject'}]
        conf['routes'][0]['subscribers'] = 'home'
        file = scenario.room / f'dra{number}.yaml'
        file.write_text(yaml(conf))
        Program.__init__(self, scenario, f'dra{number}', ['antipode', 'run', file])
        self.port = int(self.await_line(r'^INFO -: listening: tcp 127\.0\.0\.1:(\d+)$')[1])
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for hss in servers:
            self.await_line(rf'^INFO {hss.identity}: open')


class Users(Scenario):
    def start(self):
        rows = (f'sip:user{i}@{REALM},hss/g{home(i)},{i}\nuser{i}@{REALM},hss/g{home(i)},{i}\n' for i in range(USERS))
        (self.room / 'users.csv').write_text(''.join(rows))
        self.hss = [Hss(self, number, '--users', USERS, '--push', 'ppr:50') for number in (1, 2, 3, 4)]
        self.agents = [Agent(self, number, self.hss, free_port()) for number in (1, 2)]

    def run_load(self, *options):
        return Load(self, self.agents, '--connections', 16, '--window', 16, *options)

    def read(self, load):
        self.assertEqual(load.wait(), 0, load.output + load.log)

    def deregister(self, user):
        """SAR with the User-Name alone: whom it is about is known by the table."""
        return self.client.ask(SAR, avp(SESSION_ID, f'dereg;{user}'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                               avp(DESTINATION_REALM, REALM), avp(SERVER_URI, 'sip:registrar1.example.com'),
                               avp(ASSIGNMENT_TYPE, USER_DEREGISTRATION), avp(DATA_AVAILABLE, 1), avp(USER_NAME, f'user{user}@{REALM}'))

    def test_STK_01_STK_02_STK_07_nobody_is_split_by_two_agents_of_which_one_is_restarted(self):
        self.start()
        flow = ['--flow', 'registration', '--server2-connections', 4, '--flows']
        self.read(self.run_load(*flow, USERS // 2))
        port = self.agents[1].port
        self.assertEqual(self.agents[1].stop(), 0)
        self.agents[1] = Agent(self, 2, self.hss, port)
        together = [self.run_load(*flow, USERS), self.run_load('--mix', 'LIR:1', '--requests', USERS, '--origin', 'lir%d.example.com')]
        for load in together:
            self.read(load)
        for agent in self.agents:
            self.assertEqual(homes(agent, range(SAMPLE)), {user: f'hss{home(user)}.example.net' for user in range(SAMPLE)})
        self.client = SipServer(self.agents[0], 'sip900.example.com')
        for user in range(100):
            answer = self.deregister(user)
            self.assertEqual((answer.number(RESULT_CODE), answer.text(ORIGIN_HOST)), (2001, f'hss{home(user)}.example.net'))
        self.client.close()
        for agent in self.agents:
            self.assert_balanced(agent)
        for hss in self.hss:
            of_hss = [user for user in range(USERS) if home(user) == hss.number]
            self.assertEqual(hss.report()['registered'], len([user for user in of_hss if user >= 100]))
