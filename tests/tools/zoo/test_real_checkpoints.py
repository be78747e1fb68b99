"""Real-world checkpoints are read correctly bit for bit, or refused with one accurate line.

`checkpoint_makers.py` writes most of them with the frameworks themselves, from one small GoogLeNet.
"""

import numpy as np
import pytest
from checkpoints import check_holds, write_pickle
from conftest import planned, require, seeded

from common.arrays import widen_bfloat16
from common.errors import DataError
from common.files import weights
from common.tools.zoo.convert import convert
from common.tools.zoo.formats import FORMATS
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.write_file import write_file

PLAN = planned("googlenet", (96, 96), classes=7)
ARRAYS = seeded(PLAN)
pytestmark = pytest.mark.xdist_group("real_checkpoints")


@pytest.fixture(scope="module")
def made(tmp_path_factory, warm_workers):
    """A function that returns the folder of one framework's files, written on its first call."""
    folders = {}

    def folder(framework):
        if framework not in folders:
            require(framework)
            folders[framework] = tmp_path_factory.mktemp(framework)
            np.savez(folders[framework] / "arrays.npz", **ARRAYS)
            warm_workers.apply(framework, "checkpoint_makers:main", framework, folders[framework])
        return folders[framework]

    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.safetensors"


BACKBONE = {name: array for name, array in ARRAYS.items() if not name.startswith("fc.")}
PLAIN = {
    "module": "names without 'module.'",
    "compiled": "opened at 'model', names without '_orig_mod.', names without 'module.'",
    "state_dict": "opened at 'state_dict'",
    "net": "opened at 'net'",
    "lightning": "opened at 'state_dict', names without 'model.'",
    "scalar": "opened at 'state_dict'",
    "flat_scalar": "7 classes",
    "namespace": "opened at 'state_dict'",
    "path": "opened at 'state_dict'",
    "parameters": "7 classes",
    "whole": "7 classes",
    "parallel": "opened at 'model', names without 'module.'",
    "old": "opened at 'state_dict'",
}


@pytest.mark.parametrize("name", PLAIN)
def test_wrapped_weights_are_found_and_what_was_done_is_said(made, out, name):
    line, _ = convert(made("pytorch") / f"{name}.pth", out, "googlenet")
    assert PLAIN[name] in line
    check_holds(out, ARRAYS)


@pytest.mark.parametrize("name", ["views", "transposed"])
def test_tensors_in_other_layouts_of_memory(made, out, name):
    convert(made("pytorch") / f"{name}.pth", out, "googlenet")
    check_holds(out, ARRAYS)


BFLOAT = {name: widen_bfloat16((a.view(np.uint32) >> 16).astype(np.uint16)) for name, a in
          ARRAYS.items()}  # fmt: skip


def nearly(found, exact):
    """Whether `found` is `exact` rounded to bfloat16, of which 8 bits remain."""
    return (
        np.abs(found - exact).max() <= np.abs(exact).max() / 128
        and not (found.view(np.uint32) & 0xFFFF).any()
    )


@pytest.mark.parametrize(
    ("framework", "name"),
    [("pytorch", "bfloat.pth"), ("pytorch", "old_b.pth"), ("paddle", "paddle_bfloat.pdparams")],
)
def test_narrow_bfloat16_is_widened(made, out, framework, name):
    line, _ = convert(made(framework) / name, out, "googlenet")
    assert "bfloat16 widened to float32" in line
    assert all(nearly(array, ARRAYS[name]) for name, array in weights.read(out)[0].items())


def test_narrow_float16_and_wide_float64(made, out):
    line, _ = convert(made("pytorch") / "half.pth", out, "googlenet")
    assert "float16 widened to float32" in line
    check_holds(out, {name: array.astype(np.float16) for name, array in ARRAYS.items()})
    line, _ = convert(made("pytorch") / "double.pth", out, "googlenet")
    assert "float64 rounded to float32" in line
    check_holds(out, {name: array.astype(np.float64) / 3 for name, array in ARRAYS.items()})


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_narrow_and_wide_numbers_in_other_files(tmp_path, out, kind):
    cast = {name: array.astype(kind) for name, array in ARRAYS.items()}
    write_file(tmp_path / "a.safetensors", cast)
    format = next(format for format in FORMATS if format.name == "paddle")
    write_pickle(tmp_path / "b.pdparams", format.to_layout(PLAN, cast))
    for source in ("a.safetensors", "b.pdparams"):
        convert(tmp_path / source, out, "googlenet")
        check_holds(out, cast)
    if kind is np.float16:
        assert weights.load(tmp_path / "a.safetensors", PLAN)["fc.bias"].dtype == np.float32
    else:
        with pytest.raises(DataError, match="or use `googlenet convert`"):
            weights.load(tmp_path / "a.safetensors", PLAN)


@pytest.mark.parametrize(
    ("framework", "name", "keys"),
    [
        ("pytorch", "ema.pth", ("model", "model_ema")),
        ("paddle", "both.pdparams", ("model", "ema")),
    ],
)
def test_of_two_that_would_all_do_one_is_chosen(made, out, framework, name, keys):
    source = made(framework) / name
    with pytest.raises(DataError, match=f"'{keys[0]}', '{keys[1]}' match; choose one with"):
        convert(source, out, "googlenet")
    convert(source, out, "googlenet", ReadOptions(key=keys[1]))
    check_holds(out, {name: 2 * array for name, array in ARRAYS.items()})
    with pytest.raises(DataError, match=f"no arrays under key 'x'; keys .*: {', '.join(keys)}"):
        convert(source, out, "googlenet", ReadOptions(key="x"))


def beside(**more):
    """The arrays under `model.`, and others beside them."""
    return {f"model.{name}": array for name, array in ARRAYS.items()} | more


def test_a_network_beside_other_arrays_is_found(tmp_path, out):
    write_file(tmp_path / "a.safetensors", beside(**{"criterion.weight": np.ones(7, np.float32)}))
    line, _ = convert(tmp_path / "a.safetensors", out, "googlenet")
    assert "names without 'model.', left out: criterion.weight" in line
    check_holds(out, ARRAYS)


def test_one_of_two_networks_in_a_group_is_chosen(tmp_path, out):
    twice = {f"ema.model.{name}": 2 * array for name, array in ARRAYS.items()}
    write_file(tmp_path / "a.safetensors", beside(**twice))
    with pytest.raises(DataError, match=r"'ema\.model', 'model' match; choose one with --key"):
        convert(tmp_path / "a.safetensors", out, "googlenet")
    for key, factor in (("model", 1), ("ema.model", 2)):
        convert(tmp_path / "a.safetensors", out, "googlenet", ReadOptions(key=key))
        check_holds(out, {name: factor * array for name, array in ARRAYS.items()})


def test_a_backbone_beside_a_different_classifier_is_not_taken_for_the_whole(tmp_path, out):
    under = {f"model.{name}": array for name, array in BACKBONE.items()}
    write_file(tmp_path / "a.safetensors", under | {"mine.weight": np.ones((7, 1024), np.float32)})
    with pytest.raises(DataError, match="does not fit googlenet"):
        convert(tmp_path / "a.safetensors", out, "googlenet")
    convert(tmp_path / "a.safetensors", out, "googlenet", ReadOptions(backbone_only=True))
    check_holds(out, BACKBONE)


def test_counters_are_left_out(tmp_path, out):
    counters = {"total_ops": np.zeros(1), "conv1.conv.total_params": np.zeros(1)}
    write_file(tmp_path / "a.safetensors", ARRAYS | counters)
    line, _ = convert(tmp_path / "a.safetensors", out, "googlenet")
    assert "2 counters (total_ops, total_params) left out" in line
    check_holds(out, ARRAYS)
    averaged = {f"module.{name}": array for name, array in ARRAYS.items()}
    write_file(tmp_path / "b.safetensors", averaged | {"n_averaged": np.array(5)})
    line, _ = convert(tmp_path / "b.safetensors", out, "googlenet")
    assert "1 counters (n_averaged) left out" in line
    check_holds(out, ARRAYS)


def test_prefixes_dunder_or_colliding_are_not_stripped(made, tmp_path, out):
    with pytest.raises(DataError, match=r"does not fit googlenet .* 116 "):
        convert(made("pytorch") / "colliding.pth", out, "googlenet")
    with pytest.raises(DataError, match="holds nothing and no arrays by name"):
        convert(made("pytorch") / "dunder.pth", out, "googlenet")
    dunder = {f"__class__.{name}": array for name, array in ARRAYS.items()}
    write_file(tmp_path / "a.safetensors", dunder)
    with pytest.raises(DataError, match=r"does not fit googlenet .* 116 unknown"):
        convert(tmp_path / "a.safetensors", out, "googlenet")


def test_what_is_no_array_is_named(made, out):
    with pytest.raises(DataError, match=r"holds argparse\.Namespace and no arrays by name; "):
        convert(made("pytorch") / "only_namespace.pth", out, "googlenet")
    with pytest.raises(DataError, match=r"first fc\.bias.*_rebuild_sparse_tensor"):
        convert(made("pytorch") / "sparse.pth", out, "googlenet")


@pytest.mark.parametrize("name", ["training", "prefixed"])
def test_paddles_training_files(made, out, name):
    line, _ = convert(made("paddle") / f"{name}.pdparams", out, "googlenet")
    assert ("opened at 'model'" if name == "training" else "names without '_layers.'") in line
    check_holds(out, ARRAYS)


@pytest.mark.parametrize("name", ["sgd.weights.h5", "adam.weights.h5", "sgd.keras", "adam.keras"])
def test_keras_files_after_fit(made, out, name):
    convert(made("tensorflow") / name, out, "googlenet")
    check_holds(out, ARRAYS)


@pytest.mark.parametrize("name", ["nested.h5", "nested.weights.h5"])
def test_keras_networks_nested_under_a_classifier_of_another_name(made, out, name):
    line, _ = convert(made("tensorflow") / name, out, "googlenet")
    assert "its classifier is called 'dense" in line
    check_holds(out, ARRAYS)


def test_further_dense_layers_are_said_and_the_backbone_is_offered(made, out):
    source = made("tensorflow") / "more.weights.h5"
    with pytest.raises(DataError, match=r"unknown, first dense.*--classes 0 takes its backbone"):
        convert(source, out, "googlenet")
    line, _ = convert(source, out, "googlenet", ReadOptions(backbone_only=True))
    assert "4 further arrays left out" in line
    check_holds(out, BACKBONE)


def test_torchscript_is_called_by_its_name(made, out):
    with pytest.raises(
        DataError, match=r"a TorchScript archive; torch\.jit\.load it, and save its"
    ):
        convert(made("pytorch") / "script.pt", out, "googlenet")
