"""Names that a framework no longer has, and what a file does beside making its network."""

from types import SimpleNamespace

import pytest
from cli import call
from test_check import SMALL, check
from test_check_people import SOURCE
from test_check_repositories import BLOCKS

from common.tools.check.find_network import SHOWN, no_network
from common.tools.check.user_file import UserFile

BACKEND = """
from keras import Input, Model, layers
from keras import backend as K
from keras.layers import concatenate

def small(input_shape):
    K.set_learning_phase(1)
    image = Input(input_shape)
    x = layers.Conv2D(K.int_shape(image)[-1], 1)(image)
    x = K.concatenate([x, K.relu(x)], axis=-1)
    return Model(image, layers.Dense(5)(K.mean(x, axis=[1, 2])))
"""


def test_functions_of_keras_backend_take_the_tensors_of_models(tmp_path):
    (tmp_path / "mine.py").write_text(BACKEND)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "2 layers with weights" in error
    names = error.partition("mapped to the current ones: ")[2].partition(";")[0].split(", ")
    assert {"int_shape", "concatenate", "relu", "mean"} <= {*names}


def test_a_name_imported_from_another_module_is_no_old_one(tmp_path):
    text = BACKEND.replace("K.concatenate", "concatenate").replace("K.set_learning_phase(1)", "")
    (tmp_path / "mine.py").write_text(text)
    error = call("check", tmp_path / "mine.py")[2]
    assert "2 layers with weights" in error
    assert "concatenate" not in error


def test_a_missing_name_of_a_module_for_training_is_replaced(tmp_path):
    (tmp_path / "mine.py").write_text("from torch.utils.data import Old\n" + SOURCE)
    found = check(tmp_path / "mine.py", *SMALL)
    assert found["verdict"] == "equal"
    [note] = [each for each in found["notes"] if "stand-ins" in each]
    assert note == "not installed, replaced by empty stand-ins: torch.utils.data.Old"


def test_a_missing_layer_is_an_error(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from torch.nn import Conv9d\nfrom torch import nn\nnet = nn.Sequential(Conv9d(3, 4))\n"
    )
    assert "cannot import name 'Conv9d'" in call("check", tmp_path / "mine.py")[2]


LOADS = """

class File:
    def __init__(self):
        raise FileNotFoundError("weights.h5")

def create(num_classes):
    net = Net(3, num_classes)
    File()
    return net
"""


def test_a_network_counts_although_its_weights_cannot_be_loaded(tmp_path):
    text = SOURCE.replace("in_channels, num_classes):", "channels_in, num_classes):")
    text = text.replace("unit(in_channels", "unit(channels_in")
    (tmp_path / "mine.py").write_text(text.replace("channels_in", "of_what") + LOADS)
    assert check(tmp_path / "mine.py", *SMALL)["same"] == ["googlenet"]


def test_a_function_counts_also_if_its_parts_use_further_blocks(tmp_path):
    unit = "class Unit(nn.Sequential):\n    def __init__(self):\n"
    unit += "        super().__init__(nn.Conv2d(64, 64, 1))\n\n"
    text = BLOCKS.replace("class Start", unit + "class Start").replace(
        "self.body = nn.Conv2d(160, 64, 1)",
        "self.body = nn.Sequential(nn.Conv2d(160, 64, 1), Unit())",
    )
    text += "\ndef whole(in_channels):\n"
    text += "    return nn.Sequential(nn.Conv2d(in_channels, 160, 1), Start(), End())\n"
    (tmp_path / "mine.py").write_text(text)
    assert "4 layers with weights" in call("check", tmp_path / "mine.py")[2]


@pytest.mark.parametrize(("count", "more"), [(SHOWN, ""), (SHOWN + 2, ", or one of 2 others")])
def test_few_calls_are_listed(count, more):
    failed = {f"Net{n}": f"Net{n}(width=...)" for n in range(count)}
    maker = SimpleNamespace(
        job=SimpleNamespace(source="mine.py"), failed=failed, file=UserFile(None)
    )
    text = str(no_network(maker, None))
    assert text.count("--call") == SHOWN
    assert text.endswith(f"'{more}")


BARE = SOURCE.partition("ROWS = ")[2].replace("cat([", "torch.cat([").replace("nn.Linear", "Linear")
# An argument of that name would define it, for a file is not read by scopes.
BARE = BARE.replace("in_channels", "of_what").replace("num_classes", "labels_")


def test_usual_names_need_no_import(tmp_path):
    text = f"ROWS = {BARE}\n\ndef make(size=num_classes):\n    return Net(3, size)\n"
    (tmp_path / "mine.py").write_text(text)
    found = check(tmp_path / "mine.py", *SMALL, "-f", "pytorch")
    assert found["same"] == ["googlenet"]
    assert "not imported, taken from PyTorch: nn, torch, Linear" in found["notes"]
    assert "not defined, set to 1000: num_classes" in found["notes"]


def test_other_names_are_not_guessed(tmp_path):
    text = f"ROWS = {BARE}\n\ndef make(size=pool_size):\n    return Net(3, size)\n"
    (tmp_path / "mine.py").write_text(text)
    error = call("check", tmp_path / "mine.py", *SMALL, "-f", "pytorch")[2]
    assert "name 'pool_size' is not defined" in error
