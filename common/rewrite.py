"""Rewriting: a network with some of its words replaced, whatever they are inside of."""

from collections.abc import Callable
from dataclasses import replace

from common.spec import Chain, Concat, Dropout, NetworkSpec, Residual, Word, join

Change = Callable[[str, Word], Word]


def rewrite(word: Word, change: Change, path: str = "") -> Word:
    """The word with every word in it, innermost first, as `change` makes it of path and word."""
    match word:
        case Chain(steps):
            word = Chain({n: rewrite(step, change, join(path, n)) for n, step in steps.items()})
        case Concat(branches):
            word = Concat({n: rewrite(b, change, join(path, n)) for n, b in branches.items()})
        case Residual(branch, shortcut, scale):
            branch = rewrite(branch, change, join(path, "branch"))
            shortcut = shortcut and rewrite(shortcut, change, join(path, "shortcut"))
            word = Residual(branch, shortcut, scale)
    return change(path, word)


def rewrite_chain(chain: Chain, change: Change, path: str = "") -> Chain:
    """The same for a chain, which has to stay one."""
    rewritten = rewrite(chain, change, path)
    if not isinstance(rewritten, Chain):
        raise TypeError(f"{path}: a network's body or head became {rewritten!r}")
    return rewritten


def rewrite_network(network: NetworkSpec, change: Change) -> NetworkSpec:
    """The network with its body and its heads rewritten; a head's paths begin with its name."""
    heads = {
        name: replace(head, body=rewrite_chain(head.body, change, name))
        for name, head in network.heads.items()
    }
    return replace(network, body=rewrite_chain(network.body, change), heads=heads)


def without_dropout(network: NetworkSpec) -> NetworkSpec:
    """The same network with nothing dropped, so that training steps can be compared."""

    def change(_: str, word: Word) -> Word:
        return Dropout(0) if isinstance(word, Dropout) else word

    return rewrite_network(network, change)
