"""The public functions have arguments, errors and examples in their docstrings, and these run."""

import doctest

import pytest

PUBLIC = ("network", "googlenet", "fast", "features", "load_weights", "save_weights")
GLOBALS = {
    "pytorch": ("import torch",),
    "tensorflow": ("import tensorflow as tf",),
    "paddle": ("import paddle",),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_in_a_docstring_runs(impl, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {each: getattr(impl.package, each) for each in PUBLIC}
    for line in GLOBALS[impl.name]:
        exec(line, names)
    [test] = doctest.DocTestFinder().find(names[name], name, globs=names)
    results = doctest.DocTestRunner().run(test)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_names_arguments_and_errors(impl, name):
    text = getattr(impl.package, name).__doc__
    assert "Example:" in text
    assert name == "googlenet" or {"Args:", "Raises:"} <= set(text.split())
