# %% setup
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.config.set_floatx("float64")
numbers = np.random.default_rng(10)
image = numbers.normal(size=(2, 4, 8, 8))
x = tf.constant(image.transpose(0, 2, 3, 1))
usual_reading = {}


# %% experiment
def experiment(name, readings, usual):
    """Prints how far two readings of a layer are apart, relative to the largest value."""
    first, second, usual = (np.asarray(y) for y in (*readings.values(), usual))
    apart = np.abs(first - second).max() / max(np.abs(first).max(), np.abs(second).max())
    print(f"{name}: {apart:.6f}")
    titles = zip(readings, (first, second), strict=True)
    equal = (title for title, y in titles if y.shape == usual.shape and np.allclose(y, usual))
    usual_reading[name] = next(equal, "neither")


# %% windows tags=["same"]
kernel = numbers.normal(size=(4, 4, 7, 7)).transpose(2, 3, 1, 0)
fixed = tf.nn.conv2d(layers.ZeroPadding2D(3)(x), kernel, 2, "VALID")
same = tf.nn.conv2d(x, kernel, 2, "SAME")
experiment("padding", {"3 and 3": fixed, "2 and 3": same}, usual=same)
ceil = layers.MaxPooling2D(3, strides=2, padding="same")(x)
bordered = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-np.inf)
padded = layers.MaxPooling2D(3, strides=2)(bordered)
experiment("max pool", {"ceil": ceil, "padding 1": padded}, usual=ceil)

# %% ceil_and_padding
odd = numbers.normal(size=(1, 4, 7, 7)).transpose(0, 2, 3, 1)
same = layers.MaxPooling2D(2, strides=2, padding="same")(odd)  # there is no ceil to combine it with
print(f"7 rows become {same.shape[1]}")

# %% averages tags=["same"]
left_out = layers.AveragePooling2D(3, strides=1, padding="same")(x)
counted = layers.AveragePooling2D(3, strides=1)(layers.ZeroPadding2D(1)(x))
experiment("average pool", {"border left out": left_out, "counted": counted}, usual=left_out)
squares = tf.square(x) @ tf.linalg.band_part(tf.ones((4, 4), "float64"), 2, 2)  # 2 on each side
divided = x / (1 + 0.1 / 5 * squares) ** 0.75
whole = x / (1 + 0.1 * squares) ** 0.75
usual = tf.nn.local_response_normalization(tf.cast(x, "float32"), 2, 1, 0.1, 0.75)
experiment("LRN alpha", {"divided by 5": divided, "not divided": whole}, usual=usual)

# %% epsilon tags=["same"]
maps = {}
variance = keras.initializers.Constant(0.01)
for eps in (1e-3, 1e-5):
    norm = layers.BatchNormalization(epsilon=eps, moving_variance_initializer=variance)
    maps[f"eps {eps:g}"] = norm(x)
norm = layers.BatchNormalization(moving_variance_initializer=variance)
experiment("batch norm", maps, usual=norm(x))

# %% running tags=["same"]
norms = {f"keeps {kept:g}": layers.BatchNormalization(momentum=kept) for kept in (0.9, 0.1)}
for norm in norms.values():
    norm(x + 1, training=True), norm(x - 1, training=True)
means = {title: norm.moving_mean for title, norm in norms.items()}
experiment("momentum 0.9", means, usual=means["keeps 0.9"])
norm = layers.BatchNormalization(momentum=0.0)
norm(x, training=True)
count = image.size // 4
by_n = norm.moving_variance.numpy()
readings = {"by n": by_n, "by n - 1": by_n * count / (count - 1)}
experiment("running variance", readings, usual=by_n)

# %% layouts tags=["same"]
kernel = numbers.normal(size=(4, 4, 4, 4))
outs_last = tf.nn.conv2d(x, kernel, 1, "VALID")
outs_first = tf.nn.conv2d(x, kernel.transpose(2, 3, 1, 0), 1, "VALID")
experiment("kernel", {"out in h w": outs_first, "h w in out": outs_last}, usual=outs_last)
matrix = numbers.normal(size=(256, 256))
channels_first, channels_last = layers.Flatten()(layers.Permute((3, 1, 2))(x)), layers.Flatten()(x)
linear = channels_first @ matrix.T
experiment("matrix", {"out in": linear, "in out": channels_first @ matrix}, channels_first @ matrix)
permuted = channels_last @ matrix.T
experiment("flatten", {"channel first": linear, "channel last": permuted}, usual=permuted)

# %% loss tags=["same"]
logits = 3 * numbers.normal(size=(16, 10))
labels = logits.argmax(1)  # a network that is always right
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
once = cross_entropy(labels, logits)
twice = cross_entropy(labels, keras.ops.softmax(logits).numpy())
usual = keras.losses.SparseCategoricalCrossentropy()(labels, logits)
print(f"softmax once: {once:.6f}\nsoftmax twice: {twice:.6f}")
experiment("cross-entropy of logits", {"softmax once": once, "softmax twice": twice}, usual=usual)


# %% falling_rate tags=["same"]
class RateOutside(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        velocity = self.momentums[self._get_variable_index(variable)]
        velocity.assign(self.momentum * velocity + gradient)
        variable.assign_sub(learning_rate * velocity)


gradients = numbers.normal(size=(6, 50))
rates = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
outside, inside = keras.Variable(np.zeros(50)), keras.Variable(np.zeros(50))
for weight, rule in ((outside, RateOutside), (inside, keras.optimizers.SGD)):
    optimizer = rule(momentum=0.9)
    for rate, gradient in zip(rates, gradients, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
experiment("SGD", {"rate outside": outside, "rate inside": inside}, usual=inside)

# %% usual
for name, reading in usual_reading.items():
    print(f"{name}: {reading}")

# %% default_numbers
norm, adam = layers.BatchNormalization(), keras.optimizers.Adam()
print(f"batch norm eps: {norm.epsilon:g}")
print(f"batch norm momentum: {norm.momentum:g}")
print(f"Adam eps: {adam.epsilon:g}")

# %% not_a_number
some = tf.constant([[[[np.nan], [1.0]], [[2.0], [3.0]]]])
print(f"ReLU of NaN: {tf.nn.relu(some)[0, 0, 0, 0]:g}")
print(f"max pool of NaN, 1, 2, 3: {tf.nn.max_pool2d(some, 2, 2, 'VALID')[0, 0, 0, 0]:g}")
print(f"max pool of four NaN: {tf.nn.max_pool2d(some * np.nan, 2, 2, 'VALID')[0, 0, 0, 0]:g}")

# %% whole_network tags=["same"]
from sklearn.datasets import load_sample_image

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from tensorflow_impl import load_weights, network

images = load_sample_image("china.jpg")[None, 100:324, 200:424] / 127.5 - 1
arrays = initial_arrays(make_plan(networks.network("googlenet")), seed=0)
logits = {}
for name in ("googlenet", "googlenet.paddle"):
    weights.write(Path("w.safetensors"), arrays, make_plan(networks.network(name)))
    net = network(name)
    load_weights(net, "w.safetensors")
    logits[name] = net(images, training=False)[0].numpy()
    print(f"{name}: {len(logits[name])} logits, class {logits[name].argmax()}")
first, second = logits.values()
print(f"largest difference: {np.abs(first - second).max() / np.abs(first).max():.4f}")
