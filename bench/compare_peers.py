"""What is compared: each peer writes its configuration, starts between the load and two servers, and ends by its pid.

Everything listens on loopback, on ports that were free a moment ago. CPU is read in nanoseconds from
/proc/PID/task/*/schedstat: /proc/PID/stat counts ticks of 10 ms."""

import os
import re
import resource
import signal
import socket
import subprocess
import time

from compare_carrier import free_udp_port

CONNECTED_WITHIN = 15.0  # seconds for a peer to let the first request through
ENDS_WITHIN = 3.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_line(path, pattern, within=10.0):
    """The first group of the first line that matches; fails with what stands in the file instead."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
        if found:
            return found.group(1)
        time.sleep(0.02)
    with open(path, encoding="utf-8", errors="replace") as file:
        raise RuntimeError(f"waited in vain for '{pattern}' in {path}:\n{file.read()[-2000:]}")


class Process:
    """A program pinned to `core` (None: not pinned), its output in a file of the room."""

    def __init__(self, room, name, core, command):
        self.log = os.path.join(room, name + ".out")
        pinned = command if core is None else ["taskset", "-c", str(core)] + command
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(pinned, stdout=out, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL)
        self.pid = self.process.pid  # taskset becomes the program

    def end(self):
        """SIGTERM, then SIGKILL. Returns how it went, "" where it went well."""
        if self.process.poll() is not None:
            return f"had ended with {self.process.returncode}"
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"did not end within {ENDS_WITHIN:.0f} s"
        return "" if self.process.returncode in (0, -signal.SIGTERM) else \
            f"ended with {self.process.returncode}"

    def _tasks(self, file):
        folder = f"/proc/{self.pid}/task"
        try:
            tasks = os.listdir(folder)
        except OSError:
            return  # it has ended: that is reported when it is stopped
        for task in tasks:
            try:
                with open(f"{folder}/{task}/{file}", encoding="ascii") as opened:
                    yield opened.read()
            except OSError:
                continue  # a thread that has just ended

    def cpu_ns(self):
        """User and system time of all threads."""
        return sum(int(text.split()[0]) for text in self._tasks("schedstat"))

    def ticks(self):
        """(user, system) in ticks of 10 ms, for their proportion."""
        user = system = 0
        for text in self._tasks("stat"):
            fields = text.rsplit(")", 1)[1].split()
            user, system = user + int(fields[11]), system + int(fields[12])
        return user, system

    def switches(self):
        return sum(int(count) for text in self._tasks("status")
                   for count in re.findall(r"ctxt_switches:\s+(\d+)", text))

    def rss_kb(self):
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                found = re.search(r"VmRSS:\s+(\d+)", file.read())
        except OSError:
            return 0
        return int(found.group(1)) if found else 0


class Endpoint:
    """Where somebody listens, and the UDP port of his associations if there are any."""

    def __init__(self, port, udp_port=None):
        self.port, self.udp_port = port, udp_port


class Servers:
    """Two antipode-hss."""

    def __init__(self, room, tools, core, users, carrier):
        self.processes = []
        self.endpoints = []
        for number in (1, 2):
            command = [tools + "/antipode-hss", *carrier.tool(f"hss{number}"), "--listen", "127.0.0.1:0", "--identity",
                       f"hss{number}.example.net", "--realm", "example.net", "--users", str(users)]
            self.processes.append(Process(room, f"hss{number}", core, command))
        for process in self.processes:
            port = int(await_line(process.log, r"^listening .*:(\d+)$"))
            udp = int(await_line(process.log, r"^udp-port (\d+)$")) if carrier.is_sctp else None
            self.endpoints.append(Endpoint(port, udp))

    def cpu_ns(self):
        return sum(process.cpu_ns() for process in self.processes)

    def end(self):
        for process in self.processes:
            process.end()


ANTIPODE = """version: 1
identity: dra1.example.net
realm: example.net
workers: {workers}
placement: {placement}
advertise: [relay, sip, cx]
listen:
  - {{ transport: {transport}, address: 127.0.0.1, port: 0 }}
{sections}admin:
  http: {{ address: 127.0.0.1, port: 0 }}
  socket: none
peers:
  - {{ identity: hss1.example.net, realm: example.net, connect: {0} }}
  - {{ identity: hss2.example.net, realm: example.net, connect: {1} }}
  - {{ identity: "*.example.com", from: [127.0.0.0/8] }}
pools:
  - name: hss
    select: {select}
    members:
      - {{ peer: hss1.example.net }}
      - {{ peer: hss2.example.net }}
routes:
  - {{ name: home, realm: example.net, action: relay, pool: hss }}
"""


class Antipode:
    """A relay with metrics on, as users run it: sticky, unless the profile says otherwise."""

    def __init__(self, binaries, workers="1", placement="packed"):
        self.binaries, self.workers, self.placement = binaries, workers, placement
        self.select = "sticky"

    def start(self, room, core, servers, carrier):
        path = os.path.join(room, "antipode.yaml")
        udp_port = free_udp_port() if carrier.is_sctp else None
        connects = [carrier.agent_connect(server.port, server.udp_port) for server in servers]
        with open(path, "w", encoding="utf-8") as file:
            file.write(ANTIPODE.format(*connects, workers=self.workers, placement=self.placement, select=self.select,
                                       transport=carrier.transport, sections=carrier.agent_sections(udp_port)))
        process = Process(room, "agent", core, [self.binaries + "/antipode", "run", path])
        port = await_line(process.log, rf"^INFO -: listening: {carrier.transport} 127\.0\.0\.1:(\d+)$")
        return process, [Endpoint(int(port), udp_port)]


HAPROXY = """global
    nbthread 1
    maxconn {connections}
{tls}defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend diameter
    bind 127.0.0.1:{port} backlog 4096{bind}
    default_backend hss
backend hss
    balance roundrobin
    server hss1 127.0.0.1:{0}{server}
    server hss2 127.0.0.1:{1}{server}
"""


class Haproxy:
    """TCP mode: octets from a client's connection to a server's, whatever they are. Under tls it decrypts and encrypts
    them, with certificates on both sides."""

    @staticmethod
    def connections():
        """As many as its descriptors allow, two for each; it refuses to start with more."""
        return (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100) // 2

    def start(self, room, core, servers, carrier):
        path, port = os.path.join(room, "haproxy.cfg"), free_port()
        with open(path, "w", encoding="utf-8") as file:
            file.write(HAPROXY.format(*(server.port for server in servers), port=port, connections=self.connections(),
                                      tls=carrier.haproxy_global(), bind=carrier.haproxy_bind(),
                                      server=carrier.haproxy_server()))
        return Process(room, "agent", core, ["haproxy", "-db", "-f", path]), [Endpoint(port)]


FREEDIAMETER = """Identity = "dra1.example.net";
Realm = "example.net";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TcTimer = 6;
TLS_Cred = "{room}/cert.pem", "{room}/key.pem";
TLS_CA = "{room}/cert.pem";
LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "{room}/acl.conf";
ConnectPeer = "hss1.example.net" {{ ConnectTo = "127.0.0.1"; No_TLS; Port = {0}; }};
ConnectPeer = "hss2.example.net" {{ ConnectTo = "127.0.0.1"; No_TLS; Port = {1}; }};
"""


class FreeDiameter:
    """Debian's freeDiameterd, which relays whatever it has no extension for."""

    def start(self, room, core, servers, _carrier):
        port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=dra1.example.net", "-keyout", room + "/key.pem",
                        "-out", room + "/cert.pem"], check=True, capture_output=True)
        with open(room + "/acl.conf", "w", encoding="ascii") as file:
            file.write("ALLOW_IPSEC *.example.com\n")
        path = os.path.join(room, "freediameter.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(FREEDIAMETER.format(*(server.port for server in servers), room=room, port=port))
        command = ["freeDiameterd", "-q", "-q", "-c", path]
        return Process(room, "agent", core, command), [Endpoint(port)]


class Direct:
    """No agent: what load and servers do by themselves."""

    def start(self, _room, _core, servers, _carrier):
        return None, list(servers)


def peer_of(name, binaries):
    """`binaries`: folder of this revision, or by "@REV" in the name that of another."""
    kind, _, revision = name.partition("@")
    kind, *options = kind.split(":")
    if kind == "antipode":
        return Antipode(binaries[revision], *options)
    return {"haproxy": Haproxy, "freediameter": FreeDiameter, "direct": Direct}[kind]()
