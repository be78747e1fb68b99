"""The models that the frameworks themselves publish, with random weights: a file and its logits.

`python tests/published.py keras|paddle FOLDER` writes for each of our names NAME.x.npy, a batch,
NAME.y.npy, its logits, and NAME.weights.h5 or NAME.pdparams, by the party's own means; Keras'
also as NAME.old.h5, in the form of its versions before 3, and as NAME.notop.weights.h5.
"""

import sys
from pathlib import Path

import numpy as np

KERAS = {
    "inception_v3.keras": "InceptionV3",
    "inception_resnet_v2.keras": "InceptionResNetV2",
    "xception": "Xception",
}
PADDLE = {"inception_v3.paddle_vision": "inception_v3", "googlenet.paddle_vision": "googlenet"}
SIZE, CLASSES = 139, 20
SIZES = {"googlenet.paddle_vision": 224}  # which it is made for


def batch(name):
    """Two images of noise, N x C x H x W, for one of our networks."""
    size = SIZES.get(name, SIZE)
    return np.random.default_rng(5).standard_normal((2, 3, size, size)).astype(np.float32)


def shaken(array, kind):
    """A variable with everything drawn that would start as a constant."""
    if array.ndim > 1:
        return array
    noise = np.random.default_rng(len(array)).uniform(-0.3, 0.3, array.shape)
    return (array + noise if "var" in kind else array + 0.3 * noise).astype(np.float32)


def keras_models(folder):
    """The models of keras.applications."""
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    for name, model in KERAS.items():  # in one session, so that the counters in names run on
        made = getattr(keras.applications, model)(
            weights=None,
            input_shape=(SIZE, SIZE, 3),
            classes=CLASSES,
            classifier_activation=None,
        )
        for variable in made.weights:
            variable.assign(shaken(variable.numpy(), variable.name))
        made.save_weights(folder / f"{name}.weights.h5")
        with h5py.File(folder / f"{name}.old.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, made)
        features = keras.Model(made.input, made.layers[-2].output)
        features.save_weights(folder / f"{name}.notop.weights.h5")
        x = batch(name)
        np.save(folder / f"{name}.x.npy", x)
        np.save(folder / f"{name}.y.npy", made(x.transpose(0, 2, 3, 1), training=False))


def paddle_models(folder):
    """The models of paddle.vision."""
    import paddle

    for name, model in PADDLE.items():
        made = getattr(paddle.vision.models, model)(num_classes=CLASSES)
        for key, tensor in made.state_dict().items():
            tensor.set_value(shaken(tensor.numpy(), key))
        made.eval()
        paddle.save(made.state_dict(), str(folder / f"{name}.pdparams"))
        x = batch(name)
        found = made(paddle.to_tensor(x))
        logits = found[0] if isinstance(found, list | tuple) else found  # beside those of heads
        np.save(folder / f"{name}.x.npy", x)
        np.save(folder / f"{name}.y.npy", logits.numpy())


if __name__ == "__main__":
    {"keras": keras_models, "paddle": paddle_models}[sys.argv[1]](Path(sys.argv[2]))
