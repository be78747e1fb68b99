"""Tests by how much the frameworks' own optimizers differ from the recipe's rules.

The amounts are in the second table of docs/differences.md, relative to the largest weight change.
"""

import re

import numpy as np
from readme import ROOT

from common.reference.numerics import relative_difference
from common.training.recipe import SGD, Adam, RMSProp
from common.training.update_rules import slot_names, update

DOCUMENT = ROOT / "docs" / "differences.md"
GRADIENTS = np.random.default_rng(4).standard_normal((6, 50))
RATES = (0.1, 0.1, 0.1, 0.01, 0.01, 0.01)
RULES = {
    "momentum and a falling rate": SGD(),
    "RMSprop": RMSProp(),
    "eps of Adam": Adam(eps=0.1),
}


# Paddle's optimizers all follow the recipe's rules.
OWN = {
    "pytorch": ["RMSprop", "clipping"],
    "tensorflow": ["momentum and a falling rate", "eps of Adam"],
    "paddle": [],
}


def expected(subject):
    """The weights after six steps of the NumPy rule; for clipping, the clipped gradient."""
    if subject == "clipping":
        return np.full(50, 1e-6) / np.sqrt(50)
    rule, weight = RULES[subject], np.zeros(50)
    slots = {name: np.zeros(50) for name in slot_names(rule)}
    for number, (gradient, rate) in enumerate(zip(GRADIENTS, RATES, strict=True)):
        change, slots = update(rule, gradient, slots, rate, number)
        weight = weight - change
    return weight


def own_pytorch(subject):
    """The same with PyTorch's optimizer or function of that name."""
    import torch

    weight = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    if subject == "clipping":
        weight.grad = torch.full((50,), 1e-6, dtype=torch.float64)
        torch.nn.utils.clip_grad_norm_([weight], 1e-6)
        return weight.grad.numpy()
    optimizer = torch.optim.RMSprop([weight], lr=1.0, alpha=0.9, momentum=0.9, eps=1.0)
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = torch.from_numpy(gradient)
        optimizer.step()
    return weight.detach().numpy()


def own_tensorflow(subject):
    """The same with Keras' optimizer of that name."""
    import keras

    rules = {
        "momentum and a falling rate": keras.optimizers.SGD(momentum=0.9),
        "eps of Adam": keras.optimizers.Adam(epsilon=0.1),
    }
    weight, optimizer = keras.Variable(np.zeros(50), dtype="float64"), rules[subject]
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
    return weight.numpy()


def test_the_frameworks_own_is_another_by_so_much(impl):
    table = DOCUMENT.read_text().partition("| rule |")[2].partition("\n\n")[0]
    stated = re.findall(rf"^\| ([^|]+) \|.* {impl.name} ([\d.]+) \|", table, re.MULTILINE)
    assert [subject for subject, _ in stated] == OWN[impl.name]
    own = {"pytorch": own_pytorch, "tensorflow": own_tensorflow}.get(impl.name)
    for subject, amount in stated:
        assert f"{relative_difference(own(subject), expected(subject)):.2g}" == amount, subject
