"""The network written by hand is the network that was built."""

from functools import reduce

import numpy as np
from conftest import noise, planned, seeded

from common.files.layouts import PADDLE, TENSORFLOW


def dress(room, net, plan, arrays, x):
    """Gives the exhibit the built network's weights under the same names, all of them."""
    if room.name == "pytorch":
        import torch

        net.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()}, strict=True)
    elif room.name == "paddle":
        missing, unknown = net.set_state_dict(PADDLE.outward(plan, arrays))
        assert not missing
        assert not unknown
    else:
        net(x, training=True)
        assert len(net.weights) == len(arrays)
        theirs, names = TENSORFLOW.outward(plan, arrays), TENSORFLOW.names(plan)
        for name in arrays:
            path, _, kind = name.rpartition(".")
            layer = reduce(attribute, path.split("."), net)
            variable = layer.kernel if kind == "weight" else layer.bias
            variable.assign(theirs[names[name]])


def attribute(parent, name):
    """One step of a path: an attribute, or a place in a sequence of layers."""
    return parent.layers[int(name)] if name.isdigit() else getattr(parent, name)


def undropped(room, net):
    """The network with every dropout rate 0."""
    if room.name == "tensorflow":
        for layer in net._flatten_layers():
            if hasattr(layer, "rate"):
                layer.rate = 0
    else:
        for layer in net.modules() if room.name == "pytorch" else net.sublayers():
            if hasattr(layer, "p"):
                layer.p = 0
    return net


def outputs(room, net, x, training):
    """The outputs by name, in one mode."""
    if room.name == "tensorflow":
        found = net(x, training=training)
    else:
        net.train() if training else net.eval()
        found = net(x)
    named = found if training else {"logits": found}
    return {
        name: np.asarray(value.detach().numpy() if room.name != "tensorflow" else value)
        for name, value in named.items()
    }


def test_the_exhibit_equals_the_built_network(room):
    plan = planned(classes=10, aux=True)
    arrays = seeded(plan)
    built = undropped(room, room.run.load_network(plan, arrays, "float32"))
    by_hand = room.exhibit.GoogLeNet(classes=10)
    x = room.run.tensor(built, noise(plan))
    dress(room, by_hand, plan, arrays, x)
    undropped(room, by_hand)
    for training in (False, True):
        expected = outputs(room, built, x, training)
        found = outputs(room, by_hand, x, training)
        assert found.keys() == expected.keys()
        for name in expected:
            largest = np.abs(expected[name]).max()
            np.testing.assert_allclose(found[name], expected[name], atol=1e-5 * largest, rtol=0)
