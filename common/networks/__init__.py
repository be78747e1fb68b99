"""The networks by name, each a table in a file of its own."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from common.errors import UsageError
from common.networks import (
    googlenet,
    inception_resnet,
    inception_v2,
    inception_v3,
    inception_v4,
    xception,
)
from common.spec import Network, Shape, by

NETWORKS: dict[str, Callable[..., Network]] = {
    **{name: partial(googlenet.googlenet, name) for name in googlenet.DIALECTS},
    **{name: partial(inception_v2.inception_v2, name) for name in inception_v2.DIALECTS},
    **{name: partial(inception_v3.inception_v3, name) for name in inception_v3.DIALECTS},
    "inception_v4": inception_v4.inception_v4,
    "inception_resnet_v1": inception_resnet.inception_resnet_v1,
    **{
        name: partial(inception_resnet.inception_resnet_v2, name)
        for name in inception_resnet.DIALECTS
    },
    **{name: partial(xception.xception, name) for name in xception.DIALECTS},
}


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> Network:
    """The network of that name, for an input C x H x W, so many classes, with or without heads.

    What is not said stays as published; 0 classes leave the pooled features. Raises UsageError
    for an unknown name, an impossible number, or heads that the network or its features lack.
    """
    if name not in NETWORKS:
        raise UsageError(f"no network is called {name!r}; there are: {', '.join(NETWORKS)}")
    if classes is not None and classes < 0:
        raise UsageError(f"{classes} classes: give 0 for the features, or more")
    if input is not None and (len(input) != 3 or min(input) < 1):
        raise UsageError(f"an input is CxHxW, as 3x224x224, and not {by(input)}")
    made = NETWORKS[name](**({} if classes is None else {"classes": classes}))
    if aux and not (made.heads and made.classes):
        raise UsageError(
            f"{name} with {made.classes} classes has no auxiliary heads; leave out aux"
        )
    return replace(made, input=input or made.input, aux=aux)
