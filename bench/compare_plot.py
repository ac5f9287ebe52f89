"""The plots of docs/PERFORMANCE.md as SVG, written by hand: bars on a logarithmic scale, and latency by percentile."""

import math
import os
from statistics import median

from compare_table import PLOTS, Figures, cpu, name_of, plot_name, quantile, rss_mb, unique

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 400, 80, 64, 20, 44
COLOURS = ["#0b6bcb", "#c9431c", "#1e8a4c", "#7a3fb0", "#8a6d00", "#555555"]
QUANTILES = ["p50", "p90", "p99", "p99_9"]


class Plot:
    """A frame with a logarithmic y axis; elements are gathered and written at the end."""

    def __init__(self, title, unit, values):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.parts = []
        self.text(LEFT, 24, "start", title)
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            self.line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
            self.text(LEFT - 8, y + 4, "end", f"{10 ** power:,g} {unit}")

    def y(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def text(self, x, y, anchor, words, colour="#333"):
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}'>{words}</text>")

    def line(self, x1, y1, x2, y2, colour):
        self.parts.append(f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>")

    def bar(self, x, width, values, colour):
        """Up to the median, with a whisker over the range."""
        middle = self.y(median(values))
        self.parts.append(f"<rect x='{x:.1f}' y='{middle:.1f}' width='{width:.1f}' "
                          f"height='{HEIGHT - BOTTOM - middle:.1f}' fill='{colour}'/>")
        self.line(x + width / 2, self.y(min(values)), x + width / 2, self.y(max(values)), "#333")
        self.text(x + width / 2, self.y(max(values)) - 4, "middle", f"{median(values):.3g}")

    def curve(self, points, colour):
        path = " ".join(f"{x:.1f},{self.y(value):.1f}" for x, value in points)
        self.parts.append(f"<polyline fill='none' stroke='{colour}' stroke-width='2' points='{path}'/>")
        for x, value in points:
            self.parts.append(f"<circle cx='{x:.1f}' cy='{self.y(value):.1f}' r='3' fill='{colour}'/>")

    def legend(self, names):
        x = LEFT
        for name, colour in zip(names, COLOURS):
            self.parts.append(f"<rect x='{x}' y='36' width='12' height='12' fill='{colour}'/>")
            self.text(x + 17, 47, "start", name)
            x += 40 + 7 * len(name)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' "
                       "font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n")
            file.write("\n".join(self.parts) + "\n</svg>\n")


def bars(figures, title, unit, figure, path):
    """A group for each profile, a bar for each peer that has figures."""
    groups = [(profile, [(peer, figures.values(profile, peer, figure)) for peer in figures.peers])
              for profile in figures.profiles]
    values = [value for _, bars_of in groups for _, found in bars_of for value in found if value > 0]
    if not values:
        return
    plot = Plot(title, unit, [min(values) / 2] + values)
    peers = [peer for peer in figures.peers if any(found for _, group in groups for p, found in group if p == peer)]
    plot.legend([name_of(peer) for peer in peers])
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    for i, (profile, group) in enumerate(groups):
        left, each = LEFT + i * width, 0.8 * width / len(peers)
        for peer, found in group:
            if found:
                place = peers.index(peer)
                plot.bar(left + 0.1 * width + place * each, 0.9 * each, found, COLOURS[place % len(COLOURS)])
        plot.text(left + width / 2, HEIGHT - BOTTOM + 20, "middle", profile)
    plot.write(path)


def latencies(figures, profile, path):
    """A curve for each peer: the medians over the runs of each percentile."""
    curves = []
    for peer in figures.peers:
        found = [figures.values(profile, peer, quantile(name)) for name in QUANTILES]
        if all(found):
            curves.append((peer, [median(values) for values in found]))
    if not curves:
        return
    plot = Plot(PLOTS["latency"], "us", [value for _, values in curves for value in values])
    plot.legend([name_of(peer) for peer, _ in curves])
    step = (WIDTH - LEFT - RIGHT) / len(QUANTILES)
    places = [LEFT + step * (i + 0.5) for i in range(len(QUANTILES))]
    for (_, values), colour in zip(curves, COLOURS):
        plot.curve(list(zip(places, values)), colour)
    for x, name in zip(places, QUANTILES):
        plot.text(x, HEIGHT - BOTTOM + 20, "middle", name.replace("_", "."))
    plot.write(path)


def write_all(results, folder):
    """Removes older plots of the same kind, so that none stands beside figures of another day."""
    for cores in unique(result["cores"] for result in results):
        figures = Figures([result for result in results if result["cores"] == cores])
        paths = {kind: os.path.join(folder, plot_name(kind, cores)) for kind in PLOTS}
        for path in paths.values():
            if os.path.exists(path):
                os.remove(path)
        bars(figures, PLOTS["cpu"], "us", cpu, paths["cpu"])
        bars(figures, PLOTS["memory"], "MB", rss_mb, paths["memory"])
        latencies(figures, "open10k", paths["latency"])
