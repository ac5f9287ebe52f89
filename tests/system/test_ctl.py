"""`antipode ctl`: the program against a running agent: every field that it gives is documented, and orders under load lose nothing."""
import json
import pathlib
import re
import signal
import socket
import urllib.request

from common import DEADLINE, Agent, Hss, Load, Program, Scenario, wait_until

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'man' / 'antipode-ctl.8.scd'
OBJECTS_WITH_NAMES_OF_THEIR_OWN = {'local_answers'}


def documented():
    """Section of FIELDS -> the words that stand there in bold, and those of them that begin a paragraph."""
    fields = PAGE.read_text().split('# FIELDS')[1].split('\n# ')[0].replace('\\_', '_')
    sections = {}
    for section in fields.split('\n## ')[1:]:
        titles, _, text = section.partition('\n')
        heads = re.findall(r'^(\*[^\t\n]*)$', text, re.MULTILINE)
        for title in titles.split(', '):
            sections[title] = (set(re.findall(r'\*(\w+)\*', text)),
                               {name for head in heads for name in re.findall(r'\*(\w+)\*', head)})
    return sections


def names_in(value):
    """All keys at any depth."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict):
        return set()
    inner = (names_in(part) for name, part in value.items() if name not in OBJECTS_WITH_NAMES_OF_THEIR_OWN)
    return set(value).union(*inner)


class Ctl(Scenario):
    def agent_of(self, *hsss, **conf):
        self.socket = self.room / 'control.sock'
        return Agent(self, list(hsss), admin={'socket': str(self.socket)}, **conf)

    def run_ctl(self, *words):
        program = Program(self, 'ctl', ['antipode', 'ctl', '--socket', self.socket, *words])
        return program.wait(), program.output, program.log

    def ask(self, *words):
        """The object that comes back."""
        status, output, log = self.run_ctl('--json', *words)
        self.assertEqual((status, log), (0, ''), words)
        return json.loads(output)

    def order(self, *words):
        status, output, log = self.run_ctl(*words)
        self.assertEqual((status, log), (0, ''), words)
        return output


class Fields(Ctl):
    def test_PSM_09_every_field_is_documented_and_every_documented_field_is_there(self):
        hsss = [Hss(self, number) for number in (1, 2)]
        agent = self.agent_of(*hsss)
        self.assertEqual(Load(self, agent, '--requests', 200).report()['status'], 0)
        sections = documented()
        silent = Hss(self, 3, '--silent', 100)
        self.assertTrue(silent.is_running)
        self.ask('drain', hsss[0].identity)
        for words in (['status'], ['peers'], ['pools'], ['routes'], ['pending'], ['users', 'sip:user1@example.net'],
                      ['enable', hsss[0].identity], ['log', 'info'], ['reload', '--dry-run']):
            with self.subTest(words[0]):
                bold, heads = sections[words[0]]
                names = names_in(self.ask(*words))
                known = bold | sections['status'][0] | (sections['peers'][0] if words[0] == 'enable' else set())
                self.assertEqual(names - known, set(), 'not documented')
                if words[0] not in ('pending', 'log'):
                    self.assertEqual(heads - names - {'error'}, set(), 'documented, but not there')
        self.assert_ends_well(agent, *hsss, silent)

    def test_http_serves_the_same_objects(self):
        hss = Hss(self, 1)
        agent = self.agent_of(hss)
        for name in ('status', 'peers', 'pools', 'routes'):
            with urllib.request.urlopen(f'http://{agent.admin}/api/v1/{name}', timeout=DEADLINE) as answer:
                self.assertEqual(answer.headers['Content-Type'], 'application/json')
                self.assertEqual(names_in(json.load(answer)), names_in(self.ask(name)))
        self.assert_ends_well(agent, hss)

    def test_tables_show_what_people_look_for(self):
        hsss = [Hss(self, number) for number in (1, 2)]
        agent = self.agent_of(*hsss)
        for words, pattern in (
                (['status'], r'^ledger +0 received, 0 ended, 0 in flight: 0 pending, 0 mail, 0 parked, 0 unaccounted$'),
                (['peers'], r'^hss1\.example\.net +open +okay '),
                (['pools'], r'^hss +sticky +required +hss1\.example\.net +- +available +1 +100 +50\.0% +50\.0% +0$'),
                (['routes'], r'^home +example\.net '),
                (['pending'], r'^PEER +PENDING +OLDEST$'),
                (['users', 'sip:alice@example.net'], r'^public alice@example\.net, slot 25220$'),
                (['drain', 'hss1.example.net'], r'^hss1\.example\.net: drained, open, 0 pending$')):
            with self.subTest(words[0]):
                self.assertRegex(self.order(*words), re.compile(pattern, re.MULTILINE))
        self.assert_ends_well(agent, *hsss)


class Orders(Ctl):
    def pending(self, hss):
        return self.ask('peers', hss.identity)['peers'][0]['pending']

    def test_a_server_is_maintained_under_load_and_nothing_is_lost(self):
        hsss = [Hss(self, number, '--delay', '1ms-5ms') for number in (1, 2)]
        agent = self.agent_of(*hsss, users={})
        load = Load(self, agent, '--connections', 20, '--window', 4, '--duration', '1h')
        agent.await_metrics(lambda now: now.sum('answers_total') > 500, 'a load')
        self.order('drain', hsss[0].identity)
        wait_until(lambda: self.pending(hsss[0]) == 0, 'a drained server')
        self.order('disable', hsss[0].identity)
        wait_until(lambda: self.ask('peers', hsss[0].identity)['peers'][0]['state'] == 'closed', 'a closed server')
        before = agent.metrics().by('answers_total', 'peer')
        agent.await_metrics(lambda now: now.sum('answers_total', peer=hsss[1].identity) > 1000, 'the other serves')
        self.assertEqual(agent.metrics().sum('resends_total'), 0, before)
        self.order('enable', hsss[0].identity)
        was = agent.metrics().sum('answers_total', peer=hsss[0].identity)
        agent.await_metrics(lambda now: now.sum('answers_total', peer=hsss[0].identity) > was + 500, 'it serves again')
        self.assert_no_errors(load.finish())
        self.assert_balanced(agent)
        ledger = self.ask('status')['ledger']
        self.assertEqual((ledger['in_flight'], ledger['unaccounted']), (0, 0))
        self.assert_ends_well(agent, *hsss)

    def test_orders_in_quick_succession_and_questions_between_them_lose_nothing(self):
        hsss = [Hss(self, number, '--delay', '1ms-5ms') for number in (1, 2)]
        agent = self.agent_of(*hsss, timers={'reconnect': {'minimum': '10ms', 'maximum': '10ms'}, 'request': '30s'})
        load = Load(self, agent, '--connections', 20, '--window', 4, '--duration', '1h')
        agent.await_metrics(lambda now: now.sum('answers_total') > 500, 'a load')
        for _ in range(5):
            for words in ('drain', 'status', 'disconnect', 'pending', 'enable', 'peers', 'pools'):
                named = words in ('drain', 'disconnect', 'enable')
                self.ask(words, *([hsss[0].identity] if named else []))
            wait_until(lambda: self.ask('peers', hsss[0].identity)['peers'][0]['watchdog'] == 'okay', 'back')
        self.assert_no_errors(load.finish())
        self.assert_balanced(agent)
        self.assert_ends_well(agent, *hsss)

    def test_reload_under_load_shows_what_moves_and_refuses_what_is_wrong(self):
        hsss = [Hss(self, number) for number in (1, 2)]
        agent = self.agent_of(*hsss)
        load = Load(self, agent, '--connections', 20, '--window', 4, '--duration', '1h')
        agent.await_metrics(lambda now: now.sum('answers_total') > 500, 'a load')
        file = next(iter(self.room.glob('antipode-*.yaml')))
        good = file.read_text()
        file.write_text(good.replace('"members": [{', '"members": [{"weight": 300, '))
        self.assertAlmostEqual(self.ask('reload', '--dry-run')['moved'][0]['share'], 0.25, delta=0.01)
        self.assertEqual(self.ask('pools')['pools'][0]['members'][0]['weight'], 100)
        self.order('reload')
        self.assertEqual(self.ask('pools')['pools'][0]['members'][0]['weight'], 300)
        file.write_text(good.replace('"weight"', '"wait"').replace('"realm"', '"relm"', 1))
        status, output, log = self.run_ctl('reload')
        self.assertEqual((status, output), (1, ''))
        self.assertIn('relm', log)
        self.assertIn('nothing has changed', log)
        self.assertEqual(self.ask('pools')['pools'][0]['members'][0]['weight'], 300)
        self.assert_no_errors(load.finish())
        self.assert_balanced(agent)
        self.assert_ends_well(agent, *hsss)

    def test_stop_drains_and_ends_with_0(self):
        hss = Hss(self, 1)
        agent = self.agent_of(hss)
        self.order('stop')
        self.assertEqual(agent.wait(), 0)
        self.assertFalse(self.socket.exists())
        status, _, log = self.run_ctl('status')
        self.assertEqual(status, 1)
        self.assertIn('not there: is the agent running', log)
        self.assert_ends_well(hss)


class Socket(Ctl):
    def test_the_socket_of_a_killed_agent_is_replaced_and_that_of_a_running_one_is_not(self):
        hss = Hss(self, 1)
        first = self.agent_of(hss)
        first.kill()
        self.assertTrue(self.socket.exists())
        status, _, log = self.run_ctl('status')
        self.assertEqual(status, 1)
        self.assertIn('nobody listens', log)
        second = self.agent_of(hss)
        self.assertEqual(self.ask('status')['pid'], second.process.pid)
        file = next(iter(self.room.glob('antipode-*.yaml')))
        third = Program(self, 'third', ['antipode', 'run', file])
        self.assertEqual(third.wait(), 1)
        self.assertIn('an agent listens on it', third.log)
        self.assertEqual(self.ask('status')['pid'], second.process.pid)
        self.assert_ends_well(second, hss)

    def test_two_agents_that_start_together_do_not_share_a_socket(self):
        hss = Hss(self, 1)
        agent = self.agent_of(hss)
        agent.kill()
        file = next(iter(self.room.glob('antipode-*.yaml')))
        for _ in range(5):
            both = [Program(self, f'agent{n}', ['antipode', 'run', file]) for n in range(4)]
            wait_until(lambda: sum(one.is_running for one in both) == 1, 'one that is left')
            survivor = next(one for one in both if one.is_running)
            survivor.await_line(r'ready: dra1')
            self.assertEqual(self.ask('status')['pid'], survivor.process.pid)
            self.assertEqual(survivor.stop(signal.SIGTERM), 0)
        self.assert_ends_well(hss)

    def test_clients_that_mean_no_good_cost_nothing(self):
        hss = Hss(self, 1)
        agent = self.agent_of(hss)
        clients = []
        for number in range(60):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(self.socket))
            client.setblocking(False)
            clients.append(client)
            try:
                client.send((b'peers\n', b'x' * 5000, bytes(range(256)), b'', b'routes\n' * 100)[number % 5])
            except OSError:
                pass
        self.assertEqual(self.ask('status')['stage'], 'running')
        report = Load(self, agent, '--connections', 10, '--requests', 5000).report()
        self.assert_no_errors(report)
        for client in clients:
            client.close()
        self.assertEqual(self.ask('status')['stage'], 'running')
        self.assert_ends_well(agent, hss)
