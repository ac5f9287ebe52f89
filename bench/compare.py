"""Runs the comparison: rounds of turns, one result a line. bench/compare.sh builds what this starts.

A turn is one peer under one profile: fresh servers, a fresh agent, a probe that shows that requests pass, then the
load. CPU per pair is the agent's CPU from before the load to its end, by all answers of that time. Many connections
are made twice: first with one request each, and what that took is taken off, so that a pair does not bear the
connecting. What load and servers spend on a pair is kept, too: joined directly they are the measure of sctp and dtls. Every second round goes backwards, so that no peer is always the first."""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time

from compare_carrier import Carrier
from compare_peers import CONNECTED_WITHIN, Servers, peer_of
import compare_plot
import compare_table

USERS = 10000
WARM_UP = 0.3  # seconds that count for CPU, not for rate and latency

PROFILES = {
    "sat": ["--connections", "16", "--window", "16"],
    "plain": ["--connections", "16", "--window", "16"],  # sat, and no pool chooses by user
    "ping": ["--connections", "1", "--window", "1"],
    "open5k": ["--connections", "16", "--window", "0", "--rate", "5000"],
    "open10k": ["--connections", "16", "--window", "0", "--rate", "10000"],
    "c100": ["--connections", "100", "--window", "8"],
    "c1000": ["--connections", "1000", "--window", "4"],
    "c10000": ["--connections", "10000", "--window", "0", "--rate", "10000"],
}
DEFAULT_PROFILES = {"tcp": "sat,ping,open5k,open10k,c100,c1000", "tls": "sat,ping,open5k,open10k,c100",
                    "sctp": "sat,ping,open5k", "dtls": "sat,ping,open5k"}
DEFAULT_PEERS = {"tcp": "antipode,haproxy,freediameter,direct", "tls": "antipode,haproxy,direct",
                 "sctp": "antipode,direct", "dtls": "antipode,direct"}

# Where agent, and load with servers, run. None: anywhere.
CORES = {"one": (0, 0), "two": (1, 0), "any": (None, None)}

MANY = 100  # connections that are worth an account of their own
SETTLE = 0.3  # seconds for an agent to forget them

FREEDIAMETER_RUNS = 3  # it loses requests from 100 connections on, and takes its time for it


def load(room, options, core, ends, arguments, limit):
    """Starts antipode-load. Returns it and the moment when it has taken too long."""
    command = [options.tools + "/antipode-load", *options.carrier.tool("load"), "--destination-realm", "example.net", "--users", str(USERS),
               "--report", "json", "--timeout", "2s"] + arguments
    for end in ends:
        command += ["--connect", f"127.0.0.1:{end.port}"]
    command += options.carrier.dialled(end.udp_port for end in ends)
    if core is not None:
        command = ["taskset", "-c", str(core)] + command
    with open(os.path.join(room, "load.out"), "wb") as out, open(os.path.join(room, "load.err"), "wb") as err:
        return subprocess.Popen(command, stdout=out, stderr=err), time.monotonic() + limit


def finish(room, process, deadline, each=None):
    """Waits for the load, calling `each` now and then. Its report, or {"failed": why}."""
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return {"failed": "took too long"}
        if each:
            each()
        time.sleep(0.1)
    with open(os.path.join(room, "load.out"), encoding="utf-8") as file:
        text = file.read()
    if text.strip():
        return json.loads(text)
    with open(os.path.join(room, "load.err"), encoding="utf-8", errors="replace") as file:
        return {"failed": (file.read().strip().splitlines() or ["no report"])[-1]}


def children_ns():
    """CPU of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def probe(room, options, core, ends):
    """Requests pass on each connection of a few: the peer is ready."""
    deadline = time.monotonic() + CONNECTED_WITHIN
    while time.monotonic() < deadline:
        process, limit = load(room, options, core, ends,
                              ["--connections", "2", "--window", "4", "--requests", "200",
                               "--origin", "probe%d.example.com"], 5)
        report = finish(room, process, limit)
        if "failed" not in report and not any(report["errors"].values()):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no request passes: {report}")


class Meter:
    """The agent's resources before, while and after."""

    def __init__(self, agent, servers):
        self.agent, self.servers = agent, servers
        self.rss = []
        self.begin = self._now()

    def _now(self):
        agent = self.agent
        if agent is None:
            return {"servers_ns": self.servers.cpu_ns()}
        user, system = agent.ticks()
        return {"cpu_ns": agent.cpu_ns(), "user": user, "system": system, "switches": agent.switches(),
                "rss_kb": agent.rss_kb(), "servers_ns": self.servers.cpu_ns()}

    def look(self):
        if self.agent:
            self.rss.append(self.agent.rss_kb())

    def result(self):
        end = self._now()
        spent = {key: end[key] - self.begin[key] for key in end if key != "rss_kb"}
        if self.agent:
            spent["rss_before_kb"] = self.begin["rss_kb"]
            spent["rss_kb"] = max(self.rss or [0])
        return spent


def connect_only(room, options, core, ends, meter, profile):
    """All connections of a profile with a request each, if they are many: {} or what that took."""
    connections = int(PROFILES[profile][1])
    if connections < MANY:
        return {}
    process, limit = load(room, options, core, ends,
                          ["--connections", str(connections), "--window", "1", "--requests",
                           str(connections), "--origin", "early%d.example.com"], 30)
    report = finish(room, process, limit)
    if "failed" in report:
        return {}
    time.sleep(SETTLE)
    return {"connect_ns": meter.result().get("cpu_ns", 0), "connect_pairs": report["answers"]}


def us_per_pair(result):
    pairs = compare_table.pairs_of(result["report"]) - result.get("connect_pairs", 0)
    return (result["cpu_ns"] - 2 * result.get("connect_ns", 0)) / 1000 / pairs if pairs > 0 else None


def tools_us_per_pair(result):
    """CPU of load and servers."""
    pairs = compare_table.pairs_of(result["report"])
    return (result["load_ns"] + result["servers_ns"]) / 1000 / pairs if pairs > 0 else None


def measure(room, options, peer_name, profile, seconds):
    """One turn: a result as it is kept."""
    agent_core, load_core = CORES[options.cores]
    servers = Servers(room, options.tools, load_core, USERS, options.carrier)
    agent = None
    try:
        peer = peer_of(peer_name, options.binaries)
        if profile == "plain":
            peer.select = "round_robin"
        agent, ends = peer.start(room, agent_core, servers.endpoints, options.carrier)
        probe(room, options, load_core, ends)
        meter = Meter(agent, servers)
        connecting = connect_only(room, options, load_core, ends, meter, profile)
        arguments = PROFILES[profile] + ["--duration", f"{seconds * 1000:.0f}ms", "--warmup", f"{WARM_UP * 1000:.0f}ms"]
        before = children_ns()
        process, limit = load(room, options, load_core, ends, arguments, seconds + 30)
        report = finish(room, process, limit, meter.look)
        result = {"report": report, "load_ns": children_ns() - before} | connecting | meter.result()
    finally:
        ended = agent.end() if agent else ""
        servers.end()
    if ended:
        result["end"] = ended
    if "failed" not in report and "cpu_ns" in result:
        result["us_per_pair"] = us_per_pair(result)
    if "failed" not in report and not connecting:
        result["tools_us_per_pair"] = tools_us_per_pair(result)
    return result


def revision():
    def git(*arguments):
        return subprocess.run(("git",) + arguments, capture_output=True, text=True, check=False).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "agent", "routing", "proto", "bench")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}"


def turns(options):
    """(round, profile, peer) in the order in which they are measured."""
    for number in range(options.runs):
        order = options.peers if number % 2 == 0 else options.peers[::-1]
        for profile in options.profiles:
            for peer in order:
                if not (peer == "freediameter" and number >= FREEDIAMETER_RUNS):
                    yield number, profile, peer


def tell(result):
    report = result["report"]
    what = report.get("failed") or (
        f"{result.get('us_per_pair') or result.get('tools_us_per_pair') or 0:8.3f} us/pair {report['rate']:10.0f}/s "
        f"p50 {report['latency_us']['p50']:8.1f} p99 {report['latency_us']['p99']:9.1f} us")
    lost = compare_table.lost(result)
    print(f"{result['run'] + 1:2d} {result['profile']:8s}{result['peer']:24s}{what}"
          f"{f'  lost {lost}' if lost else ''}", flush=True)


def run_all(options, results_path):
    with open(results_path, "a", encoding="utf-8") as kept:
        for number, profile, peer in turns(options):
            head = {"run": number, "cores": options.cores, "transport": options.transport, "profile": profile, "peer": peer,
                    "seconds": options.seconds, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "revision": options.revision, "machine": options.machine,
                    "load_average": os.getloadavg()[0]}
            with tempfile.TemporaryDirectory() as room:
                try:
                    result = head | measure(room, options, peer, profile, options.seconds)
                except RuntimeError as error:
                    result = head | {"report": {"failed": str(error)}}
            kept.write(json.dumps(result) + "\n")
            kept.flush()
            tell(result)


def read_options():
    parser = argparse.ArgumentParser(prog="bench/compare.sh")
    parser.add_argument("--peers")
    parser.add_argument("--transport", choices=DEFAULT_PROFILES, default="tcp")
    parser.add_argument("--profiles")
    parser.add_argument("--cores", choices=CORES, default="one")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--against")
    parser.add_argument("--against-bin")
    parser.add_argument("--against-name")
    parser.add_argument("--from", dest="folders", action="append", default=[])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    default = DEFAULT_PEERS[options.transport]
    here = os.path.join(os.getcwd(), "build/release/bin")
    options.binaries = {"": here}
    options.tools = here
    if options.against_name:
        options.binaries[options.against_name] = options.against_bin
        default = f"antipode,antipode@{options.against_name}"
    options.peers = (options.peers or default).split(",")
    options.profiles = (options.profiles or DEFAULT_PROFILES[options.transport]).split(",")
    options.runs = options.runs or (7 if options.against else 5)
    unknown = [name for name in options.profiles if name not in PROFILES]
    if unknown:
        parser.error(f"no such profile: {', '.join(unknown)}")
    if options.against and options.runs < 7:
        parser.error("--against wants at least 7 runs")
    return options


def main():
    options = read_options()
    folders = options.folders
    if not folders:
        options.revision, options.machine = revision(), machine()
        folder = time.strftime("build/compare/%Y-%m-%dT%H%M%S", time.gmtime())
        os.makedirs(folder)
        with tempfile.TemporaryDirectory() as certificates:
            options.carrier = Carrier(options.transport, certificates,
                                      max(int(PROFILES[profile][1]) for profile in options.profiles))
            run_all(options, os.path.join(folder, "results.jsonl"))
        folders = [folder]
    results = compare_table.read(folders)
    table = compare_table.report(results)
    print("\n" + table)
    with open(os.path.join(folders[0], "table.md"), "w", encoding="utf-8") as file:
        file.write(table)
    compare_plot.write_all(results, folders[0])
    if options.write and options.transport == "tcp":
        compare_table.write("docs/PERFORMANCE.md", table)
        compare_table.write("README.md", compare_table.summary(results))
        compare_plot.write_all(results, "docs")
    print(f"\nkept in {folders[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
