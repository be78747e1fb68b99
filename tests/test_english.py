"""Private words are absent from code, documents, help and messages: the field has its own."""

import re
from pathlib import Path

import pytest
from cli import googlenet

from common.command.app import GROUPS
from common.jobs.call import ROOT

# Each with the field's word for it.
PRIVATE = {
    "judge": "reference",
    "trunk": "backbone",
    "dialect": "variant",
    "grammar": "layer types",
    "wish": "option",
    "heat": "group",
    "peer": "baseline",
    "told": "reported",
    "prove": "verify",
}
# Names that other people's scripts use, and those of files.
KEPT = r"--peers|Peers|trunk_parameters|trunk_fits|proofs\.md"
# A name such as `as_dialect` has them, too.
PATTERN = re.compile(rf"(?<![a-z])(?:{'|'.join(PRIVATE)})(?:s|es|d)?(?![a-z])", re.IGNORECASE)
FOLDERS = ("common", "pytorch_impl", "tensorflow_impl", "paddle_impl", "docs")
SUFFIXES = (".py", ".md", ".html", ".toml", ".js")
FILES = [
    path.relative_to(ROOT)
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.rglob("*"))
    if path.suffix in SUFFIXES
    and "_build" not in path.parts
    and path.relative_to(ROOT).parts[0] in (*FOLDERS, path.name)
]


def private_words(text):
    """The private words in a text."""
    return sorted(set(PATTERN.findall(re.sub(KEPT, "", text))))


@pytest.mark.parametrize("path", dict.fromkeys(FILES), ids=str)
def test_a_file_has_no_private_words(path: Path):
    assert private_words((ROOT / path).read_text()) == []


@pytest.mark.parametrize("verb", [None, *[name for names in GROUPS.values() for name in names]])
def test_the_help_has_no_private_words(verb):
    assert private_words(googlenet(*([verb] if verb else []), "--help")) == []


def test_private_words_are_found():
    assert private_words("The judge proves it, peers were told as_dialect") == [
        "dialect",
        "judge",
        "peers",
        "proves",
        "told",
    ]
