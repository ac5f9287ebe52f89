"""Results into tables: medians with ranges, and ratios of what was measured in the same round."""

import json
import os
import re
from statistics import median

# RATIO of CPU per pair to HAProxy's: what we want, and what will do as a first step.
TARGETS = {"sat": (1.0, 1.5), "ping": (1.0, 1.3), "open5k": (0.85, 1.2), "c1000": (0.7, 1.0)}
NAMES = {"antipode": "Antipode", "haproxy": "HAProxy (TCP mode)", "freediameter": "freeDiameter",
         "direct": "no agent"}
WORDS = {"one": "all on one core", "two": "the agent alone on the second core", "any": "nothing pinned"}


# The most that an agent may cost: HAProxy with TLS on both sides; what load and servers spend on a pair when joined directly.
LIMITS = {"tls": 1.1, "sctp": 1.25, "dtls": 1.25}

# Kind of plot -> its title. compare_plot.py draws them, the report shows them.
PLOTS = {"cpu": "CPU of the agent per request and answer", "latency": "Latency under open10k",
         "memory": "Memory of the agent under the load"}


def plot_name(kind, cores):
    return f"performance-{kind}-{cores}.svg"


def read(folders):
    results = []
    for folder in folders:
        with open(os.path.join(folder, "results.jsonl"), encoding="utf-8") as file:
            results += [json.loads(line) for line in file]
    return results


def transport_of(result):
    return result.get("transport", "tcp")


def unique(values):
    return list(dict.fromkeys(values))


def name_of(peer):
    kind, _, options = peer.partition(":")
    if options:
        workers, _, placement = options.partition(":")
        return f"{NAMES.get(kind, kind)}, {workers} workers, {placement or 'packed'}"
    kind, _, rev = peer.partition("@")
    return NAMES.get(kind, kind) + (f" at {rev}" if rev else "")


# --- from a result ---


def lost(result):
    """Requests without a good answer, or None where there is no report."""
    report = result["report"]
    if "failed" in report:
        return None
    return sum(report["errors"].values()) + report["warmup_errors"]


def pairs_of(report):
    """Requests and their answers, those of the warm-up too."""
    return report["answers"] + max(report["warmup_requests"] - report["warmup_errors"], 0)


def cpu(result):
    return result.get("us_per_pair")


def tools_cpu(result):
    return result.get("tools_us_per_pair")


def rate(result):
    return result["report"].get("rate") or None


def quantile(name):
    return lambda result: result["report"].get("latency_us", {}).get(name) or None


def cores_used(result):
    return result["us_per_pair"] * result["report"]["rate"] / 1e6 if result.get("us_per_pair") else None


def us_per_connection(result):
    connections = result["report"].get("connections")
    return result["connect_ns"] / 1000 / connections if connections and result.get("connect_ns") else None


def rss_mb(result):
    return result["rss_kb"] / 1024 if result.get("rss_kb") else None


def kb_per_connection(result):
    connections = result["report"].get("connections")
    if not connections or not result.get("rss_kb"):
        return None
    return (result["rss_kb"] - result["rss_before_kb"]) / connections


def switches_per_1000(result):
    """From the first connection on; the warm-up may have had the only answers."""
    return 1000 * result["switches"] / pairs_of(result["report"]) if result.get("us_per_pair") else None


# --- figures ---


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values):
    """median [least..most]"""
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} [{number(min(values))}..{number(max(values))}]"


class Figures:
    """All results of one choice of cores, over one transport."""

    def __init__(self, results):
        self.results = results
        self.transport = transport_of(results[0])
        self.peers = unique(result["peer"] for result in results)
        self.profiles = unique(result["profile"] for result in results)

    def of(self, profile, peer):
        return [r for r in self.results if (r["profile"], r["peer"]) == (profile, peer)]

    def values(self, profile, peer, figure):
        found = [figure(result) for result in self.of(profile, peer)]
        return [value for value in found if value is not None]

    def ratios(self, profile, peer, other, figure=cpu):
        """Of the rounds in which both were measured."""
        mine = {r["run"]: figure(r) for r in self.of(profile, peer)}
        theirs = {r["run"]: figure(r) for r in self.of(profile, other)}
        return [mine[run] / theirs[run] for run in mine if mine[run] and theirs.get(run)]

    def added(self, profile, peer, figure):
        """What the peer adds to no agent at all, of the rounds in which both were measured."""
        mine = {r["run"]: figure(r) for r in self.of(profile, peer)}
        bare = {r["run"]: figure(r) for r in self.of(profile, "direct")}
        return [mine[run] - bare[run] for run in mine if mine[run] and bare.get(run)]

    def to_tools(self, profile, peer):
        """The agent's CPU by that of load and servers without one, of the rounds in which both were measured."""
        mine = {r["run"]: cpu(r) for r in self.of(profile, peer)}
        tools = {r["run"]: tools_cpu(r) for r in self.of(profile, "direct")}
        return [mine[run] / tools[run] for run in mine if mine[run] and tools.get(run)]

    def table(self, title, figure, peers):
        rows = [[profile] + [spread(self.values(profile, peer, figure)) for peer in peers]
                for profile in self.profiles]
        return heading(title) + markdown(["profile"] + [name_of(peer) for peer in peers], rows)


# --- markdown ---


def heading(title):
    return f"\n**{title}**\n\n"


def markdown(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def compared(peers):
    """(one, other) of each ratio: to HAProxy, to another revision, and of several workers to one."""
    pairs = [("antipode", peer) for peer in peers if peer == "haproxy" or "@" in peer]
    pairs += [(peer, "antipode") for peer in peers if peer.startswith("antipode:")]
    return [pair for pair in pairs if "antipode" in peers]


def cpu_table(figures):
    """The first table: CPU per pair, and the ratios that the targets are about."""
    agents = [peer for peer in figures.peers if peer != "direct"]
    pairs = compared(agents)
    has_targets = ("antipode", "haproxy") in pairs and figures.transport == "tcp"
    head = ["profile"] + [name_of(peer) for peer in agents]
    head += [f"{name_of(one)} / {name_of(other)}" for one, other in pairs]
    head += ["goal", "first step"] if has_targets else []
    rows = []
    for profile in figures.profiles:
        row = [profile] + [spread(figures.values(profile, peer, cpu)) for peer in agents]
        row += [spread(figures.ratios(profile, one, other)) for one, other in pairs]
        if has_targets:
            row += [f"{value:.2f}" for value in TARGETS[profile]] if profile in TARGETS else ["", ""]
        rows.append(row)
    return heading("CPU of the agent per request and answer, microseconds") + markdown(head, rows)


def tools_table(figures):
    """What the agent costs beside what it serves. Of sctp and dtls, where nobody else relays, this is the measure."""
    if "direct" not in figures.peers or "antipode" not in figures.peers:
        return ""
    rows = [[profile, spread(figures.values(profile, "antipode", cpu)), spread(figures.values(profile, "direct", tools_cpu)),
             spread(figures.to_tools(profile, "antipode"))] for profile in figures.profiles]
    return heading("CPU of the agent, and of load and servers joined directly, microseconds for each request and answer") + \
        markdown(["profile", "Antipode", "load and servers", "ratio"], rows)


def added_table(figures):
    agents = [peer for peer in figures.peers if peer != "direct"]
    rows = [[profile] + [spread(figures.added(profile, peer, quantile("p50"))) for peer in agents]
            for profile in figures.profiles if profile.startswith("open")]
    if "direct" not in figures.peers or not rows:
        return ""
    return heading("p50 that the agent adds to none, microseconds") + \
        markdown(["profile"] + [name_of(peer) for peer in agents], rows)


def lost_table(figures):
    rows = []
    for peer in figures.peers:
        for profile in figures.profiles:
            bad = [describe_loss(result) for result in figures.of(profile, peer)]
            bad = [text for text in bad if text]
            if bad:
                rows.append([name_of(peer), profile, f"{len(bad)} of {len(figures.of(profile, peer))}",
                             "; ".join(unique(bad)[:3])])
    if not rows:
        return heading("Lost") + "Nothing, by nobody: every request of every run had its answer.\n"
    return heading("Lost") + markdown(["peer", "profile", "runs", "what"], rows)


def describe_loss(result):
    report = result["report"]
    end = f", {result['end']}" if result.get("end") else ""
    if "failed" in report:
        return report["failed"].splitlines()[0][:120].replace("|", "/") + end
    if not lost(result):
        return end[2:]
    errors = ", ".join(f"{name} {count:,}" for name, count in report["errors"].items() if count)
    return f"{report['answers']:,} of {report['requests']:,} answered ({errors or 'in warm-up'}){end}"


def many_table(figures, title, figure, agents):
    rows = [[profile] + [spread(figures.values(profile, peer, figure)) for peer in agents]
            for profile in figures.profiles if profile in ("c1000", "c10000")]
    return heading(title) + markdown(["profile"] + [name_of(peer) for peer in agents], rows) if rows else ""


def section(cores, results):
    figures = Figures(results)
    agents = [peer for peer in figures.peers if peer != "direct"]
    over = "" if figures.transport == "tcp" else f", over {figures.transport}"
    text = f"\n#### {WORDS[cores][0].upper()}{WORDS[cores][1:]}{over}\n"
    text += cpu_table(figures) + tools_table(figures)
    if figures.transport in LIMITS:
        text += f"\nThe limit over {figures.transport} is {LIMITS[figures.transport]}.\n"
    if agents[0] == "antipode" and figures.transport == "tcp":
        text += "".join(f"\n![{title}]({plot_name(kind, cores)})\n" for kind, title in PLOTS.items()
                        if kind != "latency" or "open10k" in figures.profiles)
    text += figures.table("Pairs a second", rate, figures.peers)
    text += figures.table("Latency, p50 in microseconds", quantile("p50"), figures.peers)
    text += added_table(figures)
    text += figures.table("Latency, p99 in microseconds", quantile("p99"), figures.peers)
    text += figures.table("Cores that the agent used", cores_used, agents)
    text += figures.table("Context switches of the agent per 1,000 pairs", switches_per_1000, agents)
    text += figures.table("Memory of the agent under the load, MB", rss_mb, agents)
    text += many_table(figures, "Memory a connection, its requests included, KB", kb_per_connection, agents)
    text += many_table(figures, "CPU to connect, ask once and disconnect, microseconds", us_per_connection, agents)
    return text + lost_table(figures)


def report(results):
    first, last = results[0], results[-1]
    runs = max(result["run"] for result in results) + 1
    loads = [result["load_average"] for result in results]
    text = (f"Revision {first['revision']}, {first['at'][:10]}, {first['machine']}. {runs} rounds of "
            f"{last['seconds']:g} s; median [least..most]. Load average {min(loads):.1f} to {max(loads):.1f}.\n")
    for cores, transport in unique((result["cores"], transport_of(result)) for result in results):
        text += section(cores, [result for result in results if (result["cores"], transport_of(result)) == (cores, transport)])
    return text


def summary(results):
    """The few rows of README.md, of one core if that was measured, over tcp."""
    results = [result for result in results if transport_of(result) == "tcp"] or results
    cores = "one" if any(result["cores"] == "one" for result in results) else results[0]["cores"]
    figures = Figures([result for result in results if result["cores"] == cores])
    rows = []
    for profile, words in (("sat", "saturated, 16 connections × 16"), ("ping", "one request at a time"),
                           ("open5k", "5,000 requests a second"), ("c1000", "1,000 connections × 4")):
        ours = figures.values(profile, "antipode", cpu)
        ratios = figures.ratios(profile, "antipode", "haproxy")
        if ours and ratios:
            rows.append([f"CPU per request and answer, {words}",
                         f"{number(median(ours))} us: {number(median(ratios))} × HAProxy in TCP mode"])
    rates = figures.values("sat", "antipode", rate)
    if rates:
        rows.append([f"pairs a second, saturated, {WORDS[cores]}", number(median(rates))])
    for figure, words in ((rss_mb, "memory with 1,000 connections, MB"),
                          (kb_per_connection, "memory a connection of 1,000, KB")):
        values = figures.values("c1000", "antipode", figure)
        if values:
            rows.append([words, number(median(values))])
    first = results[0]
    return markdown(["what", "figure"], rows) + \
        f"\n{first['machine']}, {first['at'][:10]}, by `bench/compare.sh`; more in " \
        "[docs/PERFORMANCE.md](docs/PERFORMANCE.md).\n"


def write(path, text):
    """Replaces what stands between the markers."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    pattern = re.compile(r"(<!-- figures:begin -->\n).*?(<!-- figures:end -->)", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{path}: no markers <!-- figures:begin --> and <!-- figures:end -->")
    with open(path, "w", encoding="utf-8") as file:
        file.write(pattern.sub(lambda found: found.group(1) + text + found.group(2), page))
