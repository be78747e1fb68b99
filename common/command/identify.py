"""The `identify` command: finds the network that a weights file belongs to."""

from pathlib import Path
from typing import Annotated

import typer

from common.command.app import app
from common.command.documents import print_json
from common.command.options import AsJson
from common.command.printable import print_line
from common.command.show import grid, number, print_table
from common.spec import shape_text
from common.tools.zoo.find_plan import takes_any_size
from common.tools.zoo.identify import Identity
from common.tools.zoo.identify import identify as identify_file
from common.tools.zoo.match import Match, ReadOptions
from common.tools.zoo.misfit import Misfit

SHOWN = 5  # names listed per kind of mismatch


@app.command()
def identify(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="Read this checkpoint (any format).")
    ],
    key: Annotated[
        str | None, typer.Option(help="Read the weights under this key of FILE.")
    ] = None,
    json: AsJson = False,
) -> int:
    """Find which network a checkpoint belongs to.

    Its format is shown, and the arrays that do not fit.
    """
    identity = identify_file(source, ReadOptions(key=key))
    if json:
        print_json({"file": str(source), **identity_json(identity)})
    elif identity.matches:
        print_matches(identity)
    else:
        print_misfit(source, identity.nearest)
    return 0 if identity.matches else 1


def identity_json(identity: Identity) -> dict:
    """The result as JSON; `nearest` is null if any network fits completely."""
    near = identity.nearest
    faults = near and {
        "network": near.name,
        "layout": near.format.name,
        "missing": near.missing,
        "unknown": near.unknown,
        "misshapen": near.misshapen,
        "trunk_fits": near.backbone_fits,
    }
    matches = [match_json(match) for match in identity.matches]
    return {"matches": matches, "nearest": faults, "other_things": identity.kinds}


def match_json(match: Match) -> dict:
    """One match as JSON."""
    spec = match.plan.spec
    return {
        "network": spec.name,
        "layout": match.format.name,
        "classes": spec.classes,
        "heads": list(match.plan.heads),
        "input": [spec.input[0], None, None] if takes_any_size(match.plan) else list(spec.input),
        "parameters": match.plan.parameter_count,
        "notes": list(match.notes),
    }


def print_matches(identity: Identity) -> None:
    """Prints a line for each match, and the notes on how the file was read."""
    table = grid("network", "format", "classes", "heads", "input", "parameters")
    table.columns[1].justify = "left"
    for match in identity.matches:
        spec, heads = match.plan.spec, ", ".join(match.plan.heads) or "none"
        any_size = takes_any_size(match.plan)
        size = f"{spec.input[0]} x any size" if any_size else shape_text(spec.input)
        row = spec.name, match.format.name, number(spec.classes) or "none", heads, size
        table.add_row(*row, number(match.plan.parameter_count))
    print_table(table)
    for note in identity.matches[0].notes:
        print_line(note)
    for name, kind in list(identity.kinds.items())[:SHOWN]:
        print_line(f"not read: {name}, a {kind}")
    if len(identity.matches) > 1:
        one, other = (match.plan.spec.name for match in identity.matches[:2])
        print(f"The file fits all of these; `googlenet diff {one} {other}` shows how they differ.")
        print("The file does not record which of them it was trained as.")


def print_misfit(source: Path, near: Misfit | None) -> None:
    """Prints the nearest network, and the arrays on either side that do not fit."""
    if near is None:
        return
    print_line(
        f"{source} is not a network of this family; nearest: {near.name}, format {near.format.name}"
    )
    kinds = {"missing": near.missing, "unknown": near.unknown, "wrong shape": near.misshapen}
    for kind, names in kinds.items():
        for name in names[:SHOWN]:
            print_line(f"  {kind}: {name}")
        if len(names) > SHOWN:
            print(f"  {kind}: {len(names) - SHOWN} more")
    if near.backbone_fits:
        command = f"googlenet convert {source} ... --classes 0"
        print_line(f"Its backbone fits; extract it with `{command}`.")
