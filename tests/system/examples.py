"""The worked examples of docs/examples/ on loopback: an example is run as it stands, but that its addresses and ports
become those of the programs that the test has started."""
import pathlib
import shutil
import subprocess

import yaml as pyyaml

from common import DEADLINE, Hss, Program, Metrics, wait_until, yaml
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_REALM, REALM, SESSION_ID, SIP, SIP_AOR, SipServer, avp)

import re
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'examples'
GUIDE = FOLDER.parent / 'TRANSPORTS.md'
UAR, LIR, MAR = 283, 285, 286


def certificates(folder, *names):
    """What `tls` of the examples names, made by the commands of the guide; and certificates of these nodes."""
    authority, node, revoked = re.findall(r'<!-- the test runs these -->\n```sh\n(.*?)```', GUIDE.read_text(), re.DOTALL)
    nodes = [node.replace('agent.', f'{name}.').replace('dra1.example.net', name) for name in names]
    folder.mkdir(exist_ok=True)
    for commands in (authority, node, *nodes, revoked):
        subprocess.run(['sh', '-ec', commands], cwd=folder, check=True, capture_output=True, timeout=60)


def is_name(address):
    return isinstance(address, str) and address[-1].isalpha()


def loopback(conf, ports, redis=None, dns=None, udp_ports=None):
    """The configuration with loopback in it: `ports` by the identities of peers. SCTP goes in UDP, which wants no privilege:
    `udp_ports` of the peers, and under '' the agent's."""
    conf['listen'] = [{'transport': one['transport'], 'address': '127.0.0.1', 'port': 0} for one in conf['listen']]
    conf['admin'] = {'http': {'address': '127.0.0.1', 'port': 0}, 'socket': 'none'}
    conf['timers'] = {'reconnect': {'minimum': '1s', 'maximum': '1s'}}
    conf['limits'] = {**conf.get('limits', {}), 'connections': 1000}
    for peer in conf['peers']:
        if 'connect' in peer:
            connect = peer['connect']
            connect['port'] = ports[peer['identity']]
            if not is_name(connect['address']):
                connect['address'] = '127.0.0.1'
            if udp_ports:
                connect['udp_port'] = udp_ports[peer['identity']]
        if 'from' in peer:
            peer['from'] = ['127.0.0.0/8']
    if redis:
        conf['users']['bindings']['nodes'] = [f'127.0.0.1:{redis}']
    if dns:
        conf['dns']['servers'] = [dns]
    if udp_ports:
        conf['sctp'].update(udp_port=udp_ports[''], blackhole=2)  # others of the test share the address
        if conf['sctp'].get('association_retransmissions'):
            conf['sctp']['association_retransmissions'] //= 2  # as the paths
    return conf


class Example(Program):
    """`antipode run` of docs/examples/NAME.yaml, once it listens and all it dials are open."""

    def __init__(self, scenario, name, ports, **stores):
        conf = loopback(pyyaml.safe_load((FOLDER / f'{name}.yaml').read_text()), ports, **stores)
        for table in FOLDER.glob('*.csv'):
            shutil.copy(table, scenario.room)
        file = scenario.room / f'{name}.yaml'
        file.write_text(yaml(conf))
        super().__init__(scenario, name, ['antipode', 'run', file])
        self.identity = conf['identity']
        transport = conf['listen'][0]['transport']
        self.port = int(self.await_line(rf'^INFO -: listening: {transport} 127\.0\.0\.1:(\d+)$')[1])
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for peer in conf['peers']:
            if 'connect' in peer:
                self.await_line(rf'^INFO {re.escape(peer["identity"])}: open')

    def metrics(self):
        with urllib.request.urlopen(f'http://{self.admin}/metrics', timeout=DEADLINE) as answer:
            return Metrics(answer.read().decode())

    def await_metrics(self, condition, what):
        def look():
            metrics = self.metrics()
            return metrics if condition(metrics) else None
        return wait_until(look, what)


def servers(scenario, *numbers, users=1000):
    """{identity: port} of as many stand-in HSSs, and these."""
    started = [Hss(scenario, number, '--users', users) for number in numbers]
    return {hss.identity: hss.port for hss in started}, started


class Client(SipServer):
    """A SIP server that asks for one user at a time."""

    def ask_for(self, aor, command=LIR, *more, realm=REALM):
        return self.ask(command, avp(SESSION_ID, f'{self.identity};{self.counter};{aor}'), avp(AUTH_APPLICATION_ID, SIP),
                        avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, realm), avp(SIP_AOR, aor), *more)
