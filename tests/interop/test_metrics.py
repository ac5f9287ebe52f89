"""promtool judges /metrics: of an agent that has just begun, under traffic, and after all that can go wrong."""
import shutil
import subprocess
import unittest
import urllib.request

from common import DEADLINE, Hss, Load, Scenario
from relay import REALM, Relay, dialled, dialling
from tap import Port

PROMTOOL = shutil.which('promtool')


@unittest.skipUnless(PROMTOOL, 'Debian package prometheus')
class Metrics(Scenario):
    def start(self, *options):
        hss = Hss(self, 1, *options)
        self.agent = Relay(self, [dialled(hss.identity, hss.port), dialled(f'hss2.{REALM}', Port(self).number),
                                  dialling('*.example.com')], pool=[hss.identity, f'hss2.{REALM}'])
        self.agent.await_up(hss.identity)

    def load(self, *options):
        return Load(self, self.agent, '--origin', 'sip%d.example.com', '--connections', 4, *options)

    def assert_approved(self):
        """It has nothing to say, at any level."""
        with urllib.request.urlopen(f'http://{self.agent.admin}/metrics', timeout=DEADLINE) as answer:
            self.assertEqual(answer.headers.get_content_type(), 'text/plain')
            self.assertEqual(answer.headers.get_param('version'), '0.0.4')
            text = answer.read()
        done = subprocess.run([PROMTOOL, 'check', 'metrics'], input=text, capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b''))

    def test_promtool_approves_of_an_agent_that_has_just_begun(self):
        self.start()
        self.assert_approved()

    def test_promtool_approves_under_traffic(self):
        self.start()
        load = self.load('--rate', 1000, '--window', 0, '--duration', '1h')
        seen = 0
        for _ in range(20):
            seen = self.agent.await_metrics(lambda now: now.sum('answers_total') > seen, 'traffic').sum('answers_total')
            self.assert_approved()
        self.assert_no_errors(load.finish())

    def test_promtool_approves_when_much_went_wrong(self):
        self.start('--busy', 20, '--fail', '5012:10', '--silent', 10)
        self.load('--requests', 400, '--window', 50, '--allow', 'protocol,timeout').report()
        self.load('--requests', 50, '--destination-realm', 'nowhere.example', '--allow', 'protocol').report()
        self.load('--requests', 50, '--destination-host', f'nobody.{REALM}', '--allow', 'protocol').report()
        self.assert_approved()
