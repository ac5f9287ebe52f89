"""Debian's freeDiameter: a configuration, a certificate, and a port that stays its own."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from common import Program, wait_until

DAEMON = shutil.which('freeDiameterd', path='/usr/bin:/usr/sbin:/usr/local/bin')
TESTS = pathlib.Path(os.environ.get('TESTS_DIR', 'build/tests')).resolve()
EXTENSIONS = pathlib.Path('/usr/lib/freeDiameter')


def needed(test):
    """Skips by name where freeDiameter is not installed."""
    is_here = DAEMON and (EXTENSIONS / 'acl_wl.fdx').exists()
    return test if is_here else unittest.skip('Debian packages freediameterd, freediameter-extensions')(test)


class FreeDiameter(Program):
    """It admits every identity of `admits`, dials the ports in `dials`, {identity: port}, and besides its neighbours'
    realms it knows those in `realms`, {realm: identity}. With `certificates` (secure.py) all of it is TLS, and it shows
    the one of the name `certificate`; without them nobody looks at its own."""

    def __init__(self, scenario, identity, port, admits=(), dials=None, realms=None, watchdog=30, certificates=None,
                 certificate=None):
        self.identity, self.port, realm = identity, port, identity.partition('.')[2]
        self.folder = scenario.room / f'freediameter-{len(scenario.programs)}'
        self.folder.mkdir()
        if certificates:
            own, key, ca = (certificates.path(file) for file in (f'{certificate}.pem', f'{certificate}.key', 'ca.pem'))
        else:
            self.make_certificate()
            own, key, ca = self.folder / 'certificate', self.folder / 'key', self.folder / 'certificate'
        ports = ['Port = 0;', f'SecPort = {port};'] if certificates else [f'Port = {port};', 'SecPort = 0;']
        clear = '' if certificates else 'No_TLS; '
        self.write('acl', [f'{"" if certificates else "ALLOW_IPSEC "}{name}' for name in admits])
        self.write('routes', [f'dr = "{realm}" : "{next_hop}" += REALM ;'
                              for realm, next_hop in (realms or {}).items()])
        self.write('conf', [
            f'Identity = "{identity}";', f'Realm = "{realm}";', *ports, 'No_SCTP;', 'No_IPv6;',
            'TcTimer = 1;', f'TwTimer = {watchdog};',
            f'TLS_Cred = "{own}", "{key}";', f'TLS_CA = "{ca}";',
            f'LoadExtension = "{EXTENSIONS}/acl_wl.fdx" : "{self.folder}/acl";',
            f'LoadExtension = "{EXTENSIONS}/rt_default.fdx" : "{self.folder}/routes";',
            *(f'ConnectPeer = "{name}" {{ ConnectTo = "127.0.0.1"; Port = {at}; {clear}No_SCTP; No_IPv6; }};'
              for name, at in (dials or {}).items())])
        super().__init__(scenario, identity.partition('.')[0], [DAEMON, '-c', self.folder / 'conf'],
                         {'LD_PRELOAD': TESTS / 'loopback_only.so'})
        self.await_line(r'daemon initialized', 'output')

    def await_state(self, identity, states):
        """It says that this peer's state machine has come to one of these; only the last change counts."""
        def look():
            changes = re.findall(rf"-> 'STATE_(\w+)'\s+'{re.escape(identity)}'", self.output)
            return changes and re.fullmatch(states, changes[-1])
        wait_until(look, f'{self.identity}: {identity} {states}')

    def await_open(self, identity):
        self.await_state(identity, 'OPEN')

    def write(self, name, lines):
        (self.folder / name).write_text('\n'.join(lines) + '\n')

    def make_certificate(self):
        subprocess.run(['openssl', 'req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                        '-days', '2', '-subj', f'/CN={self.identity}', '-out', self.folder / 'certificate',
                        '-keyout', self.folder / 'key'], check=True, capture_output=True)
