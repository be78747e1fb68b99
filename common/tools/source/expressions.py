"""Calls as code, broken into lines as a formatter does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

WIDTH = 100
INDENT = "    "
USUAL = {("stride", "1"), ("padding", "0"), ("padding", '"valid"')}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a function with its arguments, each a string or a call.

    `before` is a keyword with its `=`; `after` is a call of the result, such as `(x)`.
    """

    function: str
    arguments: tuple["Expression", ...] = ()
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}{self.function}({', '.join(map(str, self.arguments))}){self.after}"


Expression = str | Call


def call(function: str, *arguments: object, **options: object) -> Call:
    """A call, without options that are None, a padding of 0 or "valid", or a stride of 1."""
    named = [f"{k}={v}" for k, v in options.items() if v is not None and (k, str(v)) not in USUAL]
    given = [a if isinstance(a, Call) else str(a) for a in arguments]
    return Call(function=function, arguments=(*given, *named))


def moves(stride: str, padding: str) -> list[str]:
    """A convolution's stride and padding as arguments, without a stride of 1 or a padding of 0."""
    strides = [stride] if stride != "1" else []
    if padding == "0":
        return strides
    return [
        *strides,
        padding if (stride, padding) == ("stride", "padding") else f"padding={padding}",
    ]


def lay_out(indent: int, start: str, expression: Expression, end: str = "") -> list[str]:
    """The lines of `start`, an expression and `end`: one if it fits, else broken as by ruff."""
    blank = INDENT * indent
    flat = f"{blank}{start}{expression}{end}"
    if len(flat) <= WIDTH or isinstance(expression, str):
        return [flat]
    head = f"{flat[: len(flat) - len(expression.after) - len(end)]}("
    if expression.after and len(head) <= WIDTH:
        return [head, f"{blank}{INDENT}{expression.after[1:-1]}", f"{blank}){end}"]
    inner = ", ".join(map(str, expression.arguments))
    within = [f"{blank}{INDENT}{inner}"]
    if len(within[0]) > WIDTH:
        within = [
            line for each in expression.arguments for line in lay_out(indent + 1, "", each, ",")
        ]
    return [
        f"{blank}{start}{expression.before}{expression.function}(",
        *within,
        f"{blank}){expression.after}{end}",
    ]


def statement(indent: int, start: str, expression: Expression, comment: str = "") -> list[str]:
    """The lines of a statement, with a comment after it if there is room."""
    return commented(lay_out(indent, start, expression), comment)


def commented(lines: list[str], comment: str) -> list[str]:
    """The lines, with a comment after the last one if there is room."""
    room = comment and len(lines[-1]) + len(comment) + 4 <= WIDTH
    return [*lines[:-1], f"{lines[-1]}  # {comment}"] if room else lines


def signature(indent: int, name: str, arguments: Sequence[str], end: str) -> list[str]:
    """The lines of a function's signature."""
    return lay_out(indent, "def ", Call(function=name, arguments=tuple(arguments)), end)


def applied(x: str, function: str, *arguments: object, **options: object) -> Call:
    """A layer applied to the variable that `x` names."""
    return replace(call(function, *arguments, **options), after=f"({x})")


def returned(lines: list[str]) -> list[str]:
    """A function's lines with a return: of its last statement if there is room, else of `x`."""
    last = max(n for n, line in enumerate(lines) if line.startswith("    x = "))
    end = lines[last].replace("x = ", "return ", 1)
    return (
        [*lines[:last], end, *lines[last + 1 :]] if len(end) <= WIDTH else [*lines, "    return x"]
    )


def appended(name: str, rest: str) -> str:
    """The expression for `name`, a string or the variable `name`, with `rest` appended."""
    text = "{name}" if name == "name" else name.removeprefix("f")[1:-1]
    return f'f"{text}_{rest}"' if "{" in text + rest else f'"{text}_{rest}"'
