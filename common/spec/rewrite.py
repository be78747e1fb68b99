"""Rewriting: replaces layers anywhere in a network."""

from collections.abc import Callable
from dataclasses import replace

from common.spec import Chain, Concat, Dropout, Layer, NetworkSpec, Residual, join

Change = Callable[[str, Layer], Layer]


def rewrite(layer: Layer, change: Change, path: str = "") -> Layer:
    """Applies `change` to the path and layer of every layer in `layer`, innermost first."""
    match layer:
        case Chain(steps):
            steps = {n: rewrite(step, change, join(path, n)) for n, step in steps.items()}
            layer = replace(layer, steps=steps)
        case Concat(branches):
            branches = {n: rewrite(b, change, join(path, n)) for n, b in branches.items()}
            layer = replace(layer, branches=branches)
        case Residual(branch, shortcut):
            branch = rewrite(branch, change, join(path, "branch"))
            shortcut = shortcut and rewrite(shortcut, change, join(path, "shortcut"))
            layer = replace(layer, branch=branch, shortcut=shortcut)
    return change(path, layer)


def rewrite_chain(chain: Chain, change: Change, path: str = "") -> Chain:
    """Rewrites a chain; raises TypeError if the result is not a chain."""
    rewritten = rewrite(chain, change, path)
    if not isinstance(rewritten, Chain):
        raise TypeError(f"{path}: a network's body or head became {rewritten!r}")
    return rewritten


def rewrite_network(network: NetworkSpec, change: Change) -> NetworkSpec:
    """Rewrites a network's body and heads; paths in a head begin with its name."""
    heads = {
        name: replace(head, body=rewrite_chain(head.body, change, name))
        for name, head in network.heads.items()
    }
    return replace(network, body=rewrite_chain(network.body, change), heads=heads)


def without_dropout(network: NetworkSpec) -> NetworkSpec:
    """The network with every dropout rate set to 0, so that training steps can be compared."""

    def change(_: str, layer: Layer) -> Layer:
        return Dropout(0) if isinstance(layer, Dropout) else layer

    return rewrite_network(network, change)
