"""Helpers with which the tests read pages."""

from collections import Counter
from functools import cache
from html.parser import HTMLParser

from conftest import noise, planned, seeded

from common.jobs.job import Report
from common.tools.analysis.compare import (
    Comparison,
    FrameworkResult,
    keep_maps,
    make_rows,
    strongest_channels,
)
from common.tools.page.content import steps_of
from common.tools.page.network_pair import whole
from common.tools.page.reference_pass import reference_pass

NOBODY = "no framework was asked"


class Reader(HTMLParser):
    """A page's tables (rows of texts), ids, tags, and links to what it would load."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.ids, self.links, self.tags = [], [], [], Counter()
        self.cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags[tag] += 1
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = []

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell is not None:
            self.tables[-1][-1].append("".join(self.cell).strip())
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


@cache
def full(name):
    """The network with its heads, as the page shows it."""
    return whole(name)


@cache
def steps(name):
    """The network's steps, by path."""
    return {step.path: step for step in steps_of(full(name))}


def through(name):
    """A small network, one image through it, and a framework that is a little off."""
    plan = planned(name, (96, 96))
    seen = reference_pass(plan, seeded(plan), noise(plan)[0])
    channels = strongest_channels(make_rows(plan), seen.outputs, 4)
    maps = keep_maps(seen.outputs, channels)
    off = FrameworkResult(maps={path: values + 1e-6 for path, values in maps.items()})
    return plan, seen, compared(plan, channels, maps, {"off": off})


def compared(plan, channels, maps, results):
    """A comparison of kept maps."""
    report = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
    return Comparison(
        plan=plan,
        dtype="float32",
        images=("x",),
        rows=(),
        reference=report,
        results=results,
        channels=channels,
        maps=maps,
    )
