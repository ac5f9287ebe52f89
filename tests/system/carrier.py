"""What carries the connections of a scenario: the words of antipode, antipode-load and antipode-hss for tcp, tls, sctp and dtls.
Certificates are made for the scenario; sctp and dtls go in UDP, so no privilege is needed."""
import pathlib
import subprocess

from common import free_udp_port

CERTIFICATES = pathlib.Path(__file__).resolve().parents[2] / 'bench' / 'certificates.sh'


class Carrier:
    """`hosts`: of each certificate the names for which it speaks."""

    def __init__(self, scenario, transport, **hosts):
        self.scenario, self.transport = scenario, transport
        self.is_secure, self.is_sctp = transport in ('tls', 'dtls'), transport in ('sctp', 'dtls')
        self.udp_port = free_udp_port() if self.is_sctp else None  # the agent's
        if self.is_secure:
            self.make(**hosts)

    def make(self, folder='.', **hosts):
        """An authority in a folder of the scenario's, and certificates of it."""
        where = self.scenario.room / folder
        where.mkdir(exist_ok=True)
        subprocess.run([CERTIFICATES, where, *(f'{name}={",".join(names)}' for name, names in hosts.items())], check=True, timeout=60)

    def file(self, name):
        return self.scenario.room / name

    def tool(self, name, authority='ca'):
        """Options of antipode-load and antipode-hss."""
        words = ['--transport', self.transport]
        if self.is_secure:
            words += ['--tls-certificate', self.file(f'{name}.pem'), '--tls-key', self.file(f'{name}.key'),
                      '--tls-ca', self.file(f'{authority}.pem')]
        return words + (['--udp-port', 'any'] if self.is_sctp else [])

    def dialled(self, *udp_ports):
        return [word for port in udp_ports for word in ('--remote-udp-port', port)] if self.is_sctp else []

    def sections(self):
        """Of antipode's configuration."""
        conf = {}
        if self.is_secure:
            conf['tls'] = {'certificate': str(self.file('agent.pem')), 'private_key': str(self.file('agent.key')),
                           'ca': str(self.file('ca.pem'))}
        if self.is_sctp:
            conf['sctp'] = {'udp_port': self.udp_port, 'blackhole': 2}
        return conf
