# %% setup
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from common import networks
from common.data.images import batch, photographs
from common.files import weights
from common.networks.googlenet import INCEPTION
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from tensorflow_impl import load_weights, network

keras.config.set_floatx("float64")
plan = make_plan(networks.network("googlenet"))
arrays = initial_arrays(plan, seed=0)
weights.write(Path("seed0.safetensors"), arrays, plan)  # as `googlenet init` does
photo = batch(photographs()[:1], (3, 224, 224), plan.spec.preprocess)
x = photo.astype(np.float64).transpose(0, 2, 3, 1)

# %% table tags=["same"]
print("      1x1  3x3r   3x3  5x5r   5x5  pool")
for name, row in INCEPTION.items():
    print(name, *(f"{channels:5}" for channels in row))


# %% blocks
def conv_relu(filters, kernel, **how):
    return layers.Conv2D(filters, kernel, padding="same", activation="relu", **how)


class Inception(layers.Layer):
    def __init__(self, name):
        super().__init__(name=f"inception{name}")
        ch1x1, reduce3x3, ch3x3, reduce5x5, ch5x5, project = INCEPTION[name]
        self.branch1 = conv_relu(ch1x1, 1)
        self.branch2 = keras.Sequential([conv_relu(reduce3x3, 1), conv_relu(ch3x3, 3)])
        self.branch3 = keras.Sequential([conv_relu(reduce5x5, 1), conv_relu(ch5x5, 5)])
        pooled = layers.MaxPooling2D(3, 1, padding="same")
        self.branch4 = keras.Sequential([pooled, conv_relu(project, 1)])

    def call(self, x):
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return ops.concatenate([branch(x) for branch in branches], axis=-1)


pool = partial(layers.MaxPooling2D, 3, strides=2, padding="same")


# %% body
def googlenet(classes=1000, pool=pool):
    conv1 = [layers.ZeroPadding2D(3), layers.Conv2D(64, 7, strides=2, activation="relu")]
    steps = [keras.Sequential(conv1, name="conv1"), pool(name="maxpool1")]
    steps += [conv_relu(64, 1, name="conv2"), conv_relu(192, 3, name="conv3")]
    steps.append(pool(name="maxpool2"))
    for name in INCEPTION:
        if name in ("4a", "5a"):
            steps.append(pool(name=f"maxpool{int(name[0]) - 1}"))
        steps.append(Inception(name))
    average = layers.GlobalAveragePooling2D(keepdims=True, name="avgpool")
    steps += [average, layers.Flatten(name="flatten"), layers.Dropout(0.4, name="dropout")]
    return keras.Sequential([keras.Input((224, 224, 3)), *steps, layers.Dense(classes, name="fc")])


net = googlenet()

# %% shapes tags=["same"]
y = np.zeros((1, 224, 224, 3))
for step in net.layers:
    y = step(y)
    shape = [y.shape[axis] for axis in (3, 1, 2)] if len(y.shape) == 4 else y.shape[1:]
    print(f"{step.name:12} {' x '.join(map(str, shape)):15} {step.count_params():>10,}")

# %% equal tags=["same"]
as_keras = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}  # the order of the axes by their number
net.set_weights([array.transpose(as_keras[array.ndim]) for array in arrays.values()])
built = network("googlenet")
load_weights(built, "seed0.safetensors")
logits = net(x)
difference = np.abs(logits - built(x)).max()
print(f"largest logit: {np.max(logits):.8f}, of class {np.argmax(logits)}")
print(f"by hand and by the package equal within 1e-12: {difference < 1e-12}")

# %% summary
net.summary(line_length=80)

# %% classifier tags=["same"]
fc = net.layers[-1]
maps = keras.Sequential(net.layers[:-4])(x)
places = ops.reshape(maps, (1, 49, 1024))  # images, 49 places, 1024 channels
average_then_fc = fc(ops.mean(places, axis=1))
fc_then_average = ops.mean(fc(places), axis=1)
apart = np.abs(average_then_fc - fc_then_average).max()
print(f"last maps: {maps.shape[3]} x {maps.shape[1]} x {maps.shape[2]}")
print(f"parameters behind the average: {maps.shape[3] * 1000 + 1000:,}")
print(f"parameters without the average: {ops.size(maps[0]) * 1000 + 1000:,}")
print(f"classified first or averaged first, equal within 1e-12: {apart < 1e-12}")

# %% sizes tags=["same"]
for rows, columns in ((96, 96), (224, 224), (224, 320)):
    maps = keras.Sequential(net.layers[:-4])(np.zeros((1, rows, columns, 3)))
    print(f"image {rows} x {columns}: last maps {maps.shape[1]} x {maps.shape[2]}")

# %% receptive_field tags=["same"]
rules = {"maxpool1": (11, 4, 3), "maxpool2": (27, 8, 7), "inception3b": (91, 8, 39)}
positive = googlenet()
for array in positive.weights:
    value = 0 if len(array.shape) == 1 else 1 / np.prod(array.shape[:-1])
    array.assign(np.full(array.shape, value))
for name, (size, distance, before) in rules.items():
    part = positive.layers[: [step.name for step in positive.layers].index(name) + 1]
    cell = 112 // distance
    first = cell * distance - before
    images = np.zeros((4, 224, 224, 3))  # one white pixel each
    for number, pixel in enumerate((first - 1, first, first + size - 1, first + size)):
        images[number, pixel, pixel] = 1
    seen = np.max(keras.Sequential(part)(images)[:, cell, cell], axis=1) > 0
    print(f"{name}, place {cell}: pixels {first} to {first + size - 1}, seen {seen.tolist()}")

# %% gradient tags=["same"]
image = tf.Variable(x)
with tf.GradientTape() as tape:
    middle = ops.mean(keras.Sequential(net.layers[:-4])(image)[0, 3, 3])
strength = np.abs(tape.gradient(middle, image)[0]).sum(axis=2)
for size in (56, 112, 168, 224):
    edge = (224 - size) // 2
    share = strength[edge : 224 - edge, edge : 224 - edge].sum() / strength.sum()
    print(f"middle {size} x {size}: {share:.1%} of the gradient")


# %% otherwise tags=["same"]
def padded_pool(name, padding):
    pads = layers.ZeroPadding2D(padding)  # after a ReLU, zeros never exceed the maximum
    return keras.Sequential([pads, layers.MaxPooling2D(3, 2)], name=name)


for name, padding in (("pools that round down", 0), ("pools with padding 1", 1)):
    wrong = googlenet(pool=partial(padded_pool, padding=padding))
    wrong.set_weights(net.get_weights())
    apart = np.abs(wrong(x) - logits).max() / np.abs(logits).max()
    rows = keras.Sequential(wrong.layers[:-4])(x).shape[1]
    print(f"{name}: {rows} rows in the last maps, off by {apart:.1%}")
again = net(x, training=True), net(x, training=True)
print(f"in training mode, twice the same: {np.array_equal(*again)}")
