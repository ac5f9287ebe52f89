"""The agent under test, with a configuration of the test's own."""
from common import Agent, Program, yaml

IDENTITY, AGENT_REALM, REALM = 'dra1.agent.example', 'agent.example', 'example.net'


def dialled(identity, port, **keys):
    """A peer that the agent connects to."""
    return {'identity': identity, 'realm': keys.pop('realm', identity.partition('.')[2]),
            'connect': {'transport': 'tcp', 'address': '127.0.0.1', 'port': port}, **keys}


def dialling(identity, **keys):
    """A peer, or a pattern of peers, that connects to the agent."""
    return {'identity': identity, 'from': ['127.0.0.0/8'], **keys}


class Relay(Agent):
    """antipode run, once it listens. Requests for REALM go to `pool`."""

    def __init__(self, scenario, peers, pool=(), clock=None, routes=(), pool_keys=None, **sections):
        conf = {
            'version': 1, 'identity': IDENTITY, 'realm': AGENT_REALM, 'workers': 2, 'placement': 'spread',
            'advertise': ['relay', 'sip', 'cx'], 'peers': peers,
            'listen': [{'transport': 'tcp', 'address': '127.0.0.1', 'port': 0}],
            'admin': {'http': {'address': '127.0.0.1', 'port': 0}, 'socket': 'none'},
            'timers': {'reconnect': {'minimum': '1s', 'maximum': '1s'}, **sections.pop('timers', {})},
            'routes': list(routes), **sections}
        if pool:
            conf['pools'] = [{'name': 'servers', 'members': [{'peer': name} for name in pool], **(pool_keys or {})}]
            conf['routes'].append({'name': 'home', 'realm': REALM, 'action': 'relay', 'pool': 'servers'})
        file = scenario.room / f'antipode-{len(scenario.programs)}.yaml'
        file.write_text(yaml(conf))
        Program.__init__(self, scenario, 'antipode', ['antipode', 'run', file],
                         {'ANTIPODE_LAB_CLOCK': str(clock.path) if clock else ''})
        self.port = int(self.await_line(r'^INFO -: listening: tcp 127\.0\.0\.1:(\d+)$')[1])
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]

    def await_up(self, *identities, up=True):
        for identity in identities:
            self.await_metrics(lambda now: now.sum('peers_open', peer=identity) == 1 and
                               now.sum('peer_up', peer=identity) == up, f'{identity} up: {up}')
