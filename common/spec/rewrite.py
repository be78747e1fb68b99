"""Rewriting: applies an override to every layer of a network."""

from collections.abc import Callable
from dataclasses import replace

from common.spec import Chain, Concat, Dropout, Layer, NetworkSpec, Residual, join

# An override: takes a path and the layer there, and returns the layer to use instead.
Override = Callable[[str, Layer], Layer]


def rewrite(layer: Layer, change: Override, path: str = "") -> Layer:
    """The layer with `change` applied to it and to every layer inside it, innermost first."""
    match layer:
        case Chain(layers):
            layers = {n: rewrite(each, change, join(path, n)) for n, each in layers.items()}
            layer = replace(layer, layers=layers)
        case Concat(branches):
            branches = {n: rewrite(b, change, join(path, n)) for n, b in branches.items()}
            layer = replace(layer, branches=branches)
        case Residual(branch, shortcut):
            branch = rewrite(branch, change, join(path, "branch"))
            shortcut = shortcut and rewrite(shortcut, change, join(path, "shortcut"))
            layer = replace(layer, branch=branch, shortcut=shortcut)
    return change(path, layer)


def rewrite_chain(chain: Chain, change: Override, path: str = "") -> Chain:
    """Rewrites a body or a head; raises TypeError if the result is no longer a chain."""
    rewritten = rewrite(chain, change, path)
    if not isinstance(rewritten, Chain):
        raise TypeError(f"{path}: a network's body or head became {rewritten!r}")
    return rewritten


def rewrite_network(network: NetworkSpec, change: Override) -> NetworkSpec:
    """Rewrites a network's body and heads; paths in a head begin with its name."""
    heads = {
        name: replace(head, body=rewrite_chain(head.body, change, name))
        for name, head in network.heads.items()
    }
    return replace(network, body=rewrite_chain(network.body, change), heads=heads)


def without_dropout(network: NetworkSpec) -> NetworkSpec:
    """The network with every dropout rate set to 0, so that training steps are not random."""

    def change(_: str, layer: Layer) -> Layer:
        return Dropout(0) if isinstance(layer, Dropout) else layer

    return rewrite_network(network, change)
