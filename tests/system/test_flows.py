"""The flows of RFC 4740 §6 through the agent, with two HSSs that do not know of each other, so that a request that goes to the wrong
one fails its flow; in Cx those that it has. Then what needs a hand at the right moment: an HSS that dies between two rounds."""
import hashlib
import json
import signal

from common import REALM, Agent, Hss, Load, Program, Scenario, configuration, yaml
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_HOST, DESTINATION_REALM, ERROR, ORIGIN_HOST, RESULT_CODE,
                      SESSION_ID, SIP, SIP_AOR, USER_NAME, SipServer, avp, avps_of)

USERS = 300
MAR, METHOD, SERVER_URI, AUTH_ITEMS, AUTH_ITEM, SCHEME, AUTHENTICATE, AUTHORIZATION = 286, 393, 371, 382, 376, 377, 379, 380
(DIGEST_RESPONSE, DIGEST_REALM, DIGEST_NONCE, DIGEST_METHOD, DIGEST_URI, DIGEST_QOP, DIGEST_CNONCE, DIGEST_USERNAME, DIGEST_STALE,
 NONCE_COUNT) = 103, 104, 105, 108, 109, 110, 113, 115, 120, 114


class Flows(Scenario):
    def start(self, *options, **conf):
        self.hsss = [Hss(self, number, '--users', USERS, *options) for number in (1, 2)]
        self.agent = Agent(self, self.hsss, **conf)

    def load(self, flow, *options):
        return Load(self, self.agent, '--flow', flow, '--users', USERS, '--flows', USERS, '--connections', 3,
                    '--server2-connections', 2, '--window', 8, '--verify-stickiness', *options, name=flow)

    def play(self, flow, *options):
        """Every flow ends well and nobody is split."""
        report = self.load(flow, *options).report()
        self.assert_no_errors(report)
        self.assertEqual((report['flows'], report['split_users'], report['status']), (USERS, 0, 0), report)
        return report

    def play_in_vain(self, flow, *options):
        """Every request is answered, and a step of every flow wrongly."""
        report = self.load(flow, *options).report()
        self.assert_no_errors({**report, 'errors': {**report['errors'], 'flow': 0}})
        self.assertEqual((report['errors']['flow'], report['flows'], report['status']), (USERS, 0, 1), report)
        return report['results']

    def end(self):
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent, *self.hsss)


class ServerAuthentication(Flows):
    RESULTS = {'2003': USERS, '1001': USERS, '2004': USERS, '2001': 2 * USERS}

    def test_the_second_round_names_its_server(self):
        self.start('--check-itself')
        report = self.play('server-auth')
        self.assertEqual(report['results'], self.RESULTS)
        self.assertEqual(len(report['servers']), 2)
        self.end()

    def test_the_second_round_finds_its_server_by_itself(self):
        self.start('--check-itself')
        self.assertEqual(self.play('server-auth', '--no-fixed-destination')['results'], self.RESULTS)
        self.end()

    def test_a_wrong_password_is_4001(self):
        self.start('--check-itself')
        self.assertEqual(self.play_in_vain('server-auth', '--password', 'wrong')['4001'], USERS)
        self.end()

    def test_without_a_fixed_destination_an_HSS_may_die(self):
        """Mirrored: the other knows who is registered, but not the nonces of the first, and challenges anew."""
        first = Hss(self, 1, '--users', USERS, '--check-itself')
        second = Hss(self, 2, '--users', USERS, '--check-itself', '--peer-of', first.address)
        self.agent = Agent(self, [first, second])
        load = Load(self, self.agent, '--flow', 'server-auth', '--users', USERS, '--duration', '1h', '--connections', 3, '--window', 8,
                    '--no-fixed-destination', name='server-auth')
        self.agent.await_metrics(lambda now: now.sum('requests_total') > 2000, 'a load under way')
        first.kill()
        before = self.agent.metrics().sum('requests_total')
        self.agent.await_metrics(lambda now: now.sum('requests_total') > before + 8 * USERS, 'it goes on')
        report = load.finish()
        self.assertEqual({name: count for name, count in report['errors'].items() if count and name != 'flow'}, {})
        self.assertLessEqual(report['errors']['flow'], 24, 'at most those that were under way')
        self.assertGreater(report['flows'], USERS)
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent, second)


class OutboundProxy(Flows):
    def test_the_caller_is_authenticated_where_the_challenge_was_made(self):
        self.start()
        self.assertEqual(self.play('outbound')['results'], {'2008': USERS, '2006': USERS})
        self.end()

    def test_the_caller_is_challenged_anew_where_another_is_asked(self):
        self.start()
        results = self.play('outbound', '--no-fixed-destination')['results']
        self.assertEqual((results['2008'], results['2006']), (USERS, USERS))
        self.end()

    def test_a_wrong_password_is_4001(self):
        self.start()
        self.assertEqual(self.play_in_vain('outbound', '--password', 'wrong'), {'2008': USERS, '4001': USERS})
        self.end()

    def test_STK_05_nothing_is_learnt_of_who_calls_whom(self):
        """Everybody has called the next one; a registration still finds its way."""
        self.start()
        self.play('outbound', '--no-fixed-destination')
        self.play('registration')
        self.assertEqual(self.play('location')['results'], {'2001': USERS})
        self.end()


class Location(Flows):
    def run_flow(self, application, unregistered, nowhere):
        self.start()
        options = ['--application', application]
        self.assertEqual(self.play('location', *options)['results'], {unregistered: USERS // 2, nowhere: USERS // 2, '2001': USERS})
        self.play('registration', *options)
        self.assertEqual(self.play('location', *options)['results'], {'2001': USERS})
        self.end()

    def test_STK_02_STK_03_sip(self):
        self.run_flow('sip', '2005', '5034')

    def test_STK_02_STK_03_cx(self):
        self.run_flow('cx', '10415:2003', '10415:5003')


class Push(Flows):
    def run_flow(self, application):
        self.start('--push', 'ppr:2000')
        self.assertGreaterEqual(self.play('push', '--application', application)['pushes'], USERS)
        self.assert_ends_well(self.agent, *self.hsss)  # not balanced: they push to the end

    def test_SRV_01_ppr_of_sip(self):
        self.run_flow('sip')

    def test_SRV_01_ppr_of_cx(self):
        self.run_flow('cx')

    def test_SRV_06_the_server_ends_the_session(self):
        """RFC 4740 §6.7 with Auth-Session-State STATE_MAINTAINED: ASR, then STR. Once for each."""
        self.start('--push', 'asr:2000')
        report = self.play('push', '--auth-session-state', 0)
        self.assertEqual((report['pushes'], report['requests']), (USERS, 5 * USERS))
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)
        hsss = [hss.report() for hss in self.hsss]
        self.assertEqual(sum(hss['pushes']['results']['2001'] for hss in hsss), USERS)
        self.assertEqual(sum(hss['registered'] for hss in hsss), 0)

    def test_SRV_01_the_server_ends_the_registration(self):
        """RFC 4740 §6.7, RTR. It may come while the user registers."""
        self.start('--push', 'rtr:500')
        report = self.load('push').report()
        self.assert_no_errors({**report, 'errors': {**report['errors'], 'flow': 0}})
        self.assertGreater(report['flows'], USERS // 2)
        self.assertEqual(report['flows'] + report['errors']['flow'], USERS)
        self.assert_ends_well(self.agent, *self.hsss)


    def test_SRV_03_ppr_without_Destination_Host_goes_to_who_serves_the_user(self):
        """RFC 4740 §8.11. Two SIP servers 2: the agent has learnt from their SARs which one it is."""
        self.start('--push', 'ppr:2000', '--push-by-realm')
        self.assertGreaterEqual(self.play('push')['pushes'], USERS)
        self.assert_ends_well(self.agent, *self.hsss)

    def run_refused(self, application, results):
        self.start('--push', 'ppr:2000')
        report = self.play('push-refused', '--application', application)
        self.assertEqual(report['requests'], 5 * USERS)
        self.assert_balanced(self.agent)  # nobody is registered: nobody is pushed to
        self.assert_ends_well(self.agent)
        hsss = [hss.report() for hss in self.hsss]
        for result in results:
            self.assertGreaterEqual(sum(hss['pushes']['results'].get(result, 0) for hss in hsss), USERS // 2)
        self.assertEqual(sum(hss['registered'] for hss in hsss), 0)

    def test_SRV_01_a_refused_profile_ends_with_SIP_SERVER_CHANGE(self):
        """RFC 4740 §8.12: PPA 5040 or 5039, then RTR with reason 2 to the same SIP server 2."""
        self.run_refused('sip', ('5039', '5040'))

    def test_SRV_01_a_refused_profile_of_cx_ends_with_SERVER_CHANGE(self):
        self.run_refused('cx', ('10415:5008', '10415:5009'))

    def test_SRV_05_a_SIP_server_2_that_is_gone_is_3002(self):
        """The HSSs go on pushing to the users that they have registered. Peers of a name of their own: of those that a pattern lets in
        nothing is known any more when they are gone."""
        self.hsss = [Hss(self, number, '--users', USERS, '--push', 'ppr:200') for number in (1, 2)]
        registrars = [{'identity': f'registrar{number}.example.com', 'from': ['127.0.0.0/8']} for number in (1, 2)]
        self.agent = Agent(self, self.hsss, peers=registrars + configuration(self.hsss)['peers'])
        self.load('registration').report()
        self.agent.await_metrics(lambda now: now.sum('local_answers_total', result='3002') >= 20, 'pushes to nobody')
        for hss in self.hsss:
            hss.send(signal.SIGTERM)
        results = [json.loads(hss.output.splitlines()[-1])['pushes']['results'] for hss in self.hsss if hss.wait() == 0]
        self.assertGreaterEqual(sum(result.get('3002', 0) for result in results), 10)
        self.assertEqual({code for result in results for code in result} - {'2001', '3002'}, set())
        self.assert_ends_well(self.agent)

    def test_SRV_06_an_abort_of_a_session_that_is_lost_is_5002(self):
        """RFC 6733 §8.5.2. No STR follows, and the HSS has nobody there any more."""
        self.start('--push', 'asr:2000')
        report = self.play('abort-unknown', '--auth-session-state', 0)
        self.assertEqual((report['pushes'], report['requests']), (USERS, 4 * USERS))
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)
        hsss = [hss.report() for hss in self.hsss]
        self.assertEqual(sum(hss['pushes']['results']['5002'] for hss in hsss), USERS)
        self.assertEqual(sum(hss['registered'] for hss in hsss), 0)


class Failure(Flows):
    """RFC 4740 §6.3 in vain: SAR AUTHENTICATION_FAILURE and AUTHENTICATION_TIMEOUT go where the challenge came from."""

    def run_flow(self, application, first):
        self.start()
        report = self.play('auth-failure', '--application', application)
        self.assertEqual((report['requests'], report['results'][first]), (8 * USERS, 2 * USERS))
        self.assert_balanced(self.agent)
        self.assert_ends_well(self.agent)
        self.assertEqual([hss.report()['registered'] for hss in self.hsss], [0, 0])

    def test_sip(self):
        self.run_flow('sip', '2003')

    def test_cx(self):
        self.run_flow('cx', '10415:2001')


class Termination(Flows):
    def run_flow(self, *options):
        self.start()
        report = self.play('termination', *options)
        self.end()
        return report

    def test_sip(self):
        self.assertEqual(self.run_flow()['requests'], USERS * 15)

    def test_cx(self):
        self.assertEqual(self.run_flow('--application', 'cx')['requests'], USERS * 15)

    def test_sessions_end_with_STR(self):
        self.assertEqual(self.run_flow('--auth-session-state', 0)['requests'], USERS * 17)

    def test_STR_finds_its_server_by_itself(self):
        self.assertEqual(self.run_flow('--auth-session-state', 0, '--no-fixed-destination')['requests'], USERS * 17)


class LocatorAgent(Agent):
    """Routes to the Subscriber Locator; the others are reached by name alone."""

    def __init__(self, scenario, servers, locator, follow):
        conf = configuration([locator, *servers], redirects={'follow': follow})
        conf['pools'] = [{'name': 'locator', 'members': [{'peer': locator.identity}]}]
        conf['routes'][0]['pool'] = 'locator'
        file = scenario.room / 'locator.yaml'
        file.write_text(yaml(conf))
        Program.__init__(self, scenario, 'antipode', ['antipode', 'run', file])
        self.port = int(self.await_line(r'^INFO -: listening: tcp 127\.0\.0\.1:(\d+)$')[1])
        self.admin = self.await_line(r'^INFO -: listening: http (127\.0\.0\.1:\d+)$')[1]
        for hss in [locator, *servers]:
            self.await_line(rf'^INFO {hss.identity}: open')


class SubscriberLocator(Flows):
    def run_flow(self, follow, application, results):
        servers = [Hss(self, number, '--users', USERS, '--registered') for number in (1, 2)]
        redirects = [word for hss in servers for word in ('--redirect', hss.identity)]
        locator = Hss(self, 3, '--users', USERS, *redirects)
        self.hsss = [locator, *servers]
        self.agent = LocatorAgent(self, servers, locator, follow)
        report = self.play('redirect', '--application', application)
        self.assertEqual(report['results'], results)
        self.assertEqual(report['servers'], {hss.identity: USERS // 2 for hss in servers})
        self.end()

    def test_the_agent_passes_redirects_on(self):
        self.run_flow(False, 'sip', {'3006': USERS, '2001': USERS})

    def test_the_agent_passes_redirects_of_cx_on(self):
        self.run_flow(False, 'cx', {'3006': USERS, '2001': USERS})

    def test_the_agent_follows_redirects(self):
        self.run_flow(True, 'sip', {'2001': USERS})

    def test_the_agent_follows_redirects_of_cx(self):
        self.run_flow(True, 'cx', {'2001': USERS})


def md5(*parts):
    return hashlib.md5(':'.join(parts).encode()).hexdigest()


class Registrar(SipServer):
    """A SIP server 2 and the user agent of user 7: RFC 4740 §6.2, the MARs alone."""
    name, uri = f'user7@{REALM}', f'sip:{REALM}'

    def mar(self, *more):
        return self.ask(MAR, avp(SESSION_ID, f'{self.identity};1;1'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                        avp(DESTINATION_REALM, REALM), avp(SIP_AOR, f'sip:{self.name}'), avp(METHOD, 'REGISTER'),
                        avp(SERVER_URI, f'sip:{self.identity}'), avp(AUTH_ITEMS, 1), *more)

    def ask_challenge(self):
        return self.mar(avp(AUTH_ITEM, avp(SCHEME, 0)))

    def prove(self, challenge, *more):
        """The response to this answer's challenge, in the same session."""
        nonce = self.challenge(challenge)[DIGEST_NONCE].decode()
        response = md5(md5(self.name, REALM, 'secret7'), nonce, '00000001', 'cnonce', 'auth', md5('REGISTER', self.uri))
        proof = (avp(DIGEST_USERNAME, self.name) + avp(DIGEST_REALM, REALM) + avp(DIGEST_NONCE, nonce) + avp(DIGEST_URI, self.uri) +
                 avp(DIGEST_RESPONSE, response) + avp(DIGEST_CNONCE, 'cnonce') + avp(DIGEST_QOP, 'auth') +
                 avp(NONCE_COUNT, '00000001') + avp(DIGEST_METHOD, 'REGISTER'))
        return self.mar(avp(USER_NAME, self.name), avp(AUTH_ITEM, avp(SCHEME, 0) + avp(AUTHORIZATION, proof)), *more)

    @staticmethod
    def challenge(answer):
        return avps_of(avps_of(answer.avps[AUTH_ITEM])[AUTHENTICATE])


class DeathBetweenTwoRounds(Flows):
    def challenge(self):
        """Who has challenged is dead; returns the challenge and who lives."""
        self.start('--check-itself')
        self.registrar = Registrar(self.agent, 'registrar1.example.com')
        answer = self.registrar.ask_challenge()
        self.assertEqual(answer.number(RESULT_CODE), 1001)
        dead, = [hss for hss in self.hsss if hss.identity == answer.text(ORIGIN_HOST)]
        dead.kill()
        self.agent.await_metrics(lambda now: now.sum('peers_open', peer=dead.identity) == 0, 'its connection is gone')
        self.hsss.remove(dead)
        return answer, self.hsss[0]

    def test_without_Destination_Host_the_other_challenges_anew(self):
        first, other = self.challenge()
        second = self.registrar.prove(first)
        self.assertEqual((second.number(RESULT_CODE), second.text(ORIGIN_HOST)), (1001, other.identity))
        self.assertEqual(self.registrar.challenge(second)[DIGEST_STALE], b'true')
        third = self.registrar.prove(second)
        self.assertEqual((third.number(RESULT_CODE), third.text(ORIGIN_HOST)), (2001, other.identity))
        self.registrar.close()
        self.end()

    def test_with_Destination_Host_it_cannot_be_delivered(self):
        """RFC 6733 §6.1: a fixed destination."""
        first, other = self.challenge()
        second = self.registrar.prove(first, avp(DESTINATION_HOST, first.text(ORIGIN_HOST)))
        self.assertEqual((second.number(RESULT_CODE), second.flags & ERROR), (3002, ERROR))
        self.registrar.close()
        self.end()
