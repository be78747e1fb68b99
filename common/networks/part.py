"""Parts of a network, and maps of logits: TF-Slim's options for end points, root block and pool."""

from dataclasses import replace

from common.errors import UsageError
from common.networks.variants import remove, replace_at
from common.spec import AvgPool, Chain, Conv, GlobalAvgPool, NetworkSpec
from common.spec.plan import Node
from common.spec.planner import make_plan
from common.spec.rewrite import rewrite_network


def part(made: NetworkSpec, since: str | None, until: str | None) -> NetworkSpec:
    """The steps of a network from `since` to `until`, both included; None is the first or the last.

    Its input is that of the step `since`. Without the last step it has no classes and returns
    feature maps. Raises UsageError for a name that is not a step, and for steps in reverse order.
    """
    steps = list(made.body.steps)
    for name in (since, until):
        if name is not None and name not in steps:
            raise UsageError(f"{made.name} has no step {name!r}; its steps: {', '.join(steps)}")
    first = 0 if since is None else steps.index(since)
    last = len(steps) - 1 if until is None else steps.index(until)
    if first > last:
        raise UsageError(f"{made.name}: step {since!r} comes after step {until!r}")
    kept = {name: made.body.steps[name] for name in steps[first : last + 1]}
    omitted = [name for name in steps if name not in kept]
    return replace(
        made,
        input=made.input if since is None else find(made, since).input,
        classes=made.classes if last == len(steps) - 1 else 0,
        body=Chain(kept),
        heads={},
        omitted=(*omitted, *made.heads),
    )


def fixed_window(made: NetworkSpec) -> NetworkSpec:
    """The network with a last average pool over the published window instead of the whole map.

    For images larger than published it returns a map of logits. Raises UsageError unless the
    classifier is a convolution, as in TF-Slim.
    """
    if not isinstance(made.body.steps.get(made.classifier), Conv):
        raise UsageError(
            f"{made.name}: a fixed window needs a classifier that is a convolution, as in "
            "googlenet.slim and inception_v2.slim"
        )
    (pool,) = (name for name, step in made.body.steps.items() if isinstance(step, GlobalAvgPool))
    rows, columns = find(made, pool).input[1:]
    pooled = rewrite_network(made, replace_at(pool, AvgPool((rows, columns), 1)))
    return rewrite_network(pooled, remove("flatten"))


def find(made: NetworkSpec, path: str) -> Node:
    """The node of a step, for images of the network's own size."""
    return make_plan(made).find(path)
