"""What the two legs of a relay owe each other: everything as it came, but a Route-Record and the Hop-by-Hop."""
from diameter import ORIGIN_HOST, SESSION_ID, Message

ROUTE_RECORD, APPLICATION = 282, slice(8, 12)


def avps(octets):
    """The outermost AVPs as octets, in order, padding included."""
    at, found = 20, []
    while at < len(octets):
        length = int.from_bytes(octets[at + 5:at + 8], 'big')
        end = at + length + -length % 4
        found.append(octets[at:end])
        at = end
    return found


def header(octets):
    """All of it that an agent may not change: not the length, not the Hop-by-Hop."""
    return octets[:1] + octets[4:12] + octets[16:20]


def route_record(identity):
    length = 8 + len(identity)
    return (ROUTE_RECORD.to_bytes(4, 'big') + (0x40 << 24 | length).to_bytes(4, 'big') + identity.encode() +
            bytes(-length % 4))


def hop_by_hop(octets):
    return octets[12:16]


class Legs:
    """Pairs each request and answer that came with the one that left, by End-to-End Identifier, and compares them."""

    def __init__(self, test, *taps):
        self.test = test
        self.requests = {True: {}, False: {}}  # by from_agent, then End-to-End and Session-Id
        self.answers = {True: {}, False: {}}
        for tap in taps:
            for conversation in tap.conversations:
                self.sort(conversation)

    def sort(self, conversation):
        for one in conversation.seen():
            if one.octets[APPLICATION] == bytes(4):
                continue
            kind = self.requests if one.is_request else self.answers
            key = one.message.end_to_end, one.message.text(SESSION_ID)
            self.test.assertNotIn(key, kind[one.from_agent], 'seen twice')
            kind[one.from_agent][key] = one.octets

    def compare(self):
        """Returns how many pairs there were. The peers' requests name themselves as origin."""
        self.test.assertEqual(self.requests[True].keys(), self.requests[False].keys())
        self.test.assertEqual(self.answers[True].keys(), self.answers[False].keys())
        self.test.assertEqual(self.requests[True].keys(), self.answers[True].keys())
        for key, came in self.requests[False].items():
            left = self.requests[True][key]
            self.test.assertEqual(header(left), header(came))
            self.test.assertEqual(avps(left), [*avps(came), route_record(Message(came).text(ORIGIN_HOST))])
            back_came, back_left = self.answers[False][key], self.answers[True][key]
            self.test.assertEqual(header(back_left), header(back_came))
            self.test.assertEqual(avps(back_left), avps(back_came))
            self.test.assertEqual(hop_by_hop(back_left), hop_by_hop(came))
            self.test.assertEqual(hop_by_hop(back_came), hop_by_hop(left))
        return len(self.requests[False])
