# %% setup
import time

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

keras.config.set_floatx("float64")
numbers = np.random.default_rng(9)


def draw(*shape):  # output channels, input channels, rows, columns
    return numbers.normal(size=shape) * np.sqrt(1 / np.prod(shape[1:]))


x = numbers.normal(size=(1, 48, 16, 16)).transpose(0, 2, 3, 1)

# %% grouped tags=["same"]
for groups in (1, 3, 48):
    conv = layers.Conv2D(48, 3, padding="same", groups=groups, use_bias=False)
    conv.build(x.shape)
    weights = conv.kernel.numpy().size
    print(f"groups {groups}: {weights:,} weights, {weights * 16 * 16:,} multiply-adds")

kernel = draw(48, 16, 3, 3).transpose(2, 3, 1, 0)
conv = layers.Conv2D(48, 3, padding="same", groups=3, use_bias=False)
conv.build(x.shape)
conv.set_weights([kernel])
pairs = zip(np.split(x, 3, axis=3), np.split(kernel, 3, axis=3), strict=True)
parts = [ops.conv(maps, own, padding="same") for maps, own in pairs]
difference = np.abs(conv(x) - ops.concatenate(parts, axis=3)).max()
print(f"three convolutions side by side, difference below 1e-12: {difference < 1e-12}")

# %% separable tags=["same"]
depthwise_kernel, pointwise_kernel = draw(48, 1, 3, 3), draw(48, 48, 1, 1)
depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
pointwise = layers.Conv2D(48, 1, use_bias=False)
for layer in (depthwise, pointwise):
    layer.build(x.shape)
depthwise.set_weights([depthwise_kernel.transpose(2, 3, 0, 1)])  # 3 x 3 x 48 x 1
pointwise.set_weights([pointwise_kernel.transpose(2, 3, 1, 0)])
right = pointwise(depthwise(x))
count, rows, columns, channels = right.shape
weights = depthwise.kernel.numpy().size + pointwise.kernel.numpy().size
print(f"separable: {channels} x {rows} x {columns}, {weights:,} weights")

# %% merged tags=["same"]
kernel = pointwise_kernel * depthwise_kernel[:, 0]  # 48 x 48 x 3 x 3
full = ops.conv(x, kernel.transpose(2, 3, 1, 0), padding="same")
difference = np.abs(full - right).max()
print(f"full: {kernel.size:,} weights, difference below 1e-12: {difference < 1e-12}")

# %% mistakes tags=["same"]
# (48, 1, 3, 3) reshaped to Keras' (3, 3, 48, 1), and not transposed.
reshaped = depthwise_kernel.reshape(3, 3, 48, 1)


def with_kernel(kernel):
    return ops.depthwise_conv(x, kernel.copy(), padding="same")


wrong = {
    "ReLU between": pointwise(ops.relu(depthwise(x))),
    "1x1 first": depthwise(pointwise(x)),
    "kernel reshaped": pointwise(with_kernel(reshaped)),
    "kernel flipped": pointwise(with_kernel(depthwise.kernel.numpy()[::-1, ::-1])),
}
for name, maps in wrong.items():
    difference = np.abs(maps - right).max() / np.abs(right).max()
    print(f"{name}: {difference:.1%}")


# %% middle tags=["same"]
def separable(outputs, **options):
    return layers.SeparableConv2D(outputs, 3, padding="same", use_bias=False, **options)


class Middle(keras.Model):
    def __init__(self, width=728):
        super().__init__()
        steps = []
        for _ in range(3):
            steps += [layers.ReLU(), separable(width), layers.BatchNormalization(epsilon=1e-3)]
        self.branch = keras.Sequential(steps)

    def call(self, x, training=None):
        return x + self.branch(x, training=training)


middle = Middle()
count, rows, columns, channels = middle(np.zeros((1, 19, 19, 728))).shape
print(f"block of the middle flow: {channels} x {rows} x {columns}")
print(f"parameters: {sum(w.numpy().size for w in middle.trainable_weights):,}")

# %% seconds tags=["measured"]
maps = ops.ones((1, 19, 19, 728), dtype="float32")
compared = {
    "full": layers.Conv2D(728, 3, padding="same", use_bias=False, dtype="float32"),
    "separable": separable(728, dtype="float32"),
    "depthwise part": layers.DepthwiseConv2D(3, padding="same", use_bias=False, dtype="float32"),
}
for name, layer in compared.items():
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        layer(maps).numpy()
        taken.append(time.perf_counter() - began)
    print(f"{name}: {1000 * min(taken):.2f} ms")

# %% small_network
pixels, labels = load_digits(return_X_y=True)
pixels = pixels.reshape(-1, 8, 8, 1) / 16


def small(kind, width=16):
    options = {"padding": "same", "use_bias": False}
    steps = [keras.Input((8, 8, 1)), layers.Conv2D(width, 3, **options), layers.ReLU()]
    steps += [layers.MaxPooling2D(2)]
    for _ in range(3):
        if kind == "full":
            steps += [layers.Conv2D(width, 3, **options), layers.ReLU()]
            continue
        between = [layers.ReLU()] if kind == "ReLU between" else []
        depthwise = layers.DepthwiseConv2D(3, **options)
        steps += [depthwise, *between, layers.Conv2D(width, 1, use_bias=False), layers.ReLU()]
    steps += [layers.MaxPooling2D(4), layers.Conv2D(10, 1, use_bias=False), layers.Flatten()]
    net = keras.Sequential(steps)
    for array in net.weights:
        order = (3, 2, 0, 1) if "depthwise" not in array.path else (2, 3, 0, 1)
        shape = [array.shape[axis] for axis in order]
        array.assign(draw(*shape).transpose(np.argsort(order)) * 2**0.5)
    return net


# %% training tags=["same"]
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for kind in ("full", "separable", "ReLU between"):
    numbers, losses = np.random.default_rng(9), []
    net = small(kind)
    net.compile(keras.optimizers.SGD(0.1), cross_entropy, jit_compile=False)
    for _ in range(201):
        chosen = numbers.choice(1437, 32)
        net.reset_metrics()  # the loss of this batch, not the mean of all
        losses.append(net.train_on_batch(pixels[chosen], labels[chosen]))
    shown = "  ".join(f"{np.mean(losses[n : n + 20]):.3f}" for n in range(0, 200, 20))
    print(f"{kind}, loss: {shown}")
    right = net.predict_on_batch(pixels[1437:]).argmax(1) == labels[1437:]
    print(f"{kind}: {net.count_params():,} weights, {right.mean():.1%} right")
