"""What carries the connections of a comparison: the words of each program for tcp, tls, sctp and dtls.

Certificates are made once for all turns; sctp and dtls go in UDP from one port a program, as an ordinary user may."""

import os
import socket
import subprocess

SECURE, ASSOCIATIONS = ("tls", "dtls"), ("sctp", "dtls")
# What both sides of a comparison agree on: TLS 1.3 and this.
CIPHER_SUITE = "TLS_AES_256_GCM_SHA384"


def free_udp_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


class Carrier:
    """`folder` is for certificates; `connections`: of the largest profile, each with a name of its own."""

    def __init__(self, transport, folder, connections):
        self.transport, self.folder = transport, folder
        self.is_secure, self.is_sctp = transport in SECURE, transport in ASSOCIATIONS
        if self.is_secure:
            self._make_certificates(connections)

    def _make_certificates(self, connections):
        clients = [f"{kind}{number}.example.com" for kind, count in
                   (("sip", connections), ("probe", 2), ("early", connections)) for number in range(1, count + 1)]
        servers = ["hss1.example.net", "hss2.example.net"]
        hosts = {"agent": ["dra1.example.net"], "hss1": servers[:1], "hss2": servers[1:], "load": clients,
                 "between": servers + clients}  # HAProxy's: it has no name of its own, and hands on those of both sides
        subprocess.run(["bench/certificates.sh", self.folder] + [f"{name}={','.join(its)}" for name, its in hosts.items()],
                       check=True)
        with open(self.file("between.both"), "wb") as both:  # HAProxy wants them in one file
            for end in ("pem", "key"):
                with open(self.file(f"between.{end}"), "rb") as part:
                    both.write(part.read())

    def file(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        """Options of antipode-load and antipode-hss."""
        words = ["--transport", self.transport]
        if self.is_secure:
            words += ["--tls-certificate", self.file(f"{name}.pem"), "--tls-key", self.file(f"{name}.key"),
                      "--tls-ca", self.file("ca.pem")]
        return words + (["--udp-port", "any"] if self.is_sctp else [])

    def dialled(self, udp_ports):
        """Options of who dials these."""
        return [word for port in udp_ports for word in ("--remote-udp-port", str(port))] if self.is_sctp else []

    def agent_sections(self, udp_port):
        """Of antipode's configuration."""
        text = ""
        if self.is_secure:
            text += (f"tls: {{ certificate: {self.file('agent.pem')}, private_key: {self.file('agent.key')}, "
                     f"ca: {self.file('ca.pem')} }}\n")
        if self.is_sctp:
            text += f"sctp: {{ udp_port: {udp_port}, blackhole: 2 }}\n"
        return text

    def agent_connect(self, port, udp_port):
        """A peer's `connect`."""
        udp = f", udp_port: {udp_port}" if self.is_sctp else ""
        return f"{{ transport: {self.transport}, address: 127.0.0.1, port: {port}{udp} }}"

    def haproxy_bind(self):
        return f" ssl crt {self.file('between.both')} ca-file {self.file('ca.pem')} verify required" if self.is_secure else ""

    def haproxy_server(self):
        return self.haproxy_bind()

    def haproxy_global(self):
        if not self.is_secure:
            return ""
        return "".join(f"    ssl-default-{side}-options ssl-min-ver TLSv1.3\n"
                       f"    ssl-default-{side}-ciphersuites {CIPHER_SUITE}\n" for side in ("bind", "server"))
