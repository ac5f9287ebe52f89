"""Peers by host name and realms by S-NAPTR and SRV, with a name server of the test's own and servers that it speaks for.

Hosts listen at ports of 127.0.0.1, which SRV records name. Time to live passes on the lab clock."""
import contextlib
import json
import pathlib
import re
import select
import signal
import socket
import ssl
import sys
import threading
import urllib.request

from common import DEADLINE, Agent, LabClock, Scenario, wait_until
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, CER, DESTINATION_REALM, DISCONNECT_CAUSE, DPR, LIR,
                      ORIGIN_HOST, ORIGIN_REALM, PROXIABLE, REQUEST, RESULT_CODE, SESSION_ID, SIP, SIP_AOR, Message,
                      SipServer, YesServer, avp, write)

from test_tls import Ring

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'scripts'))
from dns_server import Server  # noqa: E402

PARTNER = 'partner.example'
CLIENTS = {'identity': '*.example.com'}
TCP = f'{PARTNER} 60 NAPTR 50 50 "s" "aaa+ap6:diameter.tcp" "" _diameter._tcp.{PARTNER}\n'


class Host(YesServer):
    """A server of some name at some address; it notes what it hears."""

    def __init__(self, name, address='127.0.0.1', port=0, speaks_as=None):
        self.name, self.address, self.identity = name, address, speaks_as or name
        self.heard = []  # (command, Disconnect-Cause or 0) of requests
        self.answers = []
        self.sockets = []
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def answer(self, one):
        with contextlib.suppress(ConnectionError), one, one.makefile('rb') as file:
            while len(head := file.read(20)) == 20 and head[0] == 1:
                message = Message(head + file.read((head[1] << 16 | head[2] << 8 | head[3]) - 20))
                if message.flags & REQUEST:
                    self.heard.append((message.command, message.number(DISCONNECT_CAUSE)))
                    one.sendall(self.agreement(message))
                else:
                    self.answers.append(message)

    def close(self):
        """A close alone would not wake the threads."""
        for one in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):  # it is closed already
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def commands(self):
        return [command for command, _ in self.heard]

    def parted(self):
        """The Disconnect-Cause of the DPR it got."""
        return [cause for command, cause in self.heard if command == DPR]

    def srv(self, priority=0, weight=0, ttl=60, realm=PARTNER):
        return (f'_diameter._tcp.{realm} {ttl} SRV {priority} {weight} {self.port} {self.name}\n'
                f'{self.name} {ttl} A {self.address}\n')


class Names(Scenario):
    def serve(self, zone):
        self.clients = []
        self.dns = Server(self.room / 'zone')
        self.dns.write(zone)
        self.addCleanup(self.dns.close)

    def host(self, *arguments, **more):
        host = Host(*arguments, **more)
        self.addCleanup(host.close)
        return host

    def start(self, clock=None, **sections):
        dns = {'servers': [self.dns.address], 'timeout': '20s', 'discover': 'realms', **sections.pop('dns', {})}
        sections = {'peers': [CLIENTS], 'pools': [], 'routes': [], **sections}
        self.agent = Agent(self, [], clock=clock, workers=2, dns=dns, **sections)

    def reload(self, before, after):
        file = next(self.room.glob('antipode-*.yaml'))
        file.write_text(file.read_text().replace(before, after))
        self.agent.send(signal.SIGHUP)
        self.agent.await_line('^INFO -: reload: done')

    def report(self, identity):
        with urllib.request.urlopen(f'http://{self.agent.admin}/api/v1/peers', timeout=DEADLINE) as answer:
            rows = json.load(answer)['peers']
        return next((row for row in rows if row['identity'] == identity), None)

    def client(self, number=1):
        self.clients.append(SipServer(self.agent, f'sip{number}.example.com'))
        return self.clients[-1]

    def ask(self, client, realm=PARTNER, *more):
        return client.ask(LIR, avp(SESSION_ID, f'{client.identity};{client.counter}'), avp(AUTH_APPLICATION_ID, SIP),
                          avp(AUTH_SESSION_STATE, 1), avp(DESTINATION_REALM, realm), avp(SIP_AOR, f'sip:alice@{realm}'),
                          *more)

    def expect(self, answer, host):
        self.assertEqual((answer.number(RESULT_CODE), answer.text(ORIGIN_HOST)), (2001, host.identity))

    def expect_refused(self, *results, realm=PARTNER):
        client = self.client()
        answer = self.ask(client, realm)
        self.clients.remove(client)
        client.close()
        self.assertIn(answer.number(RESULT_CODE), results)

    def end(self):
        while self.clients:
            self.clients.pop().close()
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)


class Realms(Names):
    def test_DNS_01_DNS_02_DNS_09_a_realm_is_found_by_naptr_then_srv_and_its_port_is_dialled(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(TCP + s1.srv())
        self.start()
        client = self.client()
        for _ in range(3):
            self.expect(self.ask(client), s1)
        asked = [question for question in self.dns.questions if question[1] != 'AAAA']
        self.assertEqual(asked, [(PARTNER, 'NAPTR'), (f'_diameter._tcp.{PARTNER}', 'SRV'), (s1.name, 'A')])
        self.end()

    def test_DNS_02_what_is_configured_is_not_looked_for(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(TCP + s1.srv())
        self.start(peers=[CLIENTS, {'identity': 'hss1.example.net'}],
                   pools=[{'name': 'hss', 'members': [{'peer': 'hss1.example.net'}]}],
                   routes=[{'name': 'home', 'realm': 'example.net', 'action': 'relay', 'pool': 'hss'}])
        self.assertEqual(self.ask(self.client(), 'example.net').number(RESULT_CODE), 3002)
        self.assertEqual(self.dns.questions, [])
        self.end()

    def test_DNS_02_a_route_that_rejects_is_obeyed(self):
        self.serve(TCP)
        self.start(routes=[{'name': 'rest', 'realm': '*', 'action': 'reject', 'result': 3003}])
        self.expect_refused(3003)
        self.assertEqual(self.dns.questions, [])
        self.end()

    def test_DNS_02_DNS_14_a_realm_that_is_nowhere_is_asked_for_once(self):
        self.serve(f'{PARTNER} 60 SOA 60\n')
        self.start()
        for _ in range(3):
            self.expect_refused(3003)
        asked = self.dns.questions
        self.assertEqual(asked[0], (PARTNER, 'NAPTR'))
        self.assertIn((f'_diameter._tcp.{PARTNER}', 'SRV'), asked)
        self.assertEqual(len(asked), len(set(asked)))
        self.end()

    def test_DNS_07_without_naptr_the_srv_records_of_the_realm_are_used(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(s1.srv())
        self.start()
        self.expect(self.ask(self.client()), s1)
        self.end()

    def test_DNS_03_DNS_04_a_realm_that_has_another_application_only_is_not_used_for_ours(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(TCP.replace('ap6', 'ap4') + s1.srv())
        self.start()
        self.expect_refused(3003)
        self.assertEqual(s1.heard, [])
        self.end()

    def test_DNS_06_DNS_13_a_chain_of_three_and_a_record_of_old_lead_to_the_host(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(f'{PARTNER} 60 NAPTR 1 1 "" "AAA+ap6:Diameter.TCP" "" n1.{PARTNER}\n'
                       f'n1.{PARTNER} 60 NAPTR 1 1 "" "aaa+ap6:diameter.tcp" "" n2.{PARTNER}\n'
                       f'n2.{PARTNER} 60 NAPTR 1 1 "S" "AAA+D2T" "" _diameter._tcp.{PARTNER}\n' + s1.srv())
        self.start()
        self.expect(self.ask(self.client()), s1)
        self.end()

    def test_DNS_06_a_loop_is_left(self):
        self.serve(f'{PARTNER} 60 NAPTR 1 1 "" "aaa:diameter.tcp" "" n1.{PARTNER}\n'
                   f'n1.{PARTNER} 60 NAPTR 1 1 "" "aaa:diameter.tcp" "" {PARTNER}\n')
        self.start()
        self.expect_refused(3002, 3003)
        self.assertLess(len(self.dns.questions), 30)
        self.end()

    def test_DNS_08_the_next_of_several_hosts_serves_when_the_first_is_not_there(self):
        self.serve('')
        gone, s2 = self.host('s1.' + PARTNER), self.host('s2.' + PARTNER)
        gone.close()
        self.dns.write(TCP + gone.srv(priority=1) + s2.srv(priority=2))
        self.start()
        self.expect(self.ask(self.client()), s2)
        self.end()

    def test_DNS_08_a_host_that_is_lost_is_replaced_by_the_next(self):
        self.serve('')
        s1, s2 = self.host('s1.' + PARTNER), self.host('s2.' + PARTNER)
        self.dns.write(TCP + s1.srv(priority=1) + s2.srv(priority=2))
        self.start()
        client = self.client()
        self.expect(self.ask(client), s1)
        s1.close()
        wait_until(lambda: self.ask(client).text(ORIGIN_HOST) == s2.identity, 'the other host')
        self.end()

    def test_DNS_11_SEC_17_a_host_in_another_domain_is_dialled_only_where_the_configuration_says_so(self):
        self.serve('')
        evil = self.host('s1.evil.example')
        self.dns.write(f'{PARTNER} 60 NAPTR 1 1 "a" "aaa:diameter.tcp" "" {evil.name}\n' + evil.srv())
        self.start()
        self.expect_refused(3002, 3003)
        self.assertEqual((self.dns.count(evil.name), evil.heard), (0, []))
        self.end()
        self.dns.write(TCP + evil.srv())
        self.start(redirects={'hosts': ['*.evil.example']})
        self.expect(self.ask(self.client()), evil)
        self.end()

    def test_DNS_11_SEC_17_a_realm_that_is_replaced_by_another_is_not_used_in_clear(self):
        self.serve('')
        s1 = self.host('s1.other.example')
        self.dns.write(f'{PARTNER} 60 NAPTR 1 1 "" "aaa:diameter.tcp" "" other.example\n'
                       'other.example 60 NAPTR 1 1 "s" "aaa:diameter.tcp" "" _diameter._tcp.other.example\n' +
                       s1.srv(realm='other.example'))
        self.start()
        self.expect_refused(3002, 3003)
        self.assertEqual(s1.heard, [])
        self.end()

    def test_DNS_12_what_a_server_sends_is_not_looked_for(self):
        self.serve('')
        s1, home = self.host('s1.' + PARTNER), self.host('hss1.example.net')
        self.dns.write(TCP + s1.srv())
        self.start(peers=[{'identity': home.name, 'role': 'server', 'connect': {
            'transport': 'tcp', 'address': home.address, 'port': home.port}}])
        self.agent.await_line(rf'^INFO {re.escape(home.name)}: open')
        home.sockets[0].sendall(write(
            REQUEST | PROXIABLE, LIR, SIP, 1, 1, avp(SESSION_ID, 'x'), avp(AUTH_APPLICATION_ID, SIP),
            avp(AUTH_SESSION_STATE, 1), avp(ORIGIN_HOST, home.name), avp(ORIGIN_REALM, 'example.net'),
            avp(DESTINATION_REALM, PARTNER)))
        wait_until(lambda: home.answers, 'an answer')
        self.assertEqual((home.answers[0].number(RESULT_CODE), self.dns.questions), (3003, []))
        self.end()

    def test_DNS_14_a_host_that_says_it_is_another_is_not_used(self):
        self.serve('')
        s1, s2 = self.host('s1.' + PARTNER, speaks_as='mallory.example'), self.host('s2.' + PARTNER)
        self.dns.write(TCP + s1.srv(priority=1) + s2.srv(priority=2))
        self.start()
        self.expect(self.ask(self.client()), s2)
        self.assertEqual(s1.commands(), [CER])
        self.assertEqual(self.agent.metrics().sum('connections_refused_total', reason='wrong_identity'), 1)
        self.end()

    def test_DNS_14_while_nobody_answers_other_realms_are_served_and_the_request_ends(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write('silent.example black-hole\n' + TCP + s1.srv())
        self.start(dns={'timeout': '3s'}, timers={'request': '10m'})
        client, other = self.client(), self.client(2)
        self.expect(self.ask(other), s1)
        client.send(LIR, avp(SESSION_ID, 'x'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                    avp(DESTINATION_REALM, 'silent.example'), avp(SIP_AOR, 'sip:a@silent.example'))
        wait_until(lambda: self.dns.count('silent.example'), 'a question')
        served = 0
        while not select.select([client], [], [], 0)[0]:
            self.expect(self.ask(other), s1)
            served += 1
        self.assertGreater(served, 10, 'while nobody answers')
        self.assertEqual(client.take().number(RESULT_CODE), 3002)
        asked = self.dns.count('silent.example')
        self.assertEqual(self.ask(client, 'silent.example').number(RESULT_CODE), 3002)
        self.assertEqual(self.dns.count('silent.example'), asked)
        self.end()


class TlsHost(Host):
    def __init__(self, ring, name, certificate=None, **more):
        self.context = ring.context(ssl.PROTOCOL_TLS_SERVER, certificate or name)
        super().__init__(name, **more)

    def secured(self, one):
        try:
            return self.context.wrap_socket(one, server_side=True)
        except OSError:
            return None


class Security(Names):
    S1, BOTH = 's1.' + PARTNER, TCP.replace('diameter.tcp', 'diameter.tcp:diameter.tls.tcp')

    def begin(self, certificate=None, zone=BOTH, **sections):
        self.serve('')
        self.ring = Ring(self.room / 'tls', self.S1)
        self.s1 = TlsHost(self.ring, self.S1, certificate)
        self.addCleanup(self.s1.close)
        self.dns.write(zone + self.s1.srv())
        self.start(tls=self.ring.section(), **sections)

    def test_DNS_05_SEC_17_PSM_09_tls_is_tried_first_and_the_certificate_names_the_host(self):
        self.begin(cleartext='refuse')
        self.expect(self.ask(self.client()), self.s1)
        row = self.report(self.S1)
        self.assertEqual((row['type'], row['transport']), ('dynamic', 'tls'))
        self.assertRegex(row['security'], 'TLS')
        self.assertTrue(0 < row['expires_in_s'] <= min(60, row['certificate_expires_in_s']))
        self.end()

    def test_DNS_03_DNS_05_a_host_that_has_not_what_comes_first_is_reached_by_what_comes_next(self):
        self.serve('')
        s1, ring = self.host(self.S1), Ring(self.room / 'tls')
        self.dns.write(self.BOTH + s1.srv())
        self.start(tls=ring.section())
        self.expect(self.ask(self.client()), s1)
        self.assertEqual(self.report(self.S1)['transport'], 'tcp')
        self.end()

    def test_DNS_11_DNS_14_SEC_17_a_host_with_the_certificate_of_another_is_not_used(self):
        self.begin(certificate='wrong', zone=TCP.replace('diameter.tcp', 'diameter.tls.tcp'))
        self.expect_refused(3002)
        self.assertNotIn(LIR, self.s1.commands())
        self.end()

    def test_DNS_11_SEC_17_a_realm_that_is_replaced_by_another_is_used_when_the_certificate_says_so(self):
        self.begin(zone='moved.example 60 NAPTR 1 1 "" "aaa:diameter.tls.tcp" "" ' + PARTNER + '\n' +
                   TCP.replace('diameter.tcp', 'diameter.tls.tcp'))
        self.expect(self.ask(self.client(), 'moved.example'), self.s1)
        self.end()

    def test_SEC_17_what_DNS_names_is_not_dialled_in_clear_where_that_is_refused(self):
        self.serve(TCP + f'_diameter._tcp.{PARTNER} 60 SRV 0 0 3868 s1.{PARTNER}\ns1.{PARTNER} 60 A 192.0.2.1\n')
        self.start(cleartext='refuse')
        self.expect_refused(3002)
        self.agent.await_line(rf'^INFO s1\.{PARTNER}: dial: no address that may be used')
        self.end()


class Expiry(Names):
    def begin(self, ttl):
        self.serve('')
        self.s1, self.s2 = self.host('s1.' + PARTNER), self.host('s2.' + PARTNER)
        self.dns.write(TCP + self.s1.srv(ttl=ttl))
        self.clock = LabClock(self.room / 'clock')
        self.start(clock=self.clock)

    def test_DNS_10_when_the_record_changes_the_new_host_serves_and_the_old_one_is_parted_from(self):
        self.begin(60)
        client = self.client()
        self.expect(self.ask(client), self.s1)
        self.dns.write(TCP + self.s2.srv(ttl=60))
        self.expect(self.ask(client), self.s1)
        self.clock.move(54)
        wait_until(lambda: self.ask(client).text(ORIGIN_HOST) == self.s2.identity, 'the new host')
        self.clock.move(12)
        wait_until(lambda: self.s1.parted() == [2], 'DPR with cause 2')
        self.end()

    def test_DNS_10_what_is_used_is_asked_for_again_before_it_expires_and_stays(self):
        self.begin(20)
        client = self.client()
        self.expect(self.ask(client), self.s1)
        for times in range(1, 5):
            self.clock.move(17)
            self.expect(self.ask(client), self.s1)
            wait_until(lambda: self.report(self.s1.name)['expires_in_s'] > 10, 'another 20 s')
            self.assertEqual(self.dns.count(PARTNER), 1 + times)
        self.assertEqual(self.s1.commands().count(CER), 1)
        self.assertEqual(self.s1.parted(), [])
        self.end()

    def test_DNS_10_what_nobody_uses_expires(self):
        self.begin(20)
        self.expect(self.ask(self.client()), self.s1)
        self.clock.move(21)
        wait_until(lambda: self.s1.parted() == [2], 'DPR with cause 2')
        wait_until(lambda: self.report(self.s1.name) is None, 'its end')
        self.end()

    def test_PSM_09_DNS_10_a_peer_that_was_found_is_dynamic_and_expires(self):
        self.begin(50)
        self.expect(self.ask(self.client()), self.s1)
        row = self.report(self.s1.name)
        self.assertEqual((row['type'], row['state'], row['transport'], row['security']),
                         ('dynamic', 'open', 'tcp', 'none'))
        self.assertTrue(0 < row['expires_in_s'] <= 50, row['expires_in_s'])
        self.assertEqual(row['address'], f'127.0.0.1:{self.s1.port}')
        self.end()


class Reload(Names):
    def test_other_name_servers_are_asked_from_a_reload_on(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write('. black-hole\n')
        other = Server(self.room / 'other')
        self.addCleanup(other.close)
        other.write(TCP + s1.srv())
        self.start(dns={'timeout': '1s'})
        client = self.client()
        client.send(LIR, avp(SESSION_ID, 'x'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                    avp(DESTINATION_REALM, 'silent.example'), avp(SIP_AOR, 'sip:a@silent.example'))
        wait_until(lambda: self.dns.questions, 'a question')
        self.reload(self.dns.address, other.address)
        self.assertEqual(client.take().number(RESULT_CODE), 3002)
        self.expect(self.ask(client), s1)
        self.end()

    def test_DNS_01_what_was_found_goes_when_realms_are_not_looked_for_any_more(self):
        self.serve('')
        s1 = self.host('s1.' + PARTNER)
        self.dns.write(TCP + s1.srv())
        self.start()
        client = self.client()
        self.expect(self.ask(client), s1)
        self.reload('"realms"', '"none"')
        wait_until(lambda: s1.parted() == [2], 'DPR with cause 2')
        self.assertEqual(self.ask(client).number(RESULT_CODE), 3003)
        self.end()


class HostNames(Names):
    def by_name(self, host, **more):
        return {'identity': host.identity, 'connect': {'transport': 'tcp', 'address': host.name, 'port': host.port},
                **more}

    def begin(self, zone, *peers, **dns):
        self.dns.write(zone)
        pool = [{'name': 'hss', 'members': [{'peer': peer['identity']} for peer in peers]}]
        self.start(peers=[*peers, CLIENTS], pools=pool, dns=dns,
                   routes=[{'name': 'home', 'realm': 'example.net', 'action': 'relay', 'pool': 'hss'}])

    def test_DNS_01_a_peer_with_a_host_name_is_resolved_and_dialled(self):
        self.serve('')
        s1 = self.host('hss1.example.net')
        self.begin(f'{s1.name} 60 A 127.0.0.1\n', self.by_name(s1))
        self.agent.await_line(rf'^INFO {re.escape(s1.identity)}: open')
        self.expect(self.ask(self.client(), 'example.net'), s1)
        self.end()

    def test_DNS_01_each_address_of_a_name_is_tried_of_both_families(self):
        self.serve('')
        s1 = self.host('hss1.example.net')
        self.begin(f'{s1.name} 60 AAAA ::1\n{s1.name} 60 A 127.0.0.9\n{s1.name} 60 A 127.0.0.1\n', self.by_name(s1))
        self.agent.await_line(rf'^INFO {re.escape(s1.identity)}: open')
        self.end()

    def test_DNS_14_a_name_is_resolved_anew_when_its_connection_is_lost(self):
        self.serve('')
        before = self.host('hss1.example.net', address='127.0.0.2')
        after = self.host('hss1.example.net', address='127.0.0.3', port=before.port)
        self.begin(f'{before.name} 600 A 127.0.0.2\n', self.by_name(before))
        wait_until(lambda: CER in before.commands(), 'the first connection')
        self.dns.write(f'{before.name} 600 A 127.0.0.3\n')
        before.close()
        wait_until(lambda: CER in after.commands(), 'a connection to the new address')
        client = self.client()
        wait_until(lambda: self.ask(client, 'example.net').number(RESULT_CODE) == 2001, 'service, after a DWA')
        self.end()

    def test_DNS_14_a_name_that_is_not_there_yet_is_asked_for_until_it_is(self):
        self.serve('')
        s1 = self.host('hss1.example.net')
        self.begin('example.net 1 SOA 1\n', self.by_name(s1))
        wait_until(lambda: self.dns.count(s1.name, 'A') > 0, 'a question')
        self.dns.write(f'{s1.name} 60 A 127.0.0.1\n')
        self.agent.await_line(rf'^INFO {re.escape(s1.identity)}: open')
        self.end()

    def test_DNS_14_what_comes_late_of_a_name_that_a_reload_has_changed_is_not_dialled(self):
        self.serve('')
        before = self.host('before.example.net', address='127.0.0.2', speaks_as='hss1.example.net')
        after = self.host('after.example.net', address='127.0.0.3', port=before.port, speaks_as='hss1.example.net')
        is_changed = threading.Event()
        self.addCleanup(is_changed.set)
        self.dns.heard = lambda name, kind: is_changed.wait(DEADLINE)
        self.begin(f'{before.name} 600 A 127.0.0.2\n{after.name} 600 A 127.0.0.3\n', self.by_name(before), timeout='20s')
        wait_until(lambda: self.dns.count(before.name) > 0, 'a question')
        self.reload(before.name, after.name)
        is_changed.set()
        wait_until(lambda: CER in after.commands(), 'a connection to the new address')
        self.assertEqual(before.commands(), [])
        self.end()

    def test_DNS_14_an_agent_whose_name_servers_are_silent_ends_well(self):
        self.serve('')
        s1 = self.host('hss1.example.net')
        self.begin('. black-hole\n', self.by_name(s1), timeout='1s')
        wait_until(lambda: self.dns.count(s1.name) > 0, 'a question')
        self.assert_ends_well(self.agent)
