"""The agent that cannot start says why in one line and ends with 1; a wrong command line ends with 2."""
import re
import socket

from common import Program, Scenario, configuration, yaml


class Start(Scenario):
    def run_agent(self, *arguments):
        program = Program(self, 'antipode', ['antipode', *arguments])
        return program.wait(), program.log.splitlines()

    def refused(self, text):
        """The one line that is no news."""
        file = self.room / 'antipode.yaml'
        file.write_text(text)
        status, lines = self.run_agent('run', file)
        wrong = [line for line in lines if not line.startswith('INFO ')]
        self.assertEqual((status, len(wrong)), (1, 1), lines)
        return wrong[0]

    def configure(self, **ports):
        conf = configuration([])
        conf['routes'] = [{'name': 'none', 'realm': 'example.net', 'action': 'reject', 'result': 3002}]
        del conf['pools']
        conf['listen'][0]['port'] = ports.get('listen', 0)
        conf['admin']['http']['port'] = ports.get('admin', 0)
        return yaml(conf)

    def test_a_port_in_use_is_named(self):
        for name in ('listen', 'admin'):
            with self.subTest(name), socket.create_server(('127.0.0.1', 0)) as taken:
                port = taken.getsockname()[1]
                wrong = self.refused(self.configure(**{name: port}))
                self.assertRegex(wrong, f'^ERROR .*127.0.0.1:{port}.* in use')

    def test_a_missing_file_is_named(self):
        file = self.room / 'nowhere.yaml'
        status, lines = self.run_agent('run', file)
        self.assertEqual((status, len(lines)), (1, 1), lines)
        self.assertIn(str(file), lines[0])

    def test_a_file_that_is_no_yaml_is_named_with_the_place(self):
        self.assertRegex(self.refused('version: 1\nlisten: [ {\n'), r'antipode\.yaml:\d+:\d+: ')

    def test_a_mistake_is_named_with_its_place(self):
        wrong = self.refused(self.configure().replace('"version": 1,', '"version": 1, "verison": 1,'))
        self.assertRegex(wrong, r'antipode\.yaml:1:\d+: verison: ')

    def test_a_wrong_command_line_ends_with_2(self):
        for arguments in ([], ['fly'], ['run'], ['run', 'one', 'two'], ['check'], ['version', 'two']):
            with self.subTest(arguments):
                status, lines = self.run_agent(*arguments)
                self.assertEqual(status, 2)
                self.assertTrue(re.match('antipode: ', lines[0]) and 'usage: ' in '\n'.join(lines))

    def test_help_is_no_mistake(self):
        for arguments in (['--help'], ['run', '--help'], ['check', '--help'], ['version', '--help']):
            with self.subTest(arguments):
                self.assertEqual(self.run_agent(*arguments), (0, []))
