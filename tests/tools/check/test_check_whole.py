"""The whole network of a file is read, and not one of its parts, or the error says why not."""

import json

import pytest
from cli import call


def error_of(tmp_path, source):
    """The error of a check of a file with this source."""
    file = tmp_path / "mine.py"
    file.write_text(source)
    code, _, error = call("check", file)
    assert code == 4
    return error


PARTS = """
from keras import Input, Model, layers


def block(x):
    for _ in range(4):
        x = layers.Conv2D(8, 3, padding="same")(x)
    return x


def network(input_shape, classes):
    image = Input(input_shape)
    y = layers.MaxPooling2D({pool})(block(image))
    return Model(image, layers.Dense(classes)(layers.Flatten()(y)))
"""


def test_a_function_of_the_input_is_tried_with_each_size(tmp_path):
    source = PARTS.format(pool=250).replace("(input_shape, classes)", "(inputs, classes)")
    source = source.replace("Input(input_shape)", "inputs")
    assert "compared: 5 layers with weights (5 x conv)" in error_of(tmp_path, source)


@pytest.mark.parametrize(
    ("pool", "text"),
    [
        (250, "compared: 5 layers with weights (5 x conv)"),  # made at 299 x 299
        (900, "line 13: ValueError: Exception encountered when calling MaxPooling2D"),
    ],
)
def test_a_part_is_not_read_instead_of_a_network_that_fails(tmp_path, pool, text):
    assert text in error_of(tmp_path, PARTS.format(pool=pool))


BUILDER = """
from keras import Input, Model, layers


class Nets:
    def __init__(self, num_cls):
        self.classes = num_cls

    def {name}(self):
        image = Input((8, 8, 3))
        return Model(image, layers.Dense(self.classes)(layers.Conv2D(4, 3)(image)))
"""


@pytest.mark.parametrize("name", ["__call__", "__GoogLeNet"])
def test_a_method_builds_a_network_whatever_its_underscores(tmp_path, name):
    assert "compared: 2 layers with weights" in error_of(tmp_path, BUILDER.format(name=name))


STATIC = """
from torch import nn


class Nets:
    def build():
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d((1, 1)), nn.Conv2d(4, 7, 1))
"""


def test_a_function_without_parameters_is_called_on_its_class(tmp_path):
    assert "compared: 2 layers with weights" in error_of(tmp_path, STATIC)


MISSING = """
from torch import nn
from no_such_layers import Rearrange


class Part(nn.Sequential):
    def __init__(self, in_channels):
        super().__init__(*[nn.Conv2d(in_channels, 3, 1) for _ in range(4)])


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = nn.Sequential(Part(3), Rearrange(), nn.Linear(3, num_classes))
"""


def test_a_part_is_not_read_instead_of_a_class_that_needs_a_missing_module(tmp_path):
    error = error_of(tmp_path, MISSING)
    assert "module no_such_layers is required by the network; install it, or copy it" in error


TWO_PARTS = """
from torch import nn


class Part(nn.Sequential):
    def __init__(self, channels):
        super().__init__(*[nn.Conv2d(channels, channels, 1) for _ in range(4)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.Sequential(Part(3), Part(3), nn.MAxPool2d(2))
"""


def test_a_part_is_not_read_instead_of_a_class_that_fails(tmp_path):
    error = error_of(tmp_path, TWO_PARTS)
    assert "line 13: AttributeError: module 'torch.nn' has no attribute 'MAxPool2d'" in error
    assert "did you mean 'MaxPool2d'?" in error


def test_a_network_is_read_although_a_class_that_uses_it_fails(tmp_path):
    error = error_of(tmp_path, TWO_PARTS.replace("Part(3), Part(3)", "Part(3)"))
    assert "compared: 4 layers with weights" in error


CALLED = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self, cfg):
        super().__init__(*[nn.Conv2d(cfg, cfg, 1) for _ in range(5)])


def main():
    cfg = no_such_configuration
    Net(cfg)(...)
"""


def test_a_call_that_needs_its_function_is_suggested(tmp_path):
    assert "with --call 'Net(cfg=...)'" in error_of(tmp_path, CALLED)


TWO = """
from torch import nn


class Right:
    @staticmethod
    def build(num_classes):
        convs = [nn.Conv2d(3, 3, 3, padding={padding}) for _ in range(5)]
        return nn.Sequential(*convs, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 7))
"""


@pytest.mark.parametrize(("padding", "count"), [(0, 2), (1, 1)])
def test_networks_that_differ_in_a_setting_are_both_read(tmp_path, padding, count):
    wrong = TWO.replace("Right", "Wrong")
    file = tmp_path / "mine.py"
    file.write_text(TWO.format(padding=1) + wrong.format(padding=padding))
    _, out, _ = call("check", file, "--json")
    assert len(json.loads(out)) == 2 if count == 2 else not out
    code, _, error = call("check", f"{file}:Wrong.build")
    assert (code, "compared: 6 layers with weights" in error) == (4, True)


def test_an_output_without_classes_is_told(tmp_path):
    source = TWO.replace("nn.Linear(3, 7))", "nn.Linear(3, 1), nn.Flatten(0))").format(padding=1)
    assert "its output has the shape (2,), not one score for each class" in error_of(
        tmp_path, source
    )


SAME_NAMES = """
from paddle import ParamAttr, nn


class Part(nn.Layer):
    def __init__(self):
        super().__init__()
        convs = [nn.Conv2D(3, 3, 1, weight_attr=ParamAttr(name=f"conv{n}")) for n in range(4)]
        self.convs = nn.Sequential(*convs)

    def forward(self, x):
        return self.convs(x)


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.part, self.conv = Part(), nn.Conv2D(3, 7, 1)

    def forward(self, x):
        return self.conv(self.part(x))
"""


def test_parts_of_paddle_may_have_the_parameter_names_of_the_whole(tmp_path):
    assert "compared: 5 layers with weights" in error_of(tmp_path, SAME_NAMES)


def test_layers_of_paddle_may_be_called_by_the_name_of_their_argument(tmp_path):
    source = SAME_NAMES.replace("self.conv(self.part(x))", "self.conv(x=self.part(x))")
    assert "compared: 5 layers with weights" in error_of(tmp_path, source)


UNFINISHED = """
from keras import Input, Sequential, layers

model = Sequential([Input((8, 8, 3)), *[layers.Conv2D(8, 3, padding="same") for _ in range(5)]])
model.add(layers.Dense(no_such_number))
"""


def test_a_network_to_which_a_layer_could_not_be_added_is_not_read_without_it(tmp_path):
    error = error_of(tmp_path, UNFINISHED)
    assert "line 5: NameError: name 'no_such_number' is not defined" in error


def test_the_error_of_an_object_that_does_not_run_names_the_other_network(tmp_path):
    source = f"{MISSING.replace('Rearrange(), ', '')}\nwhole = nn.Sequential(nn.Linear(5, 5))"
    error = error_of(tmp_path, source)
    assert error.rstrip().endswith("mine.py:Net checks another network of the file")
