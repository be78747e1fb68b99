"""Chooses the layer that ran for an op of the plan: by shape, input and following layers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from common import spec
from common.tools.check.match import Matcher, Signature, made
from common.tools.check.trace import Array, agree, trimmed

MAX_TWINS = 4  # layers of one shape that read one map, of which all orders are compared


def choose(matcher: Matcher, name: str, expected: Array | None) -> int | None:
    """The number of the layer that is this op; None if there is none.

    A linear layer of a different size may read the same vector, such as that of an attention.
    """
    kind, _ = matcher.wanted[name]
    free = [number for number in matcher.free if matcher.signatures[number][0] == kind]
    readers = [] if expected is None else list(matcher.readers(expected, free))
    if isinstance(matcher.graph[name].layer, spec.Linear):
        same = [number for number in free if matcher.signatures[number] == matcher.wanted[name]]
        readers = [number for number in readers if number in same] if same else readers
    chosen = partner(matcher, name, readers) if readers else None
    return stray(matcher, name, expected, free) if chosen is None else chosen


def partner(matcher: Matcher, name: str, readers: list[int]) -> int | None:
    """The one of the `readers` of an op's input that is this op; other ops may read it as well."""
    inputs = matcher.graph[name].inputs
    rivals = [other for other in matcher.coming if matcher.graph[other].inputs == inputs]
    same = [number for number in readers if count_unlike(matcher, name, number) == 0]
    twins = [other for other in rivals if matcher.wanted[other] == matcher.wanted[name]]
    if 1 < len(same) <= MAX_TWINS and len(same) == len(twins):
        orders = permutations(same)
        best = max(orders, key=lambda order: sum(map(matcher.likeness, twins, order)))
        return best[twins.index(name)]
    if len(same) > 1:
        return max(same, key=lambda number: matcher.likeness(name, number))
    is_only = len(rivals) == len(readers) == 1
    pairs = [
        (unlike, -matcher.likeness(rival, number), place, number, rival)
        for place, rival in enumerate(rivals)
        for number in readers
        if (unlike := count_unlike(matcher, rival, number, is_only=is_only)) is not None
    ]
    partners: dict[str, int] = {}
    for *_, number, rival in sorted(pairs):
        if rival not in partners and number not in partners.values():
            partners[rival] = number
    return partners.get(name)


def count_unlike(
    matcher: Matcher, name: str, number: int, *, is_only: bool = False
) -> float | None:
    """The weighted number of dimensions that differ between a layer and an op that read one map.

    None if the layer belongs to a different op: one after this op, or one of exactly its shape. The
    only layer that reads a map is not that of an op far from the only op that reads it.
    """
    own, found = made(matcher.wanted[name]), made(matcher.signatures[number])
    if own == found:
        return 0
    if is_swapped(matcher, name, number):
        return 1
    after = [made(matcher.wanted[reader]) for reader in matcher.readers_in_graph(name)]
    if found in after:
        return None
    if not matcher.is_spare(number) and (not is_only or is_needed_soon(matcher, name, number)):
        return None
    return sum(weight for weight, a, b in zip((1, 2, 2), own, found, strict=False) if a != b)


def is_needed_soon(matcher: Matcher, name: str, number: int, depth: int = 3) -> bool:
    """Whether one of the next ops after an op has exactly the shape of a layer."""
    following = [*matcher.readers_in_graph(name)] if depth else []
    return any(
        matcher.wanted[each] == matcher.signatures[number]
        or is_needed_soon(matcher, each, number, depth - 1)
        for each in following
    )


def is_swapped(matcher: Matcher, name: str, number: int) -> bool:
    """Whether a layer is one of a pair of 1xn and nx1 in the other order.

    Then a layer after it has the kernel of the op.
    """
    own, found = made(matcher.wanted[name]), made(matcher.signatures[number])
    if len(own) != 3 or own[1] == own[2] or found != (own[0], own[2], own[1]):
        return False
    return any(made(each)[1:] == own[1:] for each in next_convolutions(matcher, number))


def next_convolutions(matcher: Matcher, number: int) -> Iterator[Signature]:
    """Yields the shapes of the convolutions that read a layer's output, also after a norm."""
    later = range(number + 1, len(matcher.calls))
    for y in matcher.activated(matcher.calls[number].output):
        for reader in matcher.readers(y, later):
            if matcher.signatures[reader][0] == "conv":
                yield matcher.signatures[reader]
            else:
                yield from next_convolutions(matcher, reader)


def stray(matcher: Matcher, name: str, expected: Array | None, free: Sequence[int]) -> int | None:
    """The layer for an op if none that fits reads the expected map; None if there is none."""
    shape = matcher.wanted[name]
    same = [number for number in free if matcher.signatures[number] == shape]
    previous = matcher.taken.get(
        matcher.graph[name].inputs[0], max(matcher.taken.values(), default=-1)
    )
    if len(same) >= sum(matcher.wanted[other] == shape for other in matcher.coming):
        return likeliest(matcher, name, expected, same)
    if previous + 1 in same:
        return previous + 1
    if (number := classifier(matcher, name, free)) is not None:
        return number
    if is_next_alike(matcher, name, previous + 1):
        return previous + 1
    if (number := reader_of_earlier(matcher, name, free)) is not None:
        return number
    if not may_have_other_channels(matcher, name):
        return None
    wanted = Counter(matcher.wanted[other] for other in matcher.coming)
    alike = [
        number
        for number in free
        if made(matcher.signatures[number]) == made(shape)
        and not wanted[matcher.signatures[number]]
    ]
    if not alike or is_aside(matcher, alike[0]):
        return None
    return likeliest(matcher, name, expected, alike)


def classifier(matcher: Matcher, name: str, free: Sequence[int]) -> int | None:
    """The first layer after all convolutions, if it reads as many values as this linear op."""
    if not isinstance(matcher.graph[name].layer, spec.Linear):
        return None
    last = max((n for n, call in enumerate(matcher.calls) if call.input.ndim == 4), default=-1)
    after = [number for number in free if number > last]
    fits = after and matcher.signatures[after[0]][1][1:] == matcher.wanted[name][1][1:]
    return after[0] if fits else None


def reader_of_earlier(matcher: Matcher, name: str, free: Sequence[int]) -> int | None:
    """The layer that differs from an op only in reading a map from which the op's is computed."""
    if matcher.wanted[name][0] != "conv":
        return None
    wanted = made(matcher.wanted[name])
    alike = [n for n in free if made(matcher.signatures[n]) == wanted and matcher.is_spare(n)]
    for each in earlier(matcher, name) if alike else ():
        for y in matcher.activated(matcher.calls[matcher.taken[each]].output):
            for number in matcher.readers(y, alike):
                return number
    return None


def earlier(matcher: Matcher, name: str) -> Iterator[str]:
    """Yields the layers found so far that lead to an op's input, in the op's module."""
    for each in matcher.graph[name].inputs:
        if each.partition(".")[0] == name.partition(".")[0]:
            if each in matcher.taken:
                yield each
            yield from earlier(matcher, each)


def is_next_alike(matcher: Matcher, name: str, number: int) -> bool:
    """Whether a layer that no other op needs differs from an op in nothing but its kernel."""
    if number not in matcher.free or not matcher.is_spare(number):
        return False
    (kind, own), (other, found) = matcher.wanted[name], matcher.signatures[number]
    return kind == other == "conv" and len(own) == len(found) and own[:2] == found[:2]


def likeliest(matcher: Matcher, name: str, expected: Array | None, same: list[int]) -> int:
    """The most likely of several layers of one shape.

    It is the one that reads the expected values, in any order, or failing that, the first; of ops
    of this shape in one module, that whose input is read by as many layers as the op's, or that
    which follows a ReLU if the op does. Of several that read the same map, it is the one whose
    following layers match the op best.
    """
    given = {number: matcher.calls[number].input for number in same}
    inputs, module = matcher.graph[name].inputs, name.partition(".")[0]
    alike = [n for n in matcher.coming if matcher.wanted[n] == matcher.wanted[name]]
    count = sum(other.partition(".")[0] == module for other in alike)
    readers = sum(matcher.graph[other].inputs == inputs for other in matcher.wanted)
    after_relu = matcher.graph[inputs[0]].layer == spec.ReLU()

    def unlike(number: int) -> tuple[int, bool]:
        is_positive = bool(given[number].min() >= 0)
        return abs(matcher.count_readers(number) - readers), is_positive != after_relu

    first = min(same[:count], key=unlike)
    if expected is not None:
        wanted = np.sort(expected.ravel())
        fits = (
            number
            for number, x in given.items()
            if x.size == expected.size
            and (is_reordered(x, wanted, matcher.digits) or is_dropped(x, expected))
        )
        first = next(fits, first)
    twins = [number for number in same if agree(given[number], given[first], matcher.digits)]
    return max(twins, key=lambda number: matcher.likeness(name, number))


def is_reordered(x: Array, wanted: Array, digits: int) -> bool:
    """Whether a map has these sorted values, in any order."""
    bound = max(abs(wanted[0]), abs(wanted[-1])) * 10.0**-digits  # their ends tell most apart
    is_like = abs(x.min() - wanted[0]) <= bound and abs(x.max() - wanted[-1]) <= bound
    return bool(is_like) and agree(np.sort(x.ravel()), wanted, digits)


def is_dropped(x: Array, expected: Array) -> bool:
    """Whether a map is the expected one after an active dropout."""
    x, expected = trimmed(x), trimmed(expected)
    if x.shape != expected.shape or not (kept := (x != 0) & (expected != 0)).any() or kept.all():
        return False
    factors = x[kept] / expected[kept]
    return bool(np.abs(factors - factors[0]).max() <= 1e-6 * abs(factors[0]))


def may_have_other_channels(matcher: Matcher, name: str) -> bool:
    """Whether an op reads joined branches that no layer found so far has read."""
    before = matcher.graph[name].inputs
    while len(before) == 1 and not isinstance(matcher.graph[before[0]].layer, spec.Concat):
        if matcher.graph[before[0]].is_weighted:
            return False
        before = matcher.graph[before[0]].inputs
    return len(before) == 1 and not any(
        matcher.graph[other].inputs == before for other in matcher.taken
    )


def is_aside(matcher: Matcher, number: int) -> bool:
    """Whether a layer reads the same map as a layer already taken, or an earlier layer's output."""
    x = matcher.calls[number].input
    maps = [matcher.calls[other].input for other in matcher.taken.values()]
    for call in matcher.calls[:number]:
        maps += [call.output, np.maximum(call.output, 0)] if call.output.shape == x.shape else []
    return any(agree(x, each, matcher.digits) for each in maps)
