"""Inference with every setting in place is still the network."""

from pathlib import Path

import numpy as np
import pytest
from conftest import noise, planned, seeded

from common import judge
from common.errors import UsageError
from common.jobs.compare import TOLERANCES
from common.networks import GOOGLENETS
from common.reference import relative

CPU_INFO = Path("/proc/cpuinfo")
HAS_BFLOAT16 = CPU_INFO.is_file() and "bf16" in CPU_INFO.read_text(errors="replace")


def classify(room, plan, dtype):
    """What the fast network makes of two batches, the first larger, and what the judge makes."""
    arrays = seeded(plan)
    x, fast = noise(plan), room.run.classifier(room.run.load_network(plan, arrays, dtype))
    right = judge.run(judge.load_network(plan, arrays, dtype), x, [])
    return (fast(x), fast(x[:1])), right[plan.network.output]


# Together they have every kind of layer, biases beside batch norm, and batch norm of vectors.
NAMES = "googlenet", "googlenet.paper", "inception_v2.caffe", "inception_v3.input", "xception"
CASES = [(name, "float32") for name in (*NAMES, "inception_resnet_v1.facenet")]
CASES += [("googlenet", "float64"), ("googlenet.paper", "bfloat16"), ("inception_v2", "bfloat16")]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_it_computes_what_the_judge_computes(room, name, dtype):
    size = (96, 128) if name == "inception_v2.caffe" else (107, 139)
    plan = planned(name, size, aux=name in GOOGLENETS)
    if room.name == "paddle" and dtype == "bfloat16" and not HAS_BFLOAT16:
        # The predictor fails in some networks; a plain line is all that can be asked for.
        refused = said = "paddle: its predictor fails in bfloat16 on this processor"
        try:
            classify(room, plan, dtype)
        except UsageError as error:
            said = str(error)
        assert said.startswith(refused)
        return
    found, right = classify(room, plan, dtype)
    assert relative(found[0], right) <= TOLERANCES[dtype]
    assert relative(found[1], right[:1]) <= TOLERANCES[dtype]  # and the first stays as it was
    # bfloat16 is no name for float32: it rounds to 8 bits.
    assert dtype != "bfloat16" or relative(found[0], right) > 1e-4


@pytest.mark.parametrize("name", ["googlenet", "googlenet.slim"])
def test_it_gives_features_too(room, name):
    found, right = classify(room, planned(name, (96, 96), classes=0), "float32")
    assert relative(found[0], right) <= TOLERANCES["float32"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_network_itself_stays_as_it_was(room, dtype):
    plan = planned("inception_v2", (64, 64), classes=3)
    net = room.run.load_network(plan, seeded(plan), dtype)
    before = room.run.run(net, noise(plan), [])["logits"], room.weights.get_arrays(net)
    if room.name != "tensorflow":  # a Keras model has no mode of its own
        net.train()
    room.package.fast(net)(room.run.tensor(net, noise(plan)))
    assert room.name == "tensorflow" or net.training
    after = room.run.run(net, noise(plan), [])["logits"], room.weights.get_arrays(net)
    np.testing.assert_array_equal(after[0], before[0])
    assert after[1].keys() == before[1].keys()
    assert all((after[1][name] == before[1][name]).all() for name in before[1])


def test_another_size_is_refused(room):
    plan = planned(size=(64, 64), classes=3)
    classifier = room.run.classifier(room.run.load_network(plan, seeded(plan), "float32"))
    with pytest.raises(ValueError, match="64"):
        classifier(np.ones((1, 3, 64, 65), np.float32))
