"""The tables say what they seem to: sizes in comments, and dialects that change something."""

import re

import pytest
from conftest import planned

from common.networks import NETWORKS, PAPERS, network
from common.rewrite import rewrite_network
from common.spec import shape_text

# The first dialect of each table is the table as it is written.
TABLES = [
    name
    for name in NETWORKS
    if name == next(n for n in NETWORKS if NETWORKS[n].table is NETWORKS[name].table)
]


def paper_of(name):
    """The text of the file that a network is written in."""
    [paper] = [paper for paper in PAPERS if name in paper.DIALECTS]
    with open(paper.__file__) as file:
        return file.read()


@pytest.mark.parametrize("name", TABLES)
def test_every_comment_beside_a_step_is_its_map(name):
    text, plan = paper_of(name), planned(name, network(name).input[1:])
    steps = [step for step in plan.body.children if step.is_map and step.path != "avgpool"]
    for step in steps:
        said = re.findall(rf'"{step.path}": [^#\n]*#([^#\n]*)', text)
        assert f" {shape_text(step.output).replace('x', ' x ')}" in said, step.path


@pytest.mark.parametrize("name", NETWORKS)
def test_every_change_of_a_dialect_changes_something(name):
    """In the network as it is published, with its heads."""
    dialect = NETWORKS[name]
    made = dialect.table(dialect.classes)
    for number, change in enumerate(dialect.changes):
        changed = rewrite_network(made, change)
        assert changed != made, number
        made = changed


def test_dialects_of_one_table_are_in_one_file():
    for paper in PAPERS:
        for name, dialect in paper.DIALECTS.items():
            assert dialect.table.__module__ == paper.__name__, name
