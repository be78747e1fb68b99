"""A weights file holds the whole network as it was built, or it is not written."""

import numpy as np
import pytest
from conftest import seeded

from common.errors import DataError, UsageError
from common.files import weights


def small(impl, **options):
    """A network that is fast to build."""
    return impl.package.googlenet(**{"input": (3, 33, 33), "classes": 5} | options)


def wrapped(impl, net):
    """The network wrapped in every way that users wrap it and that can be undone."""
    match impl.name:
        case "pytorch":
            import torch

            compiled = torch.compile(net, backend="eager")
            return [compiled, torch.nn.DataParallel(net), torch.nn.DataParallel(compiled)]
        case "tensorflow":
            import keras
            import tensorflow

            scaled = keras.Sequential([keras.layers.Rescaling(2.0), net])
            return [tensorflow.function(net), keras.Sequential([net]), scaled]
    import paddle

    return [paddle.DataParallel(net), paddle.jit.to_static(net)]


@pytest.mark.filterwarnings("ignore")
def test_a_wrapped_network_is_saved_and_loaded_whole(impl, tmp_path):
    net, file = small(impl), tmp_path / "w.safetensors"
    arrays = seeded(net.plan)
    for number, outer in enumerate(wrapped(impl, net)):
        filled = {name: array + number for name, array in arrays.items()}
        weights.write(file, filled, net.plan)
        impl.package.load_weights(outer, file)
        impl.package.save_weights(outer, file)
        back, _ = weights.read(file)
        assert back.keys() == arrays.keys()
        assert all((back[name] == array).all() for name, array in filled.items())


def changed(impl, net):
    """Yields the network after each change that users make, and the array that the error names.

    The changed network no longer has the arrays that it was built with.
    """
    match impl.name:
        case "pytorch":
            from torch import nn
            from torch.nn.utils import parametrizations, prune

            prune.l1_unstructured(net.conv1.conv, "weight", 0.5)
            yield net, "conv1.conv.weight"
            prune.remove(net.conv1.conv, "weight")
            parametrizations.weight_norm(net.conv2.conv)
            yield net, "conv2.conv.weight"
            nn.utils.parametrize.remove_parametrizations(net.conv2.conv, "weight")
            net.fc = nn.Linear(1024, 3)
            yield net, r"fc\.weight of \(5, 1024\), not \(3, 1024\)"
        case "tensorflow":
            net.get_layer("fc").enable_lora(2)
            yield net, "fc/2"
            net = small(impl)
            net.quantize("int8")
            yield net, "fc/2"
        case "paddle":
            from paddle import nn

            nn.utils.weight_norm(net.conv1.conv)
            yield net, "conv1.conv.weight"
            net = small(impl)
            net.fc = nn.Linear(1024, 3)
            yield net, r"fc\.weight of \(5, 1024\), not \(3, 1024\)"


@pytest.mark.filterwarnings("ignore")
def test_a_changed_network_is_neither_saved_nor_loaded(impl, tmp_path):
    net, kept, file = small(impl), tmp_path / "kept.safetensors", tmp_path / "w.safetensors"
    weights.write(kept, seeded(net.plan), net.plan)
    for other, told in changed(impl, net):
        with pytest.raises(UsageError, match=rf"^googlenet .*{told}.*; save and load it as it was"):
            impl.package.save_weights(other, file)
        with pytest.raises(UsageError, match=told):
            impl.package.load_weights(other, kept)
        assert not file.exists()


def test_nan_is_not_saved(impl, tmp_path):
    net, file = small(impl), tmp_path / "w.safetensors"
    arrays = seeded(net.plan)
    arrays["fc.bias"][3] = np.nan
    impl.weights.set_arrays(net, arrays)
    with pytest.raises(DataError, match=r"w\.safetensors: fc\.bias contains NaN or infinity$"):
        impl.package.save_weights(net, file)
    assert not file.exists()


def test_half_precision_comes_back_as_float32(impl, tmp_path):
    made, file = small(impl), tmp_path / "w.safetensors"
    arrays = seeded(made.plan)
    weights.write(file, arrays, made.plan)
    if impl.name == "tensorflow":
        import keras

        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("bfloat16")
        net = small(impl)
        keras.config.set_dtype_policy(policy)
    else:
        net = made.bfloat16() if impl.name == "pytorch" else made.to(dtype="bfloat16") or made
    impl.package.load_weights(net, file)
    impl.package.save_weights(net, file)
    for name, array in weights.read(file)[0].items():
        np.testing.assert_allclose(array, arrays[name], rtol=1 / 128)


def test_a_foreign_network_is_refused(impl, tmp_path):
    match impl.name:
        case "pytorch":
            from torch.nn import Linear

            foreign = Linear(2, 2)
        case "tensorflow":
            import keras

            foreign = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        case "paddle":
            from paddle.nn import Linear

            foreign = Linear(2, 2)
    for use in (impl.package.save_weights, impl.package.load_weights):
        with pytest.raises(UsageError, match=r"is not a network of|has no plan"):
            use(foreign, tmp_path / "w.safetensors")
