"""Writes HTML pages for the commands."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common.arrays import Arrays
from common.command.printable import print_line
from common.command.progress import progress
from common.command.trained import Trained
from common.data import images
from common.errors import UserError
from common.files import weights
from common.files.atomic import atomic_file
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.spec.preprocess import PREPROCESSES
from common.tools.page.diagram import network_diagram, standalone
from common.tools.page.head_gradients import head_gradients
from common.tools.page.photographs import network_view
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render
from common.tools.page.trained_part import Weights

MAPS = 4  # drawn per step without branches


def with_reference(page: Page, arrays: Arrays | None = None) -> Page:
    """Adds to the page the reference's feature maps for its first image.

    The weights are `arrays`, or else those that `compare` draws.
    """
    spec = page.plan.spec
    x = images.batch(page.photographs[:1], spec.input, spec.preprocess)
    with progress() as report_progress:
        report_progress("numpy", "computing one image")
        given = arrays or initial_arrays(page.plan, seed=0, random_stats=True)
        return replace(page, reference=reference_pass(page.plan, given, x[0]))


def with_gradients(page: Page, frameworks: Sequence[str]) -> Page:
    """The page with the gradients of a network with heads, from the first framework that has any.

    Without such a framework, or if it fails, the page is unchanged; the error is printed.
    """
    able = [each for each in frameworks if each in FRAMEWORKS]
    if not able or not page.plan.heads:
        return page
    spec = page.plan.spec
    x = images.batch(page.photographs, spec.input, spec.preprocess)
    with progress() as report_progress:
        report_progress(able[0], "computing gradients with and without the heads")
        try:
            return replace(page, gradients=head_gradients(page.plan, x, able[0]))
        except UserError as error:
            print_line(f"googlenet: the section on the heads is omitted: {error}", sys.stderr)
            return page


def trained_plan(given: Trained) -> tuple[Plan, Arrays, Weights]:
    """The plan for trained weights, with their heads; the arrays; their label and class names."""
    spec = network(given.network)
    names = weights.read(given.path)[0]
    aux = any(name.split(".")[0] in spec.heads for name in names)
    plan, arrays = weights.read_network(given.path, given.network, aux)
    how = PREPROCESSES[given.preprocess]
    plan = replace(plan, spec=replace(plan.spec, preprocess=how))
    return plan, arrays, Weights(given.label, given.class_names(plan.spec.classes))


def write_page(out: Path, page: Page) -> None:
    """Writes a page atomically."""
    with atomic_file(out) as temporary:
        temporary.write_text(render(page), encoding="utf-8")


def write_diagram(out: Path, plan: Plan, file: Path) -> None:
    """Writes only the diagram, with an image as the network gets it, as an SVG of its own."""
    spec = plan.spec
    drawn = network_diagram(plan, network_view(file, spec.input, spec.preprocess), (spec.name, ""))
    with atomic_file(out) as temporary:
        temporary.write_text(f"{standalone(drawn)}\n", encoding="utf-8")
