"""The exercises that build a network: `check` finds the solutions equal, the starters not."""

import json
import re
import shlex
from itertools import product

import bookcode
import pytest
from cli import call
from conftest import require

from common.jobs.frameworks import FRAMEWORKS

COMMAND = re.compile(r"`googlenet (check block_pytorch\.py [^`]*)`")
# Each chapter's file and the options that its page gives for it.
TASKS = {
    page.stem.replace("-", "_", 1): shlex.split(found[1])
    for page in sorted((bookcode.BOOK / "en").glob("*.md"))
    if (found := COMMAND.search(page.read_text()))
}
SHORT = ("02_why", "pytorch")  # the others are among the long tests
CASES = [
    pytest.param(*case, marks=[] if case == SHORT else [pytest.mark.long])
    for case in product(TASKS, FRAMEWORKS)
]


def checked(chapter, framework, folder):
    """The exit code of `check` on a chapter's file, with the options of its page; its verdict."""
    require(framework)
    file = bookcode.BOOK / "exercises" / chapter / folder / f"block_{framework}.py"
    words = [word for word in TASKS[chapter][2:] if word not in ("-f", "pytorch")]
    code, out, error = call("check", file, "-f", framework, *words, "--json")
    return code, json.loads(out)["verdict"] if out else error


def test_every_file_of_a_block_has_a_command():
    files = sorted((bookcode.BOOK / "exercises").glob("*/block_*.py"))
    assert {file.parent.name for file in files} == TASKS.keys()
    assert len(files) == len(CASES)


@pytest.mark.parametrize(("chapter", "framework"), CASES)
def test_a_solution_is_the_published_network(chapter, framework):
    assert checked(chapter, framework, "solutions") == (0, "equal")


@pytest.mark.parametrize(("chapter", "framework"), CASES)
def test_a_starter_is_not(chapter, framework):
    code, said = checked(chapter, framework, "")
    if code == 4:
        assert "then its layer" in said
    else:
        assert (code, said in ("differs", "unexplained")) == (1, True)
