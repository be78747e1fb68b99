"""Reads pickles as data: nothing in them is imported, called or instantiated.

A pickle is a small program that builds objects. Here its opcodes are executed one by one, and each
call that it would make becomes a `CallResult`, which holds the name and the arguments. A reader
that knows what the call means, such as making an array, can then do so from these plain parts.

A pickle of a hundred bytes can build a tuple of 2^40 elements, since an opcode may use the result
of another twice. So nothing that is built is ever printed, hashed, compared, copied or traversed,
except short texts and numbers; each opcode counts against the file's budget.
"""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from common.errors import DataError
from common.files.budget import Budget, check_name
from common.files.pickle_values import CallResult, External, Global, is_key, short_bytes


class Machine:
    """The stack and the memo of a pickle, while its opcodes are executed."""

    def __init__(self, externals: list[External]) -> None:
        self.externals = externals
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        """Pushes a value onto the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Removes and returns the top value."""
        if self.marks and self.marks[-1] >= len(self.stack):
            raise ValueError("a value is missing")
        return self.stack.pop()

    def top(self) -> Any:
        """The top value, which stays on the stack."""
        return self.stack[-1]

    def push_external(self, key: Any) -> None:
        """Pushes an object stored outside the pickle."""
        self.externals.append(External(key))
        self.push(self.externals[-1])

    def pop_to_mark(self) -> list[Any]:
        """Removes and returns all values above the last mark."""
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def remember(self, key: int) -> None:
        """Stores the top value in the memo under a number."""
        self.memory[key] = self.top()


def read_pickle_data(
    content: bytes | BinaryIO, budget: Budget, externals: list[External] | None = None
) -> Any:
    """The object of a pickle as plain data and `CallResult`s; raises DataError if it is invalid.

    From an open file one pickle is read, and the rest is left unread. References to objects outside
    the pickle are also appended to `externals`.
    """
    machine = Machine([] if externals is None else externals)
    try:
        for opcode, argument, _ in pickletools.genops(content):
            budget.take_operations()
            execute(machine, opcode.name, argument)
        return machine.pop()
    except DataError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"not a valid pickle ({error})") from None


def execute(machine: Machine, name: str, argument: Any) -> None:
    """Executes one opcode of a pickle."""
    if name in CONSTANTS:
        machine.push(CONSTANTS[name])
    elif name in EMPTY:
        machine.push(EMPTY[name]())
    elif name in VALUES:
        machine.push(argument)
    elif name in OPERATIONS:
        OPERATIONS[name](machine, argument)
    else:
        raise DataError(f"it uses {name}, which is not allowed in weights files")


CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": list}
VALUES = frozenset(
    """INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING
    UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8
    BYTEARRAY8""".split()  # noqa: SIM905 - a list of twenty lines says no more
)


def set_items(machine: Machine, values: list[Any]) -> None:
    """Sets alternating keys and values on the top dict, or on a `CallResult` that makes one."""
    target = machine.top()
    items = target.items if isinstance(target, CallResult) else target
    for key, value in zip(values[::2], values[1::2], strict=True):
        items[key if is_key(key) else object()] = value


def add_items(machine: Machine, values: list[Any]) -> None:
    """Appends values to the top list; a `CallResult` that would make one does not need them."""
    if isinstance(machine.top(), list):
        machine.top().extend(values)


def reduce(machine: Machine, _: Any) -> None:
    """Pushes a call with a tuple of arguments, or short bytes, which may be a key."""
    arguments, called = machine.pop(), machine.pop()
    name, arguments = called_name(called), check_arguments(arguments)
    short = short_bytes(arguments) if name == "_codecs.encode" else None
    machine.push(CallResult(name, arguments) if short is None else short)


def new_with_keywords(machine: Machine, _: Any) -> None:
    """Pushes the creation of an object; its keyword arguments are dropped."""
    _, arguments, function = machine.pop(), machine.pop(), machine.pop()
    machine.push(CallResult(called_name(function), check_arguments(arguments)))


def check_arguments(arguments: Any) -> tuple:
    """The arguments of a call; raises ValueError if making them a tuple would need a copy."""
    if not isinstance(arguments, tuple):
        raise ValueError("the arguments are not a tuple")
    return arguments


def make_instance(machine: Machine, argument: str) -> None:
    """Pushes the creation of an object in the form used by the oldest pickles."""
    machine.push(CallResult(global_name(argument), tuple(machine.pop_to_mark())))


def make_object(machine: Machine, _: Any) -> None:
    """Pushes the creation of an object whose class is below its arguments on the stack."""
    called, *arguments = machine.pop_to_mark()
    machine.push(CallResult(called_name(called), tuple(arguments)))


def build(machine: Machine, _: Any) -> None:
    """Sets the state of the top object."""
    state = machine.pop()
    if isinstance(machine.top(), CallResult):
        machine.top().state = state


def called_name(called: Any) -> str:
    """The name of what would be called."""
    return called.name if isinstance(called, Global | CallResult) else "no name"


def global_name(argument: str) -> str:
    """The dotted name for the argument of GLOBAL or INST: a module, a space and a name in it."""
    return check_name(argument).replace(" ", ".")


def push_dict(machine: Machine, _: Any) -> None:
    """Pushes a dict of all values above the last mark."""
    values = machine.pop_to_mark()
    machine.push({})
    set_items(machine, values)


def push_tuple(count: int) -> Callable[[Machine, Any], None]:
    """The operation that makes a tuple of `count` values."""

    def operation(machine: Machine, _: Any) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return operation


def stack_global(machine: Machine, _: Any) -> None:
    """Pushes the global whose module and name are on the stack."""
    name, module = machine.pop(), machine.pop()
    machine.push(Global(f"{check_name(module)}.{check_name(name)}"))


OPERATIONS: dict[str, Callable[[Machine, Any], Any]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None),
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "POP": lambda m, _: m.pop(),
    "POP_MARK": lambda m, _: m.pop_to_mark(),
    "DUP": lambda m, _: m.push(m.top()),
    **dict.fromkeys(("TUPLE", "FROZENSET"), lambda m, _: m.push(tuple(m.pop_to_mark()))),
    **{f"TUPLE{count}": push_tuple(count) for count in (1, 2, 3)},
    "LIST": lambda m, _: m.push(m.pop_to_mark()),
    "APPEND": lambda m, _: add_items(m, [m.pop()]),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda m, _: add_items(m, m.pop_to_mark())),
    "DICT": push_dict,
    "SETITEM": lambda m, _: set_items(m, [m.pop(), m.pop()][::-1]),
    "SETITEMS": lambda m, _: set_items(m, m.pop_to_mark()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda m, key: m.remember(key)),
    "MEMOIZE": lambda m, _: m.remember(len(m.memory)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, key: m.push(m.memory[key])),
    "GLOBAL": lambda m, name: m.push(Global(global_name(name))),
    "STACK_GLOBAL": stack_global,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), reduce),
    "NEWOBJ_EX": new_with_keywords,
    "INST": make_instance,
    "OBJ": make_object,
    "BUILD": build,
    "PERSID": lambda m, key: m.push_external(key),
    "BINPERSID": lambda m, _: m.push_external(m.pop()),
}
