"""Inference with every optimisation enabled still computes the network."""

from pathlib import Path

import numpy as np
import pytest
from conftest import noise, planned, seeded

from common.errors import UsageError
from common.networks import GOOGLENETS
from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.tools.analysis.compare import TOLERANCES

CPU_INFO = Path("/proc/cpuinfo")
HAS_BFLOAT16 = CPU_INFO.is_file() and "bf16" in CPU_INFO.read_text(errors="replace")


def classify(impl, plan, dtype):
    """The fast network's results for two batches in turns, the larger first, and the reference's.

    Each comes twice: PyTorch compiles the network for the second batch of a shape.
    """
    arrays = seeded(plan)
    x, fast = (
        noise(plan),
        impl.runner.inference_function(impl.runner.load_network(plan, arrays, dtype)),
    )
    right = reference.forward_pass(reference.load_network(plan, arrays, dtype), x, [])
    return [fast(x), fast(x[:1]), fast(x), fast(x[:1])], right[plan.spec.output]


# Together they cover every layer type, biases next to batch norm, and batch norm of vectors.
NAMES = "googlenet", "googlenet.paper", "inception_v2.caffe", "inception_v3.input", "xception"
CASES = [(name, "float32") for name in (*NAMES, "inception_resnet_v1.facenet")]
CASES += [("googlenet", "float64"), ("googlenet.paper", "bfloat16"), ("inception_v2", "bfloat16")]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_it_computes_what_the_reference_computes(impl, name, dtype):
    size = (96, 128) if name == "inception_v2.caffe" else (107, 139)
    plan = planned(name, size, aux=name in GOOGLENETS)
    if impl.name == "paddle" and dtype == "bfloat16" and not HAS_BFLOAT16:
        # The predictor fails for some networks; a one-line error is all that can be expected.
        refused = said = "paddle: its predictor fails in bfloat16 on this processor"
        try:
            classify(impl, plan, dtype)
        except UsageError as error:
            said = str(error)
        assert said.startswith(refused)
        return
    found, right = classify(impl, plan, dtype)
    # A batch must not overwrite the result of an earlier one.
    for logits in found:
        assert relative_difference(logits, right[: len(logits)]) <= TOLERANCES[dtype]
    # bfloat16 must not be float32 under another name: it rounds to 8 bits.
    for logits in found if dtype == "bfloat16" else []:
        assert relative_difference(logits, right[: len(logits)]) > 1e-4


@pytest.mark.parametrize("name", ["googlenet", "googlenet.slim"])
def test_it_gives_features_too(impl, name):
    found, right = classify(impl, planned(name, (96, 96), classes=0), "float32")
    for logits in found:
        assert relative_difference(logits, right[: len(logits)]) <= TOLERANCES["float32"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_network_itself_stays_as_it_was(impl, dtype):
    plan = planned("inception_v2", (64, 64), classes=3)
    net = impl.runner.load_network(plan, seeded(plan), dtype)
    before = impl.runner.forward_pass(net, noise(plan), [])["logits"], impl.weights.get_arrays(net)
    if impl.name != "tensorflow":  # a Keras model has no mode of its own
        net.train()
    impl.package.fast(net)(impl.runner.tensor(net, noise(plan)))
    assert impl.name == "tensorflow" or net.training
    after = impl.runner.forward_pass(net, noise(plan), [])["logits"], impl.weights.get_arrays(net)
    np.testing.assert_array_equal(after[0], before[0])
    assert after[1].keys() == before[1].keys()
    assert all((after[1][name] == before[1][name]).all() for name in before[1])


def test_another_size_is_refused(impl):
    plan = planned(size=(64, 64), classes=3)
    classifier = impl.runner.inference_function(
        impl.runner.load_network(plan, seeded(plan), "float32")
    )
    with pytest.raises(ValueError, match="64"):
        classifier(np.ones((1, 3, 64, 65), np.float32))
