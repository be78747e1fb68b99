"""Traces a user's Paddle network while it runs: layers with weights, and dropout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.tools.check.functions import Function, Functions, Place
from common.tools.check.own_norms import own_norm
from common.tools.check.trace import Calls, Drop, LayerCall
from common.tools.check.weightless import Fingerprint, Weightless, fingerprint
from paddle_impl.custom_layers import Conv2D

NORMS = (nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D)
# The layers with weights: their kind, and the names of their weights.
LAYERS = {
    **dict.fromkeys((nn.Conv2D, Conv2D), ("conv", {"weight": "weight", "bias": "bias"})),
    nn.Linear: ("linear", {"weight": "weight", "bias": "bias"}),
    nn.GroupNorm: ("norm", {"weight": "weight", "bias": "bias"}),
    nn.LayerNorm: ("norm", {"weight": "weight", "bias": "bias"}),
    nn.InstanceNorm2D: ("norm", {"weight": "scale", "bias": "bias"}),
    **dict.fromkeys(
        NORMS,
        (
            "norm",
            {
                "weight": "weight",
                "bias": "bias",
                "running_mean": "_mean",
                "running_var": "_variance",
            },
        ),
    ),
}
# The functions that are watched, because a user's own layer may compute with weights by them: the
# kind of layer that each computes, and its arguments in order.
FUNCTIONS: dict[Place, tuple[str, str]] = {
    (F, "conv2d"): ("conv", "x weight bias"),
    (F, "linear"): ("linear", "x weight bias"),
    (F, "batch_norm"): ("norm", "x running_mean running_var weight bias"),
}
WATCHED = Functions([*FUNCTIONS, (F, "dropout"), (F, "dropout2d")])


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Disables dropout, both layers and functions, as in evaluation, if `wanted`.

    Yields a list that is filled with the dropouts that would have been active.
    """
    drops: list[Drop] = []

    def passed(
        x: Tensor,
        p: float = 0.5,
        axis: Any = None,  # noqa: ARG001
        training: bool = True,
        mode: str = "",
        **_: Any,
    ) -> Tensor:
        if training and p:
            drops.append(Drop(float(p), to_numpy(x)))
        return x * (1 - p) if mode == "downscale_in_infer" else x

    def maps_passed(x: Tensor, p: float = 0.5, training: bool = True, **_: Any) -> Tensor:
        return passed(x, p, training=training)

    new = {(F, "dropout"): passed, (F, "dropout2d"): maps_passed}
    with WATCHED.replaced(new if wanted else {}):
        yield drops


@contextmanager
def record(net: nn.Layer, lines: Callable[[Any], tuple]) -> Iterator[Calls]:
    """Yields a list that collects the inputs and outputs of everything that computes with weights.

    That is the layers in `LAYERS`, and calls of `FUNCTIONS` with the network's own weights. `lines`
    returns the lines of the user's file in which a layer was created.
    """
    tracer = Tracer(net, lines)
    hooks = []
    for name, layer in net.named_sublayers(include_self=True):
        if isinstance(layer, tuple(LAYERS)):
            hooks.append(layer.register_forward_pre_hook(tracer.keep, with_kwargs=True))
            hooks.append(
                layer.register_forward_post_hook(
                    lambda layer, given, output, name=name: tracer.leave(
                        name, layer, without_activation(layer, given, output)
                    )
                )
            )
        elif not [*layer.children()] and not [*layer.parameters(), *layer.buffers()]:
            hooks += tracer.watch_weightless(layer)
        elif not type(layer).__module__.startswith("paddle."):
            hooks += tracer.watch(name, layer)
    try:
        with WATCHED.replaced({place: tracer.watched(place) for place in FUNCTIONS}):
            yield tracer.calls
    finally:
        for hook in hooks:
            hook.remove()


class Tracer:
    """Records the inputs and outputs of everything that computes with weights."""

    def __init__(self, net: nn.Layer, lines: Callable[[Any], tuple]) -> None:
        self.calls, self.lines = Calls(), lines
        self.before: dict[int, NDArray] = {}  # the inputs of the layers that are running
        own = (*net.named_parameters(), *net.named_buffers())
        self.owners = {id(tensor): name for name, tensor in own}

    def watch(self, name: str, layer: nn.Layer) -> list[Any]:
        """Hooks that record a batch norm of the user's own as if it were Paddle's."""
        named = (
            *layer.named_parameters(include_sublayers=False),
            *layer.named_buffers(include_sublayers=False),
        )
        own = dict(named)
        before: list[tuple[NDArray, int]] = []

        def keep(_: nn.Layer, given: tuple) -> None:
            if len(given) == 1 and isinstance(given[0], Tensor):
                before.append((to_numpy(given[0]), len(self.calls)))

        def leave(_: nn.Layer, __: tuple, y: Any) -> None:
            x, count = before.pop() if before else (None, 0)
            if x is None or count != len(self.calls) or not isinstance(y, Tensor):
                return
            weights = own_norm({n: to_numpy(each) for n, each in own.items()}, x, to_numpy(y))
            if weights:
                self.note(name, "norm", weights, x, y, self.lines(layer))

        if not own:
            return []
        return [layer.register_forward_pre_hook(keep), layer.register_forward_post_hook(leave)]

    def watch_weightless(self, layer: nn.Layer) -> list[Any]:
        """Hooks that record a layer without weights."""
        before: list[Fingerprint] = []

        def keep(_: nn.Layer, given: tuple) -> None:
            if given and isinstance(given[0], Tensor):
                before.append(fingerprint(to_numpy(given[0])))

        def leave(_: nn.Layer, __: tuple, y: Any) -> None:
            if before and isinstance(y, Tensor):
                kind, after = type(layer).__name__, fingerprint(to_numpy(y))
                self.calls.steps.append(
                    Weightless(kind=kind, lines=self.lines(layer), before=before.pop(), after=after)
                )

        return [layer.register_forward_pre_hook(keep), layer.register_forward_post_hook(leave)]

    def keep(self, layer: nn.Layer, inputs: tuple, named: dict[str, Tensor]) -> None:
        """Copies a layer's input, because later layers may change a feature map in place."""
        self.before[id(layer)] = to_numpy(next(iter(inputs or named.values())))

    def leave(self, name: str, layer: nn.Layer, output: Tensor) -> None:
        """Records a layer that has run."""
        kind, names = kind_of(layer)
        own = {ours: getattr(layer, theirs, None) for ours, theirs in names.items()}
        arrays = {ours: to_numpy(each) for ours, each in own.items() if each is not None}
        if is_unscaled(layer):
            del arrays["weight"]
        before = self.before.pop(id(layer))
        last = getattr(layer, "_data_format", "") == "NHWC"
        last |= before.ndim == 4 and len(getattr(layer, "_normalized_shape", ())) == 1
        self.note(name, kind, arrays, before, output, self.lines(layer), last)

    def watched(self, place: Place) -> Function:
        """Wraps a function so that a user's calls with weights of the network are recorded."""
        function, (kind, names) = WATCHED.own[place], FUNCTIONS[place]

        def called(*given: Any, **named: Any) -> Tensor:
            arguments = dict(zip(names.split(), given, strict=False)) | named
            own = {n: arguments[n] for n in names.split() if arguments.get(n) is not None}
            owners = [self.owners[id(each)] for each in own.values() if id(each) in self.owners]
            if self.before or not owners:
                return function(*given, **named)
            arrays = {name: to_numpy(tensor) for name, tensor in own.items()}
            y = function(*given, **named)
            self.note(owners[0], kind, arrays, arrays.pop("x"), y)
            return y

        return called

    def note(
        self,
        name: str,
        kind: str,
        arrays: dict[str, NDArray],
        before: NDArray,
        y: Tensor,
        lines: tuple = (),
        channels_last: bool = False,
    ) -> None:
        """Records one call."""
        if kind == "linear":
            arrays["weight"] = arrays["weight"].T
        after = to_numpy(y)
        if channels_last:
            before, after = (each.transpose(0, 3, 1, 2) for each in (before, after))
        self.calls.append(
            LayerCall(name=name, kind=kind, weights=arrays, input=before, output=after, lines=lines)
        )


def without_activation(layer: nn.Layer, given: tuple, output: Tensor) -> Tensor:
    """The output of a batch norm before the activation that it applies itself."""
    act = getattr(layer, "_act", None)
    if not isinstance(layer, nn.BatchNorm) or not act:
        return output
    layer._act = None
    y = layer.forward(*given)
    layer._act = act
    return y


def kind_of(layer: nn.Layer) -> tuple[str, dict[str, str]]:
    """A layer's kind, and the names of its weights."""
    return next(found for kind, found in LAYERS.items() if isinstance(layer, kind))


def is_unscaled(layer: nn.Layer) -> bool:
    """Whether a layer is a batch norm whose scale is never trained and stays 1."""
    is_norm = isinstance(layer, NORMS)
    weight = layer.weight if is_norm else None
    return weight is not None and weight.optimize_attr.get("learning_rate") == 0


def tensors(found: Any) -> Iterator[Tensor]:
    """Yields the tensors in a network's output, those with names in the order of the names."""
    if isinstance(found, Tensor):
        yield found
    elif hasattr(found, "_asdict"):
        yield from tensors(found._asdict())
    elif isinstance(found, dict | list | tuple):
        for each in (found[name] for name in sorted(found)) if isinstance(found, dict) else found:
            yield from tensors(each)


def to_numpy(tensor: Tensor) -> NDArray:
    """A copy of a tensor as a NumPy array."""
    return np.array(tensor.numpy())
