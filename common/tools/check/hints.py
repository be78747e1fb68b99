"""Suggests fixes for a network that does not run, from the source of the file."""

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from common.tools.check.source_lines import LINE
from common.tools.check.stand_ins import NAMED, StandIn
from common.tools.check.usual_names import undefined_names

METHODS, INIT = ("forward", "call"), "__init__"
NO_METHOD = re.compile(r"missing the required \"forward\"|NotImplementedError|`call\(\)` method")
NO_NETWORK = re.compile(r"defines no \w+ network")
UNDEFINED = re.compile(r"NameError: name '\w+' is not defined")
FEW = 3  # layers that a class creates and does not use: more show that its code is incomplete
# Code that uses layers without their names.
ALL_LAYERS = {"getattr", "children", "modules", "sublayers", "add_module", "__dict__"}
# Networks of other packages, and what they are called here.
TAKEN = {
    ("torchvision", "googlenet"): "googlenet.torchvision",
    ("torchvision", "inception_v3"): "inception_v3",
    ("timm", "inception_v3"): "inception_v3",
    ("timm", "inception_v4"): "inception_v4",
    ("timm", "inception_resnet_v2"): "inception_resnet_v2",
    ("timm", "xception"): "xception.timm",
}
FROM_TIMM = "create_model"  # whose first argument is the name of the network


def with_hint(text: str, tree: ast.AST | None, missing: Sequence[str]) -> str:
    """The error with what to do, if the source shows that.

    `missing` are the modules that are not installed.
    """
    if tree is None:
        return text
    found = [each for find in HINTS for each in find(text, tree, missing)]
    return f"{text}; {'; '.join(found)}" if found else text


def taken(text: str, tree: ast.AST, missing: Sequence[str]) -> Iterator[str]:
    """Yields which published network the file takes from a package that is not installed."""
    if not NO_NETWORK.search(text):
        return
    for call in calls(tree):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        first = call.args[0] if call.args else None
        if name == FROM_TIMM and isinstance(first, ast.Constant):
            name = str(first.value).partition(".")[0]
        for (package, theirs), ours in TAKEN.items():
            if name == theirs and package in missing:
                yield (
                    f"line {call.lineno} loads {package}'s {name}{with_weights(call)}, called "
                    f"{ours} here; install {package} to check your changes to it"
                )
                return


def with_weights(call: ast.Call) -> str:
    """A remark on the input scaling that torchvision adds to a network with loaded weights."""
    given = {each.arg: each.value for each in call.keywords}
    value = given.get("pretrained", given.get("weights"))
    is_loaded = not isinstance(value, ast.Constant) or bool(value.value)
    return " (which rescales its images, transform_input)" if value and is_loaded else ""


def without_method(text: str, tree: ast.AST, _: Sequence[str]) -> Iterator[str]:
    """Yields where the method that runs a network is defined, if its class has none."""
    for kind in classes(tree) if NO_METHOD.search(text) else ():
        own = {each.name: each for each in kind.body if isinstance(each, ast.FunctionDef)}
        if not own.keys().isdisjoint(METHODS):
            continue
        for outer in own.values():
            for each in ast.walk(outer):
                if isinstance(each, ast.FunctionDef) and each.name in METHODS:
                    yield (
                        f"line {each.lineno} defines {each.name} inside {outer.name}, so "
                        f"{kind.name} has no {each.name}: indent it like {outer.name}"
                    )
        for name in get_close_matches(METHODS[0], own, 1, 0.75):
            yield f"line {own[name].lineno} defines {name}: rename it to {METHODS[0]}"


def misspelled(text: str, tree: ast.AST, _: Sequence[str]) -> Iterator[str]:
    """Yields the methods named almost like `__init__` of classes whose network was not found."""
    for kind in classes(tree) if NO_NETWORK.search(text) else ():
        own = {each.name: each for each in kind.body if isinstance(each, ast.FunctionDef)}
        for name in get_close_matches(INIT, own.keys() - {INIT}, 1, 0.75):
            yield f"line {own[name].lineno} defines {name}: rename it to {INIT}"


def made_in_call(text: str, tree: ast.AST, _: Sequence[str]) -> Iterator[str]:
    """Yields the first line that creates a layer each time the network is called."""
    methods = [
        each
        for kind in (classes(tree) if NO_NETWORK.search(text) else ())
        for each in kind.body
        if isinstance(each, ast.FunctionDef) and each.name in METHODS
    ]
    for each in methods:
        for call in calls(each):
            name = getattr(call.func, "func", None)
            made = getattr(name, "attr", getattr(name, "id", "")) if name else ""
            if made[:1].isupper():
                yield (
                    f"line {call.lineno} creates {made} in {each.name}: create the layers in "
                    f"{INIT}, which keeps their weights, and join them in one network"
                )
                return


def undefined(text: str, tree: ast.AST, _: Sequence[str]) -> Iterator[str]:
    """Yields the names that the file uses and nothing in it defines."""
    names = undefined_names(tree) if UNDEFINED.search(text) else []
    if names:
        yield f"undefined names: {', '.join(names)}; define or import them"


def stand_in(text: str, _: ast.AST, missing: Sequence[str]) -> Iterator[str]:
    """Yields what the network needs of a module that is not installed."""
    named = NAMED.search(text)
    if missing and (named or StandIn.__name__ in text):
        module = f"module {missing[0]}" if len(missing) == 1 else "its module"
        needed = f"for {named[1]}" if named else "by the network"
        yield f"{module} is required {needed}; install it, or copy it next to the file"


def unused(text: str, tree: ast.AST, _: Sequence[str]) -> Iterator[str]:
    """Yields the layers that the class of the failing line creates and never uses.

    Also yields the layer that the line calls on its own result.
    """
    failing = {int(each) for each in LINE.findall(text)}
    for kind in classes(tree):
        if not failing & set(range(kind.lineno, (kind.end_lineno or 0) + 1)):
            continue
        for call in calls(kind):
            inner = call.args[0] if call.args else None
            is_same = isinstance(inner, ast.Call) and ast.dump(inner.func) == ast.dump(call.func)
            if is_same and call.lineno in failing and isinstance(call.func, ast.Attribute):
                yield f"line {call.lineno} calls {call.func.attr} on its own result"
        parts = [each for each in ast.walk(kind) if isinstance(each, ast.Attribute)]
        loaded = {each.attr for each in parts if isinstance(each.ctx, ast.Load)}
        loaded |= {each.id for each in ast.walk(kind) if isinstance(each, ast.Name)}
        made = {each.attr: each for each in parts if isinstance(each.ctx, ast.Store)}
        left = [f"{name} (line {e.lineno})" for name, e in made.items() if name not in loaded]
        if 0 < len(left) <= FEW and loaded.isdisjoint(ALL_LAYERS):
            yield f"created but never used: {', '.join(left)}"


HINTS = (taken, without_method, misspelled, made_in_call, undefined, stand_in, unused)


def calls(tree: ast.AST) -> list[ast.Call]:
    """The calls in a tree."""
    return [each for each in ast.walk(tree) if isinstance(each, ast.Call)]


def classes(tree: ast.AST) -> list[ast.ClassDef]:
    """The classes in a tree."""
    return [each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)]
