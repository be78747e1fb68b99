"""The command's help consists of short lines that begin with a verb, in a reader's order."""

import re

import pytest
from cli import googlenet

from common.command import verbs  # noqa: F401
from common.command.app import GROUPS, app

MOST = 50
VERB = re.compile(
    r"(Also|Check|Choose|Classify|Clip|Compare|Compute|Construct|Convert|Disable|Draw|Drop|"
    r"Explain|Export|Find|Freeze|Grade|Hold|Include|Keep|List|Make|Name|Override|Print|Read|Resize|"
    r"Resume|Run|Score|Seed|Set|Share|Show|Start|Stop|Take|Time|Train|Use|Write) "
)
COMMANDS = {info.name or info.callback.__name__: info.callback for info in app.registered_commands}
LINES = {name: function.__doc__.partition("\n")[0] for name, function in COMMANDS.items()}
OPTIONS = [
    pytest.param(option.help, id=f"{name}-{parameter}")
    for name, function in COMMANDS.items()
    for parameter, annotation in function.__annotations__.items()
    for option in getattr(annotation, "__metadata__", ())
]


def is_good(line):
    """Whether a line is short, ends like a sentence and begins with a verb."""
    return len(line) <= MOST and bool(VERB.match(line)) and line[-1] in ".)]"


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in LINES.items()])
def test_a_verbs_first_line(line):
    assert is_good(line), line


@pytest.mark.parametrize("line", OPTIONS)
def test_an_options_line(line):
    assert line
    assert is_good(line), line


def test_every_verb_is_in_one_group_and_shown_whole():
    assert sorted(COMMANDS) == sorted(name for names in GROUPS.values() for name in names)
    printed = googlenet("--help")
    for name, line in LINES.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", printed, re.M)
    assert "..." not in printed.replace("[ARGS]...", "")


def test_the_version_is_shown():
    assert re.fullmatch(r"googlenet-family \d+\.\d+\.\d+\n", googlenet("--version"))


def test_a_mistake_points_to_the_verbs_own_help():
    assert googlenet("train", "--lrr", code=2).endswith("(see googlenet train --help)\n")


def test_a_verb_lists_the_frameworks_that_it_takes():
    assert "pytorch|tensorflow|paddle\n" in googlenet("train", "--help")
    assert "numpy|pytorch|tensorflow|paddle\n" in googlenet("grad", "--help")
