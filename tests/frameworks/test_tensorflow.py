"""Networks behave as users of Keras expect."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from common.errors import UsageError
from common.tools.analysis.published_counts import HEADLESS, PUBLISHED
from tensorflow_impl.check import lrn
from tensorflow_impl.files import APPLICATIONS


def test_fits_evaluates_predicts_and_saves(impl, tmp_path):
    net = impl.package.googlenet(input=(3, 96, 96), classes=4, aux=True)
    x = np.random.default_rng(0).standard_normal((4, 96, 96, 3)).astype("float32")
    y = {name: np.arange(4) for name in ("logits", "aux1", "aux2")}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile("sgd", loss=dict.fromkeys(y, loss), loss_weights=net.plan.loss_weights())
    told = net.fit(x, y, validation_data=(x, y), verbose=0).history
    assert {"loss", "aux1_loss", "val_loss", "val_aux2_loss"} <= set(told)
    assert net.predict(x, verbose=0).shape == (4, 4)
    net.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_allclose(again(x), net(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match=r"^googlenet has no plan, as after keras\.models\.load"):
        impl.package.save_weights(again, tmp_path / "w.safetensors")
    code = "import sys, tensorflow_impl, keras; keras.models.load_model(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, tmp_path / "net.keras"], check=True)
    built = impl.package.googlenet(input=(3, 96, 96), classes=4, aux=True)
    built.set_weights(again.get_weights())
    np.testing.assert_array_equal(built(x), again(x))


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_published_count_is_keras_own(name):
    [everything] = [c for c in PUBLISHED[name] if c.buffers and c.parts == HEADLESS]
    assert APPLICATIONS[name](weights=None).count_params() == everything.number


def test_is_functional_and_sums_up(impl, capsys):
    net = impl.package.googlenet()
    assert type(net).__name__ == "Functional"
    assert isinstance(net, keras.Model)
    net.summary()
    assert "6,998,552" in capsys.readouterr().out


def test_the_lrn_of_check_is_that_of_tensorflow_in_float64_as_well():
    x = np.random.default_rng(3).normal(0, 3, (2, 4, 5, 11))
    settings = {"depth_radius": 2, "bias": 1.5, "alpha": 0.3, "beta": 0.75}
    expected = tf.nn.local_response_normalization(tf.constant(x, tf.float32), **settings)
    np.testing.assert_allclose(lrn(tf.constant(x), **settings), expected, rtol=1e-5)
    assert lrn(tf.constant(x)).dtype == tf.float64
