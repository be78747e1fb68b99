"""The mistakes that the tests must catch can still be made in the current code."""

import pytest
from mutants import MUTANTS, Mutant


@pytest.mark.parametrize("row", MUTANTS, ids=lambda row: row["name"])
def test_the_text_to_break_is_there(row):
    mutant = Mutant(**row)
    assert mutant.new != mutant.old
    broken = mutant.broken()
    if mutant.file.endswith(".py"):
        compile(broken, mutant.file, "exec")  # any test would catch invalid Python


def test_no_two_are_called_the_same():
    assert len({row["name"] for row in MUTANTS}) == len(MUTANTS)
