"""Subnetworks, and maps of logits: TF-Slim's options for end points, root block and pool."""

from dataclasses import replace

from common.errors import UsageError
from common.networks.overrides import remove, replace_at
from common.spec import AvgPool, Chain, Conv, GlobalAvgPool, NetworkSpec
from common.spec.plan import Node
from common.spec.planner import make_plan
from common.spec.rewrite import rewrite_network


def subnetwork(spec: NetworkSpec, since: str | None, until: str | None) -> NetworkSpec:
    """The layers from `since` to `until`, both included; None is the first or the last.

    Its input is that of the layer `since`. Without the last layer it has no classes and returns
    feature maps. Raises UsageError for an unknown name, and for names in reverse order.
    """
    names = list(spec.body.layers)
    for name in (since, until):
        if name is not None and name not in names:
            raise UsageError(
                f"{name!r} is not a layer of {spec.name}'s body; choose from: {', '.join(names)}"
            )
    first = 0 if since is None else names.index(since)
    last = len(names) - 1 if until is None else names.index(until)
    if first > last:
        raise UsageError(f"{spec.name}: {since!r} comes after {until!r}")
    kept = {name: spec.body.layers[name] for name in names[first : last + 1]}
    omitted = [name for name in names if name not in kept]
    return replace(
        spec,
        input=spec.input if since is None else find(spec, since).input,
        classes=spec.classes if last == len(names) - 1 else 0,
        body=Chain(kept),
        heads={},
        omitted=(*omitted, *spec.heads),
    )


def fixed_window(spec: NetworkSpec) -> NetworkSpec:
    """The network with a last average pool over the published window instead of the whole map.

    For images larger than published it returns a map of logits. Raises UsageError unless the
    classifier is a convolution, as in TF-Slim.
    """
    if not isinstance(spec.body.layers.get(spec.classifier), Conv):
        raise UsageError(
            f"{spec.name}: a fixed window needs a classifier that is a convolution, as in "
            "googlenet.slim and inception_v2.slim"
        )
    (pool,) = (name for name, each in spec.body.layers.items() if isinstance(each, GlobalAvgPool))
    rows, columns = find(spec, pool).input[1:]
    pooled = rewrite_network(spec, replace_at(pool, AvgPool((rows, columns), 1)))
    return rewrite_network(pooled, remove("flatten"))


def find(spec: NetworkSpec, path: str) -> Node:
    """The node at `path`, for images of the network's own size."""
    return make_plan(spec).find(path)
