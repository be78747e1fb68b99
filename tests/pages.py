"""Helpers with which the tests read pages."""

from collections import Counter
from functools import cache
from html.parser import HTMLParser

from common.tools.page.content import steps_of
from common.tools.page.members import whole

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
