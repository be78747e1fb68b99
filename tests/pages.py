"""Pages as the tests read them."""

from collections import Counter
from html.parser import HTMLParser

from common.networks import network
from common.planner import make_plan

NOBODY = "no framework was asked"


class Reader(HTMLParser):
    """A page as its tables (rows of texts), ids, links, and what it would load."""

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


def full(name):
    """The network with its heads, as the page has it."""
    return make_plan(network(name, aux=bool(network(name).heads)))
