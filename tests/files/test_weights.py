"""Tests of the weights file: what it holds, and what it refuses."""

import json
import os
import stat

import numpy as np
import pytest
from conftest import planned, seeded
from safetensors.numpy import save

from common.errors import DataError
from common.files import atomic as writing
from common.files import safetensors_file, weights
from common.files.scratch import owner_mark
from common.spec import Init
from common.spec.initial import draw_weights, initial_arrays

PLAN = planned(classes=4, aux=True)
CUT = 0.8796  # the standard deviation of a standard normal variable truncated to [-2, 2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.safetensors"


def test_what_is_written_is_read_bit_for_bit(path):
    arrays = seeded(PLAN)
    weights.write(path, arrays, PLAN)
    back, about = weights.read(path)
    assert about == {
        "network": "googlenet",
        "classes": 4,
        "aux": True,
        "input": [3, 224, 224],
        "preprocess": "squeeze",
        "format": 1,
    }
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_the_same_weights_give_the_same_bytes(path):
    weights.write(path, seeded(PLAN), PLAN)
    before = path.read_bytes()
    weights.write(path, seeded(PLAN), PLAN)
    assert path.read_bytes() == before


def test_a_transposed_array_is_written_as_it_reads(path):
    arrays = seeded(PLAN)
    arrays["fc.weight"] = np.ascontiguousarray(arrays["fc.weight"].T).T
    weights.write(path, arrays, PLAN)
    np.testing.assert_array_equal(weights.read(path)[0]["fc.weight"], arrays["fc.weight"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fc.bias": None}, r"not those of googlenet: 1 missing, first fc\.bias$"),
        ({"fc.scale": np.ones(4)}, r"not those of googlenet: 1 unknown, first fc\.scale$"),
        ({"fc.bias": np.ones(5)}, r"first fc\.bias is \(5,\) and not \(4,\)$"),
        ({"fc.bias": np.full(4, np.inf)}, r"fc\.bias contains NaN or infinity$"),
        ({"fc.bias": np.full(4, 1e39)}, r"fc\.bias contains NaN or infinity$"),
        (
            {"fc.bias": np.ones(4, np.int8)},
            r"fc\.bias is int8, but weights must be floating-point$",
        ),
    ],
)
def test_what_would_be_refused_is_not_written(path, change, told):
    arrays = {name: each for name, each in (seeded(PLAN) | change).items() if each is not None}
    with pytest.raises(DataError, match=rf"^{path}: .*{told}"):
        weights.write(path, arrays, PLAN)
    assert not path.exists()


def test_heads_do_not_change_the_backbone():
    bare = initial_arrays(planned(classes=4), seed=5)
    headed = initial_arrays(PLAN, seed=5)
    assert bare.keys() < headed.keys()
    for name, array in bare.items():
        np.testing.assert_array_equal(headed[name], array)


# The standard deviations for a 3x3 convolution from 64 to 192 channels and for a linear layer from
# 1024 to 1000, and the bound on the values in standard deviations, if there is one.
SPREADS = {
    Init.FAN_OUT: ((2 / (192 * 9)) ** 0.5, 0.01, None),
    Init.FAN_IN: ((2 / (64 * 9)) ** 0.5, (2 / 1024) ** 0.5, None),
    Init.XAVIER: ((2 / (256 * 9)) ** 0.5, (2 / 2024) ** 0.5, 3**0.5),
    Init.NORMAL: (0.01, 0.01, None),
    Init.TRUNCATED: (0.01 * CUT, 0.01 * CUT, 2 / CUT),
    Init.PADDLE: ((2 / (64 * 9)) ** 0.5, (1 / 1024) ** 0.5, None),
}


@pytest.mark.parametrize("init", Init)
def test_initial_values_have_the_stated_spread(init):
    spreads = SPREADS[init]
    for shape, deviation in zip([(192, 64, 3, 3), (1000, 1024)], spreads, strict=False):
        values = draw_weights(shape, np.random.default_rng(0), init)
        assert values.mean() == pytest.approx(0, abs=0.01 * deviation)
        assert values.std() == pytest.approx(deviation, rel=0.01)
        farthest = np.abs(values).max() / deviation
        if spreads[2]:
            assert farthest == pytest.approx(spreads[2], rel=0.01)
        elif (init, len(shape)) != (Init.PADDLE, 2):
            assert farthest > 4


def test_only_weights_start_at_random_unless_asked_for():
    arrays = initial_arrays(planned(), seed=0)
    assert arrays["fc.weight"].std() > 0
    assert not arrays["fc.bias"].any()
    assert initial_arrays(planned(), seed=0, random_stats=True)["fc.bias"].std() > 0.05
    other = initial_arrays(planned(), seed=1)
    assert not np.array_equal(other["fc.weight"], arrays["fc.weight"])


def test_nothing_half_written_is_left(path, tmp_path, monkeypatch):
    path.write_bytes(b"what was there")
    monkeypatch.setattr(
        safetensors_file, "save", lambda *_: (_ for _ in ()).throw(OSError(28, "No space"))
    )
    with pytest.raises(DataError, match=r"w\.safetensors: cannot be written \(No space"):
        weights.write(path, seeded(PLAN), PLAN)
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]
    assert path.read_bytes() == b"what was there"


def test_a_link_is_followed_and_one_to_itself_replaced(path, tmp_path):
    for name, target in {"link": path, "loop": tmp_path / "loop"}.items():
        (tmp_path / name).symlink_to(target)
        weights.write(tmp_path / name, seeded(PLAN), PLAN)
    assert path.is_file()
    assert (tmp_path / "link").is_symlink()
    assert not (tmp_path / "loop").is_symlink()


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_file_has_the_mode_that_is_asked_for(path, mask):
    """The mode comes from the umask, or from the file that is replaced."""
    before = os.umask(mask)
    try:
        weights.write(path, seeded(PLAN), PLAN)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
        path.chmod(0o640)
        weights.write(path, seeded(PLAN), PLAN)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(before)


@pytest.mark.parametrize("letter", ["a", "é"])
def test_names_may_be_as_long_as_the_file_system_takes(tmp_path, letter):
    path = tmp_path / (letter * (255 // len(letter.encode())))
    with writing.atomic_file(path) as temporary:
        temporary.write_text("x")
    dead = tmp_path / (writing.hidden_name(path) + owner_mark(2**22 + 1) + "part")
    dead.write_text("left by a process that was killed")
    with writing.atomic_file(path) as temporary:
        temporary.write_text("y")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["y"]
    longer = writing.atomic_file(path.with_name(path.name + letter))
    with pytest.raises(DataError, match=r"cannot be written \(File name too long\)"), longer:
        pass


def test_an_interrupt_leaves_the_old_file(path, tmp_path, monkeypatch):
    path.write_bytes(b"what was there")
    monkeypatch.setattr(writing.os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        weights.write(path, seeded(PLAN), PLAN)
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]
    assert path.read_bytes() == b"what was there"


def sound():
    """A valid file as bytes."""
    return save(seeded(PLAN), {"googlenet": "{}"})


def with_header(change):
    """The valid file with `change` applied to the text of its header."""
    content = sound()
    length = int.from_bytes(content[:8], "little")
    header = change(content[8 : 8 + length].decode()).encode()
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def doubled(header):
    """The same header with `fc.bias` named twice."""
    entry = json.dumps(json.loads(header)["fc.bias"])
    return header.rstrip()[:-1] + f',"fc.bias":{entry}}}'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: b"", "not a safetensors file"),
        (lambda: b"PK\x03\x04 a zip file, say, or a pickle", "not a safetensors file"),
        (lambda: sound()[:-1], "not a valid safetensors file"),
        (lambda: sound()[:1000], "not a safetensors file"),
        (lambda: with_header(doubled), "the name 'fc.bias' appears twice"),
        (lambda: with_header(lambda h: h.replace('"{}"', r'"{\"format\": 9}"')), "unsupported"),
        (lambda: with_header(lambda h: h.replace('"{}"', '"[]"')), "unsupported format version"),
        (lambda: with_header(lambda _: "[" * 100_000), "not a safetensors file"),
        (lambda: save({"a": np.ones(2)}), "a is float64, but weights are float32"),
        (lambda: save({"a": np.float32([1, np.nan])}), "a contains NaN"),
        (lambda: save({"a.bn.running_var": np.float32([-1])}), "contains a negative variance"),
    ],
    ids=["empty", "zip", "short", "cut in the header", "name twice", "format 9", "a list",
         "nested", "float64", "NaN", "negative variance"],
)  # fmt: skip
def test_unsound_files_are_refused(path, content, told):
    path.write_bytes(content())
    with pytest.raises(DataError, match=told):
        weights.read(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(DataError, match=r"w\.safetensors: cannot be read \(No such file"):
        weights.read(path)


def test_what_does_not_fit_is_named():
    arrays = seeded(PLAN)
    arrays["extra.weight"] = arrays.pop("conv1.conv.bias")
    arrays["fc.bias"] = arrays["fc.bias"][:3]
    with pytest.raises(DataError) as told:
        weights.fit_arrays("w", arrays, {}, PLAN)
    assert str(told.value) == (
        "w: these weights do not match googlenet: 1 missing, first conv1.conv.bias; "
        "1 unknown, first extra.weight; 1 with a wrong shape, first fc.bias is (3,) and not (4,)"
    )


def test_a_file_of_another_network_is_refused():
    with pytest.raises(DataError, match="weights of alexnet, not of googlenet"):
        weights.fit_arrays("w", seeded(PLAN), {"network": "alexnet"}, PLAN)


def test_heads_are_left_out_where_they_are_not_wanted():
    bare = planned(classes=4)
    assert list(weights.fit_arrays("w", seeded(PLAN), {}, bare)) == list(bare.parameter_shapes())
