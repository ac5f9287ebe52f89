"""A small authoritative name server for tests: UDP on loopback, records from a text, questions counted.

    python3 dns_server.py ZONE [--port 0]        prints "listening 127.0.0.1:PORT", then a line for each question

A zone is lines of `NAME TTL TYPE DATA`, TYPE one of A, AAAA, CNAME, SRV, NAPTR, SOA; `#` begins a comment. Data are as
in a zone file: SRV `0 1 3868 host`, NAPTR `50 50 "s" "aaa:diameter.tcp" "" replacement`, SOA its minimum alone. What is
in no line does not exist; the nearest SOA above it stands in the reply. A line `NAME black-hole` swallows all questions
at and below NAME ("." all). The file is read anew for each question, so a test changes it as it likes.
"""
import argparse
import ipaddress
import pathlib
import shlex
import socket
import struct
import threading

TYPES = {'A': 1, 'CNAME': 5, 'SOA': 6, 'AAAA': 28, 'SRV': 33, 'NAPTR': 35}
NAMES = {number: name for name, number in TYPES.items()}
NAME_ERROR = 3


def encode_name(name):
    labels = [label.encode() for label in name.strip('.').split('.') if label]
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def encode_text(text):
    return bytes([len(text)]) + text.encode()


def encode_data(kind, data):
    if kind in ('A', 'AAAA'):
        return ipaddress.ip_address(data[0]).packed
    if kind == 'CNAME':
        return encode_name(data[0])
    if kind == 'SRV':
        return struct.pack('!HHH', *map(int, data[:3])) + encode_name(data[3])
    if kind == 'NAPTR':
        return struct.pack('!HH', *map(int, data[:2])) + b''.join(map(encode_text, data[2:5])) + encode_name(data[5])
    return encode_name('ns.invalid') + encode_name('nobody.invalid') + struct.pack('!5I', 1, 60, 60, 60, int(data[0]))


def read_question(message):
    """Name, lower case, and type; the octets of the question."""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    kind = struct.unpack_from('!H', message, at + 1)[0]
    return '.'.join(labels).lower(), NAMES.get(kind, str(kind)), message[12:at + 5]


def is_within(name, domain):
    return domain == '.' or name == domain or name.endswith('.' + domain)


class Zone:
    def __init__(self, text):
        self.records, self.holes = [], []
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if len(words) == 2 and words[1] == 'black-hole':
                self.holes.append(words[0].lower())
            elif words:
                name, ttl, kind, *data = words
                self.records.append((name.lower().rstrip('.'), int(ttl), kind, data))

    def is_swallowed(self, name):
        return any(is_within(name, hole) for hole in self.holes)

    def find(self, name, kind):
        """The records of a name, with the aliases on the way."""
        found = [record for record in self.records if record[0] == name and record[2] in (kind, 'CNAME')]
        if not found or found[0][2] == kind:
            return found
        return found + self.find(found[0][3][0].lower().rstrip('.'), kind)

    def authority(self, name):
        above = [record for record in self.records if record[2] == 'SOA' and is_within(name, record[0])]
        return max(above, key=lambda record: len(record[0]), default=None)

    def exists(self, name):
        return any(is_within(record[0], name) for record in self.records)


def encode_record(record):
    name, ttl, kind, data = record
    octets = encode_data(kind, data)
    return encode_name(name) + struct.pack('!HHIH', TYPES[kind], 1, ttl, len(octets)) + octets


def reply_to(zone, message):
    name, kind, question = read_question(message)
    found = zone.find(name, kind)
    authority = None if found else zone.authority(name)
    code = 0 if found or zone.exists(name) else NAME_ERROR
    flags = 0x8580 | code  # a reply, authoritative, recursion wanted and available
    head = message[:2] + struct.pack('!HHHHH', flags, 1, len(found), 1 if authority else 0, 0)
    records = found + ([authority] if authority else [])
    return head + question + b''.join(map(encode_record, records))


class Server:
    """One for a test: `questions` are (name, type), in the order in which they came."""

    def __init__(self, path, port=0, heard=None):
        self.path = pathlib.Path(path)
        self.questions = []
        self.heard = heard
        self.is_over = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', port))
        self.port = self.socket.getsockname()[1]
        self.address = f'127.0.0.1:{self.port}'
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def write(self, text):
        """Another zone, as a whole at once."""
        beside = self.path.with_suffix('.new')
        beside.write_text(text)
        beside.replace(self.path)

    def count(self, name, kind=None):
        return sum(asked == name and kind in (None, of) for asked, of in self.questions)

    def serve(self):
        while not self.is_over:
            message, sender = self.socket.recvfrom(4096)
            if message:
                self.answer(message, sender)

    def answer(self, message, sender):
        name, kind, _ = read_question(message)
        zone = Zone(self.path.read_text())
        self.questions.append((name, kind))
        if self.heard:
            self.heard(name, kind)
        if not zone.is_swallowed(name):
            self.socket.sendto(reply_to(zone, message), sender)

    def close(self):
        """An empty datagram of its own wakes the thread, which then finds that it is over."""
        self.is_over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b'', ('127.0.0.1', self.port))
        self.thread.join()
        self.socket.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('zone')
    parser.add_argument('--port', type=int, default=0)
    options = parser.parse_args()
    server = Server(options.zone, options.port, lambda name, kind: print(name, kind, flush=True))
    print(f'listening {server.address}', flush=True)
    server.thread.join()


if __name__ == '__main__':
    main()
