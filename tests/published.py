"""Files and logits of the models that the frameworks publish, with random weights.

`python tests/published.py STEP WHO FOLDER`, with NAME one of our names:

- `make keras|paddle` writes NAME.x.npy, a batch, NAME.y.npy, its logits, and the weights as the
  party itself saves them; Keras' also in the format of its versions before 3, and without the top;
- `run FRAMEWORK` writes the framework's logits with NAME.safetensors;
- `open keras|paddle` writes the logits of the party's own model with our file in its format.
"""

import sys
from pathlib import Path

import numpy as np

from common.jobs.network_jobs import ForwardPass
from common.jobs.turns import Turns
from common.jobs.worker import perform

KERAS = {
    "inception_v3.keras": "InceptionV3",
    "inception_resnet_v2.keras": "InceptionResNetV2",
    "xception": "Xception",
}
PADDLE = {"inception_v3.paddle_vision": "inception_v3", "googlenet.paddle_vision": "googlenet"}
SIZE, CLASSES = 107, 20
SIZES = {"googlenet.paddle_vision": 224}  # the size that it is made for


def batch(name):
    """Two images of noise, N x C x H x W, for one of our networks."""
    size = SIZES.get(name, SIZE)
    return np.random.default_rng(5).standard_normal((2, 3, size, size)).astype(np.float32)


def shaken(array, kind):
    """A variable in which everything that would start as a constant is random."""
    if array.ndim > 1:
        return array
    noise = np.random.default_rng(len(array)).uniform(-0.3, 0.3, array.shape)
    return (array + noise if "var" in kind else array + 0.3 * noise).astype(np.float32)


def keras_model(name):
    """A model from keras.applications."""
    import keras

    made = getattr(keras.applications, KERAS[name])
    size = (SIZE, SIZE, 3)
    return made(weights=None, input_shape=size, classes=CLASSES, classifier_activation=None)


def paddle_model(name):
    """A model from paddle.vision, in evaluation mode."""
    import paddle

    made = getattr(paddle.vision.models, PADDLE[name])(num_classes=CLASSES)
    made.eval()
    return made


def keras_logits(made, name):
    """The model's logits for the batch."""
    return np.asarray(made(batch(name).transpose(0, 2, 3, 1), training=False))


def paddle_logits(made, name):
    """The model's logits for the batch, without the heads' outputs."""
    import paddle

    found = made(paddle.to_tensor(batch(name)))
    return (found[0] if isinstance(found, list | tuple) else found).numpy()


def make_keras(folder):
    """Builds, randomises and saves the models of keras.applications."""
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    keras.utils.set_random_seed(5)
    for name in KERAS:  # in one session, so that the counters in names continue
        made = keras_model(name)
        for variable in made.weights:
            variable.assign(shaken(variable.numpy(), variable.name))
        made.save_weights(folder / f"{name}.weights.h5")
        with h5py.File(folder / f"{name}.old.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, made)
        features = keras.Model(made.input, made.layers[-2].output)
        features.save_weights(folder / f"{name}.notop.weights.h5")
        np.save(folder / f"{name}.x.npy", batch(name))
        np.save(folder / f"{name}.y.npy", keras_logits(made, name))


def make_paddle(folder):
    """Builds, randomises and saves the models of paddle.vision."""
    import paddle

    paddle.seed(5)
    for name in PADDLE:
        made = paddle_model(name)
        for key, tensor in made.state_dict().items():
            tensor.set_value(shaken(tensor.numpy(), key))
        paddle.save(made.state_dict(), str(folder / f"{name}.pdparams"))
        np.save(folder / f"{name}.x.npy", batch(name))
        np.save(folder / f"{name}.y.npy", paddle_logits(made, name))


def open_keras(folder):
    """Loads the files that we wrote for Keras into its own models and saves their logits."""
    for name in KERAS:
        made = keras_model(name)
        made.load_weights(folder / f"{name}.again.weights.h5")
        np.save(folder / f"{name}.again.npy", keras_logits(made, name))


def open_paddle(folder):
    """Loads the files that we wrote for Paddle into its own models and saves their logits."""
    import paddle

    for name in PADDLE:
        made = paddle_model(name)
        missing, unknown = made.set_state_dict(paddle.load(str(folder / f"{name}.again.pdparams")))
        assert not missing, missing
        assert not unknown, unknown
        np.save(folder / f"{name}.again.npy", paddle_logits(made, name))


def run(framework, folder):
    """Runs all the models with one framework, in one process, and saves their logits."""
    for name in (*KERAS, *PADDLE):
        files = {"weights": folder / f"{name}.safetensors", "input": folder / f"{name}.x.npy"}
        job = ForwardPass(framework=framework, network=name, endpoints="logits", **files)
        found = perform(job, Turns(folder, 0))
        np.save(folder / f"{name}.{framework}.npy", found.arrays["logits"])


def main(step, who, folder):
    """Runs one step for one party or framework."""
    steps = {"make keras": make_keras, "make paddle": make_paddle,
             "open keras": open_keras, "open paddle": open_paddle}  # fmt: skip
    if step == "run":
        run(who, Path(folder))
    else:
        steps[f"{step} {who}"](Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
