"""Weights for a related network: other classes, backbone only, a different variant, averages."""

import numpy as np
import pytest
from checkpoints import check_holds
from conftest import planned, seeded

from common.errors import DataError
from common.files import weights
from common.tools.zoo.convert import convert
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.recognise import formats_for
from common.tools.zoo.write_file import write_file

PLAN = planned("googlenet", (96, 96), classes=7)
ARRAYS = seeded(PLAN)
BACKBONE = {name: array for name, array in ARRAYS.items() if not name.startswith("fc.")}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.safetensors"


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_heads_left_at_other_classes_are_left_out(tmp_path, out, name):
    size = (96, 96) if name == "googlenet" else (299, 299)
    headed = seeded(planned(name, size, aux=True, classes=20))
    bare = seeded(planned(name, size, classes=7))
    headed |= {key: array for key, array in bare.items() if key.startswith("fc.")}
    write_file(tmp_path / "a.safetensors", headed)
    line, _ = convert(tmp_path / "a.safetensors", out, name)
    assert "heads ignored: they have 20 classes, the classifier 7" in line
    check_holds(out, {key: headed[key] for key in bare})


@pytest.mark.parametrize("wanted", [0, 10])
def test_another_class_count_says_both_numbers(tmp_path, wanted):
    weights.write(tmp_path / "w.safetensors", ARRAYS, PLAN)
    plan = planned("googlenet", (96, 96), classes=wanted)
    with pytest.raises(DataError, match="the backbone matches: `googlenet init --from`"):
        weights.load(tmp_path / "w.safetensors", plan)
    assert (
        weights.load(tmp_path / "w.safetensors", plan, backbone_only=True).keys() == BACKBONE.keys()
    )


@pytest.mark.parametrize("aux", [False, True])
def test_the_background_is_dropped_from_every_classifier(tmp_path, out, aux):
    plan = planned("googlenet", (96, 96), aux=aux, classes=1001)
    arrays = seeded(plan)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    line, _ = convert(tmp_path / "w.safetensors", out, "googlenet", without_background=True)
    assert "1000 classes" in line
    ends = ("fc.", "aux1.fc2.", "aux2.fc2.")
    check_holds(out, {k: a[1:] if k.startswith(ends) else a for k, a in arrays.items()})
    with pytest.raises(DataError, match="for 1000 classes has no background class"):
        convert(out, tmp_path / "x.pth", "googlenet", without_background=True)


@pytest.mark.parametrize(
    ("name", "format", "goal"),
    [("inception_v3.keras", "torchvision", "inception_v3"), ("xception", "timm", "xception.timm")],
)
def test_another_variant_where_the_arrays_allow_it(tmp_path, out, name, format, goal):
    plan = planned(name, (107, 107), classes=7)
    arrays = seeded(plan)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    there = tmp_path / "there.safetensors"
    line, warning = convert(tmp_path / "w.safetensors", there, name, asked_to=format)
    assert f"to {format} as {goal}" in line
    assert warning.startswith(f"{goal} differs from {name}: ")
    assert ("average pool: counts border" if "v3" in name else "max pool: padding SAME") in warning
    convert(there, out, goal, ReadOptions(format=format))
    wanted = planned(goal, (107, 107), classes=7).array_shapes()
    check_holds(out, {k: arrays.get(k, np.ones(shape)) for k, shape in wanted.items()})


def test_a_learned_scale_has_no_place_in_a_variant_without(tmp_path):
    plan = planned("inception_v3", (107, 107), classes=7)
    weights.write(tmp_path / "w.safetensors", seeded(plan), plan)
    with pytest.raises(DataError, match=r"inception_v3\.keras has no array for inception_v3's Con"):
        convert(tmp_path / "w.safetensors", tmp_path / "x.weights.h5", "inception_v3",
                asked_to="keras")  # fmt: skip


@pytest.mark.parametrize("averages", [False, True])
def test_moving_averages_are_taken_only_when_asked_for(tmp_path, out, averages):
    plan = planned("googlenet.slim", (96, 96), classes=7)
    arrays = seeded(plan)
    [format] = formats_for("googlenet.slim", "slim")
    theirs = format.to_layout(plan, arrays)
    theirs |= {f"{k}/ExponentialMovingAverage": 1.5 * v for k, v in theirs.items()}
    write_file(tmp_path / "a.safetensors", theirs)
    line, _ = convert(
        tmp_path / "a.safetensors", out, "googlenet.slim", ReadOptions(averages=averages)
    )
    assert ("230 moving averages used" if averages else "230 moving averages ignored") in line
    check_holds(out, {key: array * (1.5 if averages else 1) for key, array in arrays.items()})
    if averages:
        with pytest.raises(DataError, match="contains no moving averages"):
            convert(out, tmp_path / "x.pth", "googlenet.slim", ReadOptions(averages=True))


@pytest.mark.parametrize("name", ["inception_v4", "xception.timm"])
def test_matrices_pass_for_kernels_of_one_by_one(tmp_path, out, name):
    plan = planned(name, (107, 107), classes=7)
    arrays = seeded(plan)
    [format] = formats_for(name, "timm")
    theirs = {
        key: array[:, :, 0, 0] if array.shape[2:] == (1, 1) else array
        for key, array in format.to_layout(plan, arrays).items()
    }
    write_file(tmp_path / "a.safetensors", theirs)
    convert(tmp_path / "a.safetensors", out, name)
    check_holds(out, arrays)
