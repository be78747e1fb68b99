"""The network written by hand equals the built network, output by output."""

import numpy as np
from conftest import noise, planned, seeded

from common.files import weights
from common.reference.numerics import relative_difference
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout

RATE, MOMENTUM = 1e-4, 0.9


def loss_and_gradients(impl, plan, arrays, x, labels):
    """The loss and the gradients of the built network."""
    found = impl.runner.grad(impl.runner.load_network(plan, arrays, "float32"), x, labels)
    return float(found.pop("loss")), found


def test_the_exhibit_equals_the_built_network(impl, tmp_path):
    plan = make_plan(without_dropout(planned(classes=10, aux=True).spec))
    arrays, x, labels = seeded(plan), noise(plan).astype(np.float32), np.array([3, 7])
    for name in ("fc", "aux1.fc2", "aux2.fc2"):  # Paddle's own cross entropy is cut off at 64
        arrays[f"{name}.weight"] /= 16
    file = tmp_path / "w.safetensors"
    weights.write(file, arrays, plan)
    baseline = impl.baselines.Tutorial(plan, str(file))
    baseline.net.run_eagerly = True  # avoids building a graph for two steps
    built = impl.runner.load_network(plan, arrays, "float32")
    assert (
        relative_difference(baseline.classify(x), impl.runner.forward_pass(built, x, [])["logits"])
        < 1e-5
    )
    loss, gradients = loss_and_gradients(impl, plan, arrays, x, labels)
    # Nesterov's first step, and the loss after it, which depends on every gradient.
    moved = {name: arrays[name] - RATE * (1 + MOMENTUM) * gradients[name] for name in arrays}
    after, _ = loss_and_gradients(impl, plan, moved, x, labels)
    assert abs(baseline.take_step(x, labels) - loss) < 1e-5 * loss
    assert abs(baseline.take_step(x, labels) - after) < 1e-4 * abs(loss - after)
    assert abs(loss - after) > 0.1 * loss


def outputs(impl, net, x, training):
    """The outputs of a hand-written network by name, in training or evaluation mode."""
    if impl.name == "tensorflow":
        found = net(x, training=training)
    else:
        net.train() if training else net.eval()
        found = net(x)
    named = found if training else {"logits": found}
    detached = impl.name != "tensorflow"
    return {n: np.asarray(v.detach().numpy() if detached else v) for n, v in named.items()}


def test_each_output_bears_its_own_name(impl, tmp_path):
    plan = make_plan(without_dropout(planned(classes=10, aux=True).spec))
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    by_hand = impl.baselines.Tutorial(plan, str(tmp_path / "w.safetensors")).net
    built = impl.runner.load_network(plan, arrays, "float32")
    right = impl.runner.forward_pass(built, x, [])
    for training, names in ((False, ["logits"]), (True, ["logits", "aux1", "aux2"])):
        found = outputs(impl, by_hand, impl.runner.tensor(built, x), training)
        assert list(found) == names
        assert max(relative_difference(found[name], right[name]) for name in names) < 1e-5


def test_without_its_heads_it_classifies_the_same(impl, tmp_path):
    plan = planned(classes=10)
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    baseline = impl.baselines.Tutorial(plan, str(tmp_path / "w.safetensors"))
    built = impl.runner.load_network(plan, arrays, "float32")
    assert (
        relative_difference(baseline.classify(x), impl.runner.forward_pass(built, x, [])["logits"])
        < 1e-5
    )
