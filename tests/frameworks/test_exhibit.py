"""The network written by hand is the network that was built, and so are others' beside it."""

import numpy as np
from conftest import noise, planned, seeded

from common.files import weights
from common.planner import make_plan
from common.reference import relative
from common.rewrite import without_dropout

RATE, MOMENTUM = 1e-4, 0.9


def loss_and_gradients(room, plan, arrays, x, labels):
    """Those of the built network."""
    found = room.run.grad(room.run.load_network(plan, arrays, "float32"), x, labels)
    return float(found.pop("loss")), found


def test_the_exhibit_equals_the_built_network(room, tmp_path):
    plan = make_plan(without_dropout(planned(classes=10, aux=True).network))
    arrays, x, labels = seeded(plan), noise(plan).astype(np.float32), np.array([3, 7])
    for name in ("fc", "aux1.fc2", "aux2.fc2"):  # Paddle's own cross entropy is cut off at 64
        arrays[f"{name}.weight"] /= 16
    file = tmp_path / "w.safetensors"
    weights.write(file, arrays, plan)
    peer = room.peers.Tutorial(plan, str(file))
    peer.net.run_eagerly = True  # Keras then makes no graph for two steps
    built = room.run.load_network(plan, arrays, "float32")
    assert relative(peer.classify(x), room.run.run(built, x, [])["logits"]) < 1e-5
    loss, gradients = loss_and_gradients(room, plan, arrays, x, labels)
    # Nesterov's first step, and the loss after it, which knows of every gradient.
    moved = {name: arrays[name] - RATE * (1 + MOMENTUM) * gradients[name] for name in arrays}
    after, _ = loss_and_gradients(room, plan, moved, x, labels)
    assert abs(peer.take_step(x, labels) - loss) < 1e-5 * loss
    assert abs(peer.take_step(x, labels) - after) < 1e-4 * abs(loss - after)
    assert abs(loss - after) > 0.1 * loss


def outputs(room, net, x, training):
    """The outputs of a network by hand by name, in one mode."""
    if room.name == "tensorflow":
        found = net(x, training=training)
    else:
        net.train() if training else net.eval()
        found = net(x)
    named = found if training else {"logits": found}
    detached = room.name != "tensorflow"
    return {n: np.asarray(v.detach().numpy() if detached else v) for n, v in named.items()}


def test_each_output_bears_its_own_name(room, tmp_path):
    plan = make_plan(without_dropout(planned(classes=10, aux=True).network))
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    by_hand = room.peers.Tutorial(plan, str(tmp_path / "w.safetensors")).net
    built = room.run.load_network(plan, arrays, "float32")
    right = room.run.run(built, x, [])
    for training, names in ((False, ["logits"]), (True, ["logits", "aux1", "aux2"])):
        found = outputs(room, by_hand, room.run.tensor(built, x), training)
        assert list(found) == names
        assert max(relative(found[name], right[name]) for name in names) < 1e-5


def test_without_its_heads_it_classifies_the_same(room, tmp_path):
    plan = planned(classes=10)
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    peer = room.peers.Tutorial(plan, str(tmp_path / "w.safetensors"))
    built = room.run.load_network(plan, arrays, "float32")
    assert relative(peer.classify(x), room.run.run(built, x, [])["logits"]) < 1e-5
