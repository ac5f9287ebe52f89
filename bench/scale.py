#!/usr/bin/env python3
"""Does a pair cost the same with 16, 200 and 2,000 clients, and 64 servers behind?

usage: bench/scale.py [--runs N] [--seconds T] [--no-instructions]

Beside HAProxy in TCP mode, in turns, all on one core: CPU of the agent per request and answer, and its ratio to HAProxy's.
Each client has four requests outstanding. What connecting costs is left out: each turn is a short load and a long one, and
counts their difference. Then the agent's instructions a pair, by valgrind's callgrind, likewise, with 64 outstanding, when all
users are known. A tick looks at each peer, and more of them fall on a pair that valgrind makes slow: they stand beside it.
Wants build/release, haproxy, taskset and valgrind."""

import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from compare_peers import Process, await_line, free_port

BIN = os.path.join(os.getcwd(), "build/release/bin")
SERVERS = 64
WINDOW = 4
CLIENTS = (16, 200, 2000)
USERS = 10000
CORE = 0
COUNTED_WINDOW = 64
WARMING = 200000  # requests under valgrind that fill every table
COUNTED = (50000, 200000)
TIMERS = ("on_tick",)

AGENT = """version: 1
identity: dra1.example.net
realm: example.net
workers: 1
advertise: [relay, sip, cx]
listen: [{{ transport: tcp, address: 127.0.0.1, port: 0 }}]
admin: {{ http: {{ address: 127.0.0.1, port: 0 }}, socket: none }}
peers:
{peers}
  - {{ identity: "*.example.com", from: [127.0.0.0/8] }}
pools:
  - name: hss
    select: sticky
    members:
{members}
routes:
  - {{ name: home, realm: example.net, action: relay, pool: hss }}
"""
PEER = "  - {{ identity: hss{0}.example.net, realm: example.net, connect: {{ transport: tcp, address: 127.0.0.1, port: {1} }} }}"
HAPROXY = """global
    nbthread 1
    maxconn 9000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend diameter
    bind 127.0.0.1:{port} backlog 4096
    default_backend hss
backend hss
    balance roundrobin
{servers}
"""


def start_servers(room):
    processes = [Process(room, f"hss{n}", CORE, [BIN + "/antipode-hss", "--listen", "127.0.0.1:0", "--identity",
                                                 f"hss{n}.example.net", "--realm", "example.net", "--users", str(USERS)])
                 for n in range(1, SERVERS + 1)]
    return processes, [int(await_line(process.log, r"^listening .*:(\d+)$", 60)) for process in processes]


def start_antipode(room, ports, before=()):
    path = os.path.join(room, "antipode.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(AGENT.format(peers="\n".join(PEER.format(n, port) for n, port in enumerate(ports, 1)),
                                members="\n".join(f"      - {{ peer: hss{n}.example.net }}"
                                                  for n in range(1, len(ports) + 1))))
    agent = Process(room, "agent", CORE, [*before, BIN + "/antipode", "run", path])
    port = int(await_line(agent.log, r"INFO -: listening: tcp 127\.0\.0\.1:(\d+)$", 60))
    for n in range(1, len(ports) + 1):
        await_line(agent.log, rf"hss{n}\.example\.net: (open): ", 120)
    return agent, port


def start_haproxy(room, ports):
    path, port = os.path.join(room, "haproxy.cfg"), free_port()
    with open(path, "w", encoding="utf-8") as file:
        file.write(HAPROXY.format(port=port, servers="\n".join(f"    server hss{n} 127.0.0.1:{at}"
                                                              for n, at in enumerate(ports, 1))))
    agent = Process(room, "agent", CORE, ["haproxy", "-db", "-f", path])
    time.sleep(0.5)
    return agent, port


def load(port, clients, window, how_long, timeout="10s"):
    """The report of a load whose every request was answered."""
    command = ["taskset", "-c", str(CORE), BIN + "/antipode-load", "--connect", f"127.0.0.1:{port}",
               "--destination-realm", "example.net", "--users", str(USERS), "--connections", str(clients),
               "--window", str(window), "--timeout", timeout, "--report", "json", *how_long]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        sys.exit(f"scale.py: {clients} clients: {done.stdout.strip()} {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def us_per_pair(start, clients, seconds, ports):
    with tempfile.TemporaryDirectory() as room:
        agent, port = start(room, ports)
        spent, pairs = [], []
        for duration in (0.5, 0.5 + seconds):
            begin = agent.cpu_ns()
            pairs.append(load(port, clients, WINDOW, ["--duration", f"{duration * 1000:.0f}ms"])["answers"])
            spent.append(agent.cpu_ns() - begin)
        agent.end()
    return (spent[1] - spent[0]) / 1000 / (pairs[1] - pairs[0])


def show(values):
    return f"{statistics.median(values):5.2f} [{min(values):.2f}..{max(values):.2f}]"


def compare(runs, seconds, counts):
    servers_room = tempfile.TemporaryDirectory()
    servers, ports = start_servers(servers_room.name)
    try:
        if runs:
            measure(runs, seconds, ports)
        if counts:
            count(ports)
    finally:
        for process in servers:
            process.end()
        servers_room.cleanup()


def measure(runs, seconds, ports):
    print(f"{SERVERS} servers, {WINDOW} requests outstanding for each client, one core; us of CPU per pair, median [least..most]\n")
    ratios = {}
    figures = {(kind, clients): [] for kind in ("antipode", "haproxy") for clients in CLIENTS}
    for run in range(runs):
        for clients in CLIENTS:
            kinds = [("antipode", start_antipode), ("haproxy", start_haproxy)]
            for kind, start in kinds[::-1] if run % 2 else kinds:
                figures[kind, clients].append(us_per_pair(start, clients, seconds, ports))
    print("clients  Antipode             HAProxy              ratio")
    for clients in CLIENTS:
        ours, theirs = figures["antipode", clients], figures["haproxy", clients]
        ratio = [a / b for a, b in zip(ours, theirs)]
        ratios[clients] = statistics.median(ratio)
        print(f"{clients:7d}  {show(ours):20s} {show(theirs):20s} {show(ratio)}")
    print(f"the ratio grows by {ratios[CLIENTS[-1]] / ratios[CLIENTS[0]]:.2f} from {CLIENTS[0]} to {CLIENTS[-1]} clients")


def own_instructions(path):
    """What callgrind counted in the program itself, not in its libraries; and what its timers called, with all that these call."""
    own, whole, ticks, is_call, called = False, 0, 0, False, ""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("ob="):
                own = line.rstrip().endswith("/antipode")
            elif line.startswith("cfn="):
                called = line[len("cfn="):]
            elif line.startswith("calls="):
                is_call = True
            elif line[:1] in "0123456789+-*":
                cost = int(line.split()[1])
                if is_call and called.startswith(TIMERS):
                    ticks += cost
                elif own and not is_call:
                    whole += cost
                is_call = False
    return whole, ticks


def await_rest(agent):
    """The clients have gone: until the agent has said so, it works."""
    before, now = -1, agent.cpu_ns()
    while now - before > 20_000_000:
        time.sleep(0.5)
        before, now = now, agent.cpu_ns()


def dump(agent, out):
    """The program's instructions since the last dump: whole, ticks."""
    before = set(glob.glob(out + "*"))
    subprocess.run(["callgrind_control", "--dump", str(agent.pid)], check=True, capture_output=True)
    return [sum(part) for part in zip(*map(own_instructions, set(glob.glob(out + "*")) - before))]


def instructions(clients, ports):
    with tempfile.TemporaryDirectory() as room:
        out = os.path.join(room, "callgrind.out")
        agent, port = start_antipode(room, ports, ["valgrind", "--tool=callgrind", "--compress-strings=no",
                                                   f"--callgrind-out-file={out}"])
        counted = []
        dump(agent, out)  # the start
        for requests in (WARMING, *COUNTED):
            load(port, clients, COUNTED_WINDOW, ["--requests", str(requests)], "120s")
            await_rest(agent)
            counted.append(dump(agent, out))
        agent.end()
    pairs = COUNTED[1] - COUNTED[0]
    whole, ticks = ((long - short) / pairs for short, long in zip(counted[1], counted[2]))
    return whole - ticks, ticks


def count(ports):
    print("\nclients  instructions per pair: our own code, and its ticks")
    figures = []
    for clients in CLIENTS:
        figures.append(instructions(clients, ports))
        print(f"{clients:7d}  {figures[-1][0]:.0f}  {figures[-1][1]:.0f}", flush=True)
    pairs = [figure[0] for figure in figures]
    print(f"most by least: {max(pairs) / min(pairs):.3f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[2][len("usage: "):])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--no-instructions", action="store_true")
    options = parser.parse_args()
    compare(options.runs, options.seconds, not options.no_instructions)


if __name__ == "__main__":
    main()
