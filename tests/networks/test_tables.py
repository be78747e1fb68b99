"""The network tables are right: sizes in comments, and variants that change something."""

import re

import pytest
from conftest import planned

from common.networks import NETWORKS, PAPERS, network
from common.spec import shape_text
from common.spec.rewrite import rewrite_network

# The first variant of each table is the table as written.
TABLES = [
    name
    for name in NETWORKS
    if name == next(n for n in NETWORKS if NETWORKS[n].base is NETWORKS[name].base)
]


def paper_of(name):
    """The text of the file in which a network is defined."""
    [paper] = [paper for paper in PAPERS if name in paper.VARIANTS]
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
def test_every_change_of_a_variant_changes_something(name):
    """Tested on the network as published, with its heads."""
    variant = NETWORKS[name]
    made = variant.base(variant.classes)
    for number, change in enumerate(variant.overrides):
        changed = rewrite_network(made, change)
        assert changed != made, number
        made = changed


def test_variants_of_one_table_are_in_one_file():
    for paper in PAPERS:
        for name, variant in paper.VARIANTS.items():
            assert variant.base.__module__ == paper.__name__, name
