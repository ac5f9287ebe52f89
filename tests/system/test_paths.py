"""SCTP over IP and two paths between two network namespaces (paths.py): one path is cut under load, and tshark reads along."""
from common import REALM
from diameter import (AUTH_APPLICATION_ID, AUTH_SESSION_STATE, DESTINATION_REALM, LIR, SESSION_ID, SIP, SIP_AOR, SipServer,
                      avp)
from paths import FAR, PORT, Paths, setUpModule  # noqa: F401

PLUGIN = 999999  # an AVP that nobody knows


class InUdp(Paths):
    """So the system chooses the source address of each packet by its route."""
    udp_port = 9899

    def test_SCT_07_WDG_15_a_path_is_cut_under_load_and_nobody_notices(self):
        self.start()
        self.survive_cuts()

    def test_SCT_11_the_path_is_eight_octets_narrower_in_udp(self):
        self.start()
        server = SipServer(self.near, 'probe.example.com')
        server.ask(LIR, avp(SESSION_ID, 'probe.example.com;1;1'), avp(AUTH_APPLICATION_ID, SIP), avp(AUTH_SESSION_STATE, 1),
                   avp(DESTINATION_REALM, REALM), avp(SIP_AOR, f'sip:user1@{REALM}'), avp(PLUGIN, bytes(40000)))
        server.close()
        self.assert_ends_well(self.near)
        sizes = [int(row[0][0]) for row in self.packets(f'udp.port == {self.udp_port}', 'ip.len')]
        self.assertIn(max(sizes), range(1480, 1501))
        self.assertEqual(self.packets('ip.flags.mf == 1 || ip.frag_offset > 0', 'frame.number'), [])


SOURCE = '''
table ip sources {{
    chain leave {{
        type filter hook postrouting priority 0
        oifname "{side}1" meta l4proto sctp ip saddr set 10.1.0.{host}
        oifname "{side}2" meta l4proto sctp ip saddr set 10.2.0.{host}
    }}
}}
'''


class Sctp(Paths):
    def test_SCT_07_over_IP_both_paths_are_cut_in_turn_where_the_system_sets_the_source(self):
        """As docs/TRANSPORTS.md says: the library knows no routes, and writes the same source on every path."""
        self.start()
        self.filter(SOURCE.format(side='near', host=2))
        self.addCleanup(self.filter, 'delete table ip sources')
        self.filter(SOURCE.format(side='far', host=1), *self.there)
        self.survive_cuts()

    def test_SCT_04_SCT_05_SCT_06_what_tshark_reads(self):
        self.start()
        self.assert_no_errors(self.load('--requests', 500).report())
        self.assert_ends_well(self.near)
        data = self.packets('sctp.data_payload_proto_id', 'sctp.data_payload_proto_id', 'sctp.data_sid',
                            'sctp.data_u_bit', 'diameter.cmd.code')
        self.assertEqual({ppid for row in data for ppid in row[0]}, {'46'})
        self.assertEqual({int(sid, 0) for row in data for sid in row[1]}, {0})
        self.assertEqual([row[3][0] for row in data[:2]], ['257', '257'], 'CER and CEA first')
        self.assertFalse(any(bit in ('1', 'True') for row in data[:2] for bit in row[2]))
        self.assertTrue(all(bit in ('1', 'True') for row in data[50:] for bit in row[2]))
        self.assertEqual(self.packets('sctp.checksum_bad.expert || sctp.checksum.status == 0', 'frame.number'), [])
        self.assertEqual(self.packets('sctp.chunk_type == 6', 'frame.number'), [], 'no ABORT')


class Dtls(Paths):
    transport = 'dtls'

    def test_SCT_13_SCT_15_SCT_16_what_tshark_reads_of_dtls(self):
        self.start()
        self.assert_no_errors(self.load('--requests', 500).report())
        self.assert_ends_well(self.near)
        data = self.packets('sctp.data_payload_proto_id', 'sctp.data_payload_proto_id', 'sctp.data_sid',
                            'sctp.chunk_type', 'sctp.shared_key_id')
        self.assertEqual({ppid for row in data for ppid in row[0]}, {'47'})
        self.assertTrue(all('15' in row[2] for row in data), 'all DATA behind AUTH')
        keys = [key for row in data for key in row[3]]
        self.assertEqual(set(keys), {'0', '1'})
        self.assertEqual(set(keys[50:]), {'1'})
        self.assertEqual({int(sid, 0) for row in data[:3] for sid in row[1]}, {0})
        self.assertIn(1, {int(sid, 0) for row in data[50:] for sid in row[1]})
        self.assertEqual(self.packets('sctp.checksum_bad.expert || sctp.checksum.status == 0', 'frame.number'), [])

