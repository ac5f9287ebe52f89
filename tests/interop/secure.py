"""Certificates of the test's own, and OpenSSL's command at the other end of a secure connection."""
import os
import pathlib
import select
import subprocess

from common import DEADLINE, Program, die_with_parent, wait_until
from peers import Scripted

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / 'scripts' / 'certificates.sh'


class Certificates:
    """What tests/scripts/certificates.sh makes, with one more certificate for each of `names`."""

    def __init__(self, scenario, *names):
        self.folder = scenario.room / 'tls'
        subprocess.run([SCRIPT, self.folder, *names], check=True)

    def revoke(self, name):
        """On the list of the authority, in place of who was there."""
        subprocess.run([SCRIPT, '--revoke', self.folder, name], check=True)

    def path(self, file):
        return str(self.folder / file)

    def section(self, name='agent', **keys):
        """`tls` of a configuration."""
        return {'certificate': self.path(f'{name}.pem'), 'private_key': self.path(f'{name}.key'),
                'ca': self.path('ca.pem'), **keys}

    def options(self, name):
        """For the openssl command; None: no certificate."""
        own = ['-cert', self.path(f'{name}.pem'), '-key', self.path(f'{name}.key')] if name else []
        return ['-CAfile', self.path('ca.pem'), *own]


class Pipe:
    """The plaintext of an openssl command, in the manner of a socket."""

    def __init__(self, process):
        self.process = process

    def sendall(self, octets):
        os.write(self.process.stdin.fileno(), octets)

    def recv(self, count):
        """None for DEADLINE seconds is a failure; b'' is the end."""
        if not select.select([self.process.stdout], [], [], DEADLINE)[0]:
            raise AssertionError('openssl says nothing')
        return os.read(self.process.stdout.fileno(), count)


class OpenSsl(Scripted, Program):
    """`openssl s_client` or `s_server`; it speaks Diameter as `identity`."""

    def __init__(self, scenario, identity, *arguments):
        self.name, self.out = arguments[0], pathlib.Path(os.devnull)
        self.err = scenario.room / f'{len(scenario.programs)}-{self.name}.err'
        self.identity, self.realm, self.application = identity, identity.partition('.')[2], 6
        self.counter, self.pushes = 0, []
        with self.err.open('wb') as err:
            self.process = subprocess.Popen(['openssl', *map(str, arguments)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=err, bufsize=0,
                                            preexec_fn=die_with_parent)
        self.socket = Pipe(self.process)
        scenario.programs.append(self)
        scenario.addCleanup(self.close_pipes)

    def close_pipes(self):
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


class Client(OpenSsl):
    """It dials the port with the certificate `name` (None: without)."""

    def __init__(self, scenario, port, identity, certificates, name, *options):
        super().__init__(scenario, identity, 's_client', '-quiet', '-connect', f'127.0.0.1:{port}',
                         *certificates.options(name), *options)

    def is_refused(self):
        """The agent ends it and says nothing before."""
        return self.socket.recv(1) == b'' and self.wait() is not None


class Server(OpenSsl):
    """It waits on the port for one connection after the other, and asks for a certificate."""

    def __init__(self, scenario, port, identity, certificates, name, *options):
        super().__init__(scenario, identity, 's_server', '-quiet', '-accept', f'127.0.0.1:{port}', '-Verify', '2',
                         '-verify_return_error', *certificates.options(name), *options)
        wait_until(lambda: is_listening(port), f's_server on {port}')


def is_listening(port):
    """Without connecting: s_server would take it for a handshake."""
    lines = pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f':{port:04X}') and line.split()[3] == '0A' for line in lines)
