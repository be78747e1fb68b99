"""Code for Keras 1 with its channels first, and pools without a size."""

import pytest
from test_check import check

from common.tools.check.old_names import channels_last, is_channels_first, turned, with_axis

SOURCE = """
from keras.layers import Input, Convolution2D, MaxPooling2D, AveragePooling2D, ZeroPadding2D
from keras.layers import Dense, Dropout, Flatten, merge
from keras.models import Model

ORDER = dict(dim_ordering='th')
ROWS = [(64, (96, 128), (16, 32), 32), (128, (128, 192), (32, 96), 64), None,
        (192, (96, 208), (16, 48), 64), (160, (112, 224), (24, 64), 64),
        (128, (128, 256), (24, 64), 64), (112, (144, 288), (32, 64), 64),
        (256, (160, 320), (32, 128), 128), None,
        (256, (160, 320), (32, 128), 128), (384, (192, 384), (48, 128), 128)]

def conv(x, n, k, s=1):
    return Convolution2D(n, k, k, subsample=(s, s), border_mode='same', activation='relu',
                         dim_ordering='th')(x)

def pool(x, s=2):
    return MaxPooling2D((3, 3), strides=(s, s), border_mode='same', dim_ordering='th')(x)

def module(x, a, b, c, d):
    parts = [conv(x, a, 1), conv(conv(x, b[0], 1), b[1], 3), conv(conv(x, c[0], 1), c[1], 5),
             conv(pool(x, 1), d, 1)]
    return merge(parts, mode='concat', concat_axis=1)

def create_model():
    image = Input(shape=(3, 64, 64))
    x = pool(conv(image, 64, 7, 2))
    x = pool(conv(conv(x, 64, 1), 192, 3))
    for row in ROWS:
        x = module(x, *row) if row else pool(x)
    x = AveragePooling2D(dim_ordering='th')(x)
    x = Dropout(0.4)(Flatten()(x))
    return Model(input=image, output=Dense(output_dim=1000)(x))
"""


@pytest.mark.parametrize("grid", [1, 2])
def test_channels_first_are_read_as_last(tmp_path, grid):
    """The order of a flattened map of 2 x 2, too, is that of maps with their channels first."""
    file = tmp_path / "mine.py"
    file.write_text(SOURCE.replace("64, 64))", f"{64 * grid}, {64 * grid}))"))
    found = check(str(file), "--network", "googlenet", code=1)
    whats = [each["what"] for each in found["differences"]]
    assert whats == ["convolution: padding", "global average pool replaced"][:grid]
    assert "maps with channels first, as channels last" in " ".join(found["notes"])


def test_other_axes_than_the_channels_stay_others():
    """A batch norm of the columns, Keras' default there, must not be read as one of channels."""
    axes = [channels_last((), {"axis": n})[1]["axis"] for n in (1, 2, 3, -1, -2, -3)]
    assert axes == [-1, 1, 2, 2, 1, -1]
    assert channels_last(*with_axis((), {})) == ((), {"axis": 2})
    assert channels_last(*with_axis((1,), {"epsilon": 1})) == ((), {"axis": -1, "epsilon": 1})


def test_only_shapes_of_images_are_turned():
    assert turned((3, 224, 224)) == (224, 224, 3)
    assert turned((224, 224, 3)) == (224, 224, 3)
    assert channels_last((), {"input_shape": (1, 28, 28), "units": 3}) == (
        (),
        {"input_shape": (28, 28, 1), "units": 3},
    )


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("Conv(8, dim_ordering='th')", True),
        ("K.set_image_dim_ordering('th')", True),
        ('DATA_FORMAT = "channels_first"', True),
        ("if K.image_dim_ordering() == 'th':\n    Conv(8, dim_ordering='th')", False),
        ("if DATA_FORMAT == 'channels_first':\n    x = 1", False),
        ("old_data_format = 'channels_first'", False),
        ("print('set image_data_format=\"channels_first\"')", False),
        ("not Python", False),
        ("Conv(8, data_format='channels_last')", False),
    ],
)
def test_the_order_is_read_off_the_source(source, wanted):
    assert is_channels_first(source) == wanted
