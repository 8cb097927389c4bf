#!/usr/bin/python3
"""Draws what compare_peers.sh -o has measured, as SVG on the standard output.

usage: plot.py threads FILE.tsv...    seconds against threads, all files of one tree
       plot.py sizes FILE.tsv...      seconds against directories, each peer at its best setting

A panel for warm and one for cold runs, where there are such. Each run is a faint dot, a line leads
through the medians. The same files give the same bytes. Exit status: 0; 1 for files that cannot be
read or make no sense; 2 for a wrong call.
"""

import math
import re
import statistics
import sys
from xml.sax.saxutils import escape

COLUMNS = ["kind", "tree", "peer", "setting", "seconds", "cpu"]
BARE = "--no-leaf-skip"
# Names, in the order of the legend, with colours that colour-blind people can tell apart.
LOOKS = {
    "repo-scan": ("#0072b2", ""),
    f"repo-scan {BARE}": ("#0072b2", "7 4"),
    "floor": ("#000000", ""),
    f"floor {BARE}": ("#000000", "7 4"),
    "fdfind": ("#d55e00", ""),
    "bfs": ("#009e73", ""),
    "find": ("#cc79a7", ""),
    "python": ("#a87900", ""),
}
WIDTH, HEIGHT = 420, 320  # of a panel's inside
LEFT, TOP, GAP, BOTTOM, LEGEND = 64, 40, 76, 56, 190


class Nonsense(Exception):
    """Said to the user in one line."""


class Run:
    def __init__(self, kind, tree, peer, setting, seconds):
        if kind not in ("warm", "cold"):
            raise ValueError("neither warm nor cold")
        if not re.fullmatch(r"\d+/\d+", tree):
            raise ValueError("a tree that is not directories/repositories")
        directories, repositories = tree.split("/")
        self.kind = kind
        self.tree = (int(directories), int(repositories))
        self.seconds = float(seconds)
        if not 0 < self.seconds < math.inf or self.tree[0] < 1:
            raise ValueError("not above 0")
        self.setting = setting
        jobs = re.search(r"-j (\d+)", setting)
        self.jobs = int(jobs[1]) if jobs else None
        if self.jobs is not None and self.jobs < 1:
            raise ValueError("no threads")
        self.name = f"{peer} {BARE}" if BARE in setting else peer
        if self.name not in LOOKS:
            raise ValueError(f"unknown peer {peer}")


def read(path):
    """The runs of a file, without those of probes alone."""
    runs = []
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Nonsense(f"{path}: {getattr(error, 'strerror', None) or 'no text'}") from None
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if not line or line.startswith("#") or fields == COLUMNS:
            continue
        if len(fields) != len(COLUMNS):
            raise Nonsense(f"{path}:{number}: {len(fields)} columns instead of {len(COLUMNS)}")
        try:
            run = Run(*fields[:5])
        except ValueError as error:
            raise Nonsense(f"{path}:{number}: {error}") from None
        if "--probes" not in run.setting:
            runs.append(run)
    return runs


def by_threads(runs):
    """{name: {threads: [seconds]}}; what has no setting is the same for all."""
    if len({run.tree for run in runs}) > 1:
        raise Nonsense("threads: runs of more than one tree")
    threads = sorted({run.jobs for run in runs if run.jobs})
    if not threads:
        raise Nonsense("threads: no runs with -j")
    series = {}
    for run in runs:
        # repo-scan without -j is one of its points again.
        if run.jobs is None and run.name.startswith("repo-scan"):
            continue
        for x in [run.jobs] if run.jobs else [threads[0], threads[-1]]:
            series.setdefault(run.name, {}).setdefault(x, []).append(run.seconds)
    return series


def by_size(runs):
    """{name: {directories: [seconds]}} of the setting with the lowest median at that size."""
    trees = {}
    for run in runs:
        size = trees.setdefault(run.tree[0], {})
        size.setdefault(run.name, {}).setdefault(run.setting, []).append(run.seconds)
    series = {}
    for directories, names in trees.items():
        for name, settings in names.items():
            best = min(settings.values(), key=statistics.median)
            series.setdefault(name, {})[directories] = best
    return series


def nice_steps(low, high):
    """1, 2 and 5 times powers of ten that are in the range, and one on each side of it."""
    steps = [m * 10.0**e for e in range(-5, 10) for m in (1, 2, 5)]
    below = max(step for step in steps if step <= low)
    above = min(step for step in steps if step >= high)
    return [step for step in steps if below <= step <= above]


class Axis:
    """Logarithmic."""

    def __init__(self, ticks, start, end):
        self.ticks = ticks
        low, high = math.log(ticks[0]), math.log(ticks[-1])
        self.scale = (end - start) / (high - low) if high > low else 0
        self.low, self.start = low, start if high > low else (start + end) / 2

    def at(self, value):
        return self.start + (math.log(value) - self.low) * self.scale


def text(x, y, content, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(content)}</text>'


def line(x1, y1, x2, y2, stroke, extra=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"'
            f"{extra}/>")


def draw_line(series, look, x_axis, y_axis):
    colour, dash = look
    medians = [(x_axis.at(x), y_axis.at(statistics.median(all_y)))
               for x, all_y in sorted(series.items())]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in medians)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    yield (f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"'
           f"{dashes}/>")
    for x, all_y in sorted(series.items()):
        for y in sorted(all_y):
            yield (f'<circle class="run" cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="2"'
                   f' fill="{colour}" fill-opacity="0.35"/>')
    for x, y in medians:
        yield f'<circle class="median" cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def draw_panel(left, title, x_label, series, x_ticks, y_ticks):
    x_axis = Axis(x_ticks, left, left + WIDTH)
    y_axis = Axis(y_ticks, TOP + HEIGHT, TOP)
    yield text(left + WIDTH / 2, TOP - 14, title, extra=' font-weight="bold"')
    for tick in y_ticks:
        y = y_axis.at(tick)
        yield line(left, y, left + WIDTH, y, "#dddddd")
        yield text(left - 8, y + 4, f"{tick:g}", "end")
    for tick in x_ticks:
        x = x_axis.at(tick)
        yield line(x, TOP + HEIGHT, x, TOP + HEIGHT + 5, "#333333")
        yield text(x, TOP + HEIGHT + 20, f"{int(tick):,}")
    yield line(left, TOP + HEIGHT, left + WIDTH, TOP + HEIGHT, "#333333")
    yield line(left, TOP, left, TOP + HEIGHT, "#333333")
    yield text(left + WIDTH / 2, TOP + HEIGHT + 42, x_label)
    for name, look in LOOKS.items():
        if name in series:
            yield from draw_line(series[name], look, x_axis, y_axis)


def draw_legend(left, names):
    for i, name in enumerate(name for name in LOOKS if name in names):
        colour, dash = LOOKS[name]
        y = TOP + 10 + 22 * i
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        yield line(left, y, left + 30, y, colour, f' stroke-width="2"{dashes}')
        yield text(left + 38, y + 4, name, "start")


def draw(panels, x_label, x_ticks):
    """`panels` is [(title, series)]. They share the axes' ticks."""
    seconds = [y for _, series in panels for points in series.values() for all_y in points.values()
               for y in all_y]
    y_ticks = nice_steps(min(seconds), max(seconds))
    width = LEFT + len(panels) * (WIDTH + GAP) - GAP + 30 + LEGEND
    height = TOP + HEIGHT + BOTTOM
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
           f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
           ' fill="#222222">')
    # White in a dark viewer, too.
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    middle = TOP + HEIGHT / 2
    yield text(18, middle, "seconds", extra=f' transform="rotate(-90 18 {middle:.1f})"')
    for i, (title, series) in enumerate(panels):
        yield from draw_panel(LEFT + i * (WIDTH + GAP), title, x_label, series, x_ticks, y_ticks)
    yield from draw_legend(LEFT + len(panels) * (WIDTH + GAP) - GAP + 30,
                           {name for _, series in panels for name in series})
    yield "</svg>"


def plot(what, runs):
    panels = []
    for kind in ("warm", "cold"):
        some = [run for run in runs if run.kind == kind]
        if some:
            size = f", {some[0].tree[0]:,} directories" if what == "threads" else ""
            series = by_threads(some) if what == "threads" else by_size(some)
            panels.append((f"{kind}{size}", series))
    if not panels:
        raise Nonsense("no runs")
    if what == "sizes" and len({run.tree for run in runs}) < 2:
        raise Nonsense("sizes: runs of one tree only")
    values = sorted({x for _, series in panels for points in series.values() for x in points})
    if what == "threads":
        return draw(panels, "threads", values)
    return draw(panels, "directories", values)


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("threads", "sizes"):
        print("usage: plot.py threads|sizes FILE.tsv...", file=sys.stderr)
        return 2
    try:
        runs = [run for path in sys.argv[2:] for run in read(path)]
        svg = "\n".join(plot(sys.argv[1], runs)) + "\n"
    except Nonsense as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
