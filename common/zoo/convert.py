"""Published checkpoints and native files in and out, each conversion verified."""

from dataclasses import replace
from pathlib import Path

from common.errors import UsageError
from common.files import weights
from common.jobs.job import Job
from common.jobs.worker import call
from common.plan import Plan
from common.zoo import containers
from common.zoo.layouts import NATIVE, Layout
from common.zoo.recognise import Carried, Match, layouts_for, recognise, spelled

OWN = {layout.kind: layout for layout in NATIVE}


def convert(
    source: Path, target: Path, name: str, asked_from: str | None, asked_to: str | None
) -> str:
    """Reads a file as the named network and writes it in another layout; says what it was.

    Raises UsageError for a layout the network is not published in, DataError for a file that is
    not the network, CheckFailed if what was written does not read back bit for bit.
    """
    layouts_for(name, asked_from)  # an unknown name is told before any file is read
    kind = containers.kind_of(target)
    layout = target_layout(name, kind, asked_to)
    arrays, about = containers.read(source)
    match = recognise(str(source), arrays, about, name, asked_from)
    if "carried" in about:
        match = replace(match, carried=Carried(**about["carried"]))
    out = spelled(match, layout)
    described = weights.described(match.plan)
    if match.carried != Carried():
        described["carried"] = vars(match.carried)
    containers.write(target, out, kind, described, places(match.plan, layout))
    return told(match, layout, len(out))


def places(plan: Plan, layout: Layout) -> dict[str, str]:
    """Where Keras looks for each array, as Keras itself says; nothing for other kinds of file."""
    if layout.kind != "hdf5":
        return {}
    verb = "published places" if layout.name == "keras" else "places"
    found, _ = call(Job(verb, "tensorflow", plan.network.name, aux=plan.network.aux))
    return {name: str(place) for name, place in found.items()}


def target_layout(name: str, kind: str, asked: str | None) -> Layout:
    """The layout to write: the one asked for, or the container's own."""
    if asked:
        [layout] = layouts_for(name, asked)
    elif kind in OWN:
        layout = OWN[kind]
    else:
        published = [layout for layout in layouts_for(name, None) if layout.kind == kind]
        if not published:
            raise UsageError(f"{name} is not published as a TensorFlow checkpoint")
        layout = published[0]
    if (layout.kind == "hdf5") != (kind == "hdf5"):
        raise UsageError(f"the layout {layout.name} and a {kind} file do not go together")
    return layout


def told(match: Match, layout: Layout, count: int) -> str:
    """What was converted, in one line."""
    network = match.plan.network
    parts = [f"{network.classes} classes" if network.classes else "no classifier"]
    if network.classes == 1001:
        parts.append("of which class 0 is the background")
    parts.append("with heads" if network.aux else "without heads")
    return (
        f"{network.name} from {match.layout.name} to {layout.name}: {', '.join(parts)}; "
        f"{count} arrays written, read back and found the same bit for bit"
    )
