"""Compares gradients with the reference, for the heads that need large maps and in bfloat16."""

import numpy as np
import pytest
from conftest import noise, planned, seeded
from every_network import HEADS, head_alone
from reference_cache import cached_step

from common.errors import UsageError
from common.reference.numerics import relative_difference
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout

LABELS = np.array([3, 7])


@pytest.mark.parametrize("name", HEADS)
def test_a_heads_gradients_and_statistics_are_the_references(impl, name):
    plan = make_plan(without_dropout(head_alone(name).spec))
    net = impl.runner.load_network(plan, seeded(plan), "float64")
    found, right = impl.runner.grad(net, noise(plan), LABELS), cached_step(plan, LABELS)
    assert found.pop("loss") == pytest.approx(right.loss, rel=1e-12)
    assert {key: array.shape for key, array in found.items()} == plan.parameter_shapes()
    far = {key: relative_difference(array, right.gradients[key]) for key, array in found.items()}
    after = impl.weights.get_arrays(net)
    far |= {key: relative_difference(after[key], array) for key, array in right.buffers.items()}
    assert {key: distance for key, distance in far.items() if not distance <= 1e-9} == {}


def test_a_loss_and_its_gradient_in_bfloat16(impl):
    """The products are rounded to 8 bits; the loss and the gradients themselves are float32."""
    plan = make_plan(without_dropout(planned(size=(96, 96), aux=True, classes=10).spec))
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    net = impl.runner.load_network(plan, arrays, "bfloat16")
    if impl.name == "paddle":
        with pytest.raises(UsageError, match="only its predictor"):
            impl.runner.grad(net, x, LABELS)
        return
    found, right = impl.runner.grad(net, x, LABELS), cached_step(plan, LABELS)
    assert 1e-6 < abs(found.pop("loss") / right.loss - 1) < 1e-2
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    assert relative_difference(found["fc.weight"], right.gradients["fc.weight"]) < 0.05
