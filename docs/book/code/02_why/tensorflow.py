# %% setup
import keras
import numpy as np
from keras import layers, ops

from tensorflow_impl import network

keras.config.set_floatx("float64")
numbers = np.random.default_rng(2)


def weights(*parts):
    """Returns the number of weights, without biases."""
    return sum(int(np.prod(layer.kernel.shape)) for layer in parts)


def conv(channels, filters, kernel, **how):
    """Returns a convolution that has its weights already, as in the other frameworks."""
    layer = layers.Conv2D(filters, kernel, padding="same", **how)
    layer.build((None, None, None, channels))
    return layer


# %% wider_deeper tags=["same"]
for channels, depth in ((64, 4), (64, 8), (128, 4)):
    chain = [conv(channels, channels, kernel=3) for _ in range(depth)]
    print(f"{depth} layers of {channels} channels: {weights(*chain):,} weights")

# %% tables
ALEXNET = [
    ("conv", 96, 11, 4, 0, 1), ("pool", 3, 2),  # filters, kernel, stride, padding, groups
    ("conv", 256, 5, 1, 2, 2), ("pool", 3, 2),
    ("conv", 384, 3, 1, 1, 1), ("conv", 384, 3, 1, 1, 2), ("conv", 256, 3, 1, 1, 2),
    ("pool", 3, 2), ("linear", 4096), ("linear", 4096), ("linear", 1000),
]  # fmt: skip
VGG16 = []
for filters, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
    VGG16 += [("conv", filters, 3, 1, 1, 1)] * depth + [("pool", 2, 2)]
VGG16 += [("linear", 4096), ("linear", 4096), ("linear", 1000)]


# %% count
def count(table, size):
    """Applies each layer to a map without values; returns parameters and multiply-adds."""
    x, parameters, multiply_adds = keras.Input((size, size, 3), dtype="float32"), 0, 0
    for kind, *how in table:
        if kind == "pool":
            x = layers.MaxPooling2D(*how)(x)
            continue
        if kind == "conv":
            filters, kernel, stride, padding, groups = how
            x = layers.ZeroPadding2D(padding)(x)
            layer = layers.Conv2D(filters, kernel, stride, groups=groups, dtype="float32")
        else:
            x = layers.Flatten()(x)
            layer = layers.Dense(*how, kernel_initializer="zeros", dtype="float32")
        x = layer(x)
        parameters += layer.count_params()
        multiply_adds += weights(layer) * int(np.prod(x.shape[1:-1]))
    return parameters, multiply_adds


# %% published tags=["same"]
for name, table, size in (("AlexNet", ALEXNET, 227), ("VGG-16", VGG16, 224)):
    parameters, multiply_adds = count(table, size)
    print(f"{name}: {parameters:,} parameters, {multiply_adds:,} multiply-adds")
print(f"GoogLeNet: {network('googlenet').count_params():,} parameters")

# %% side_by_side tags=["same"]
x = numbers.normal(size=(1, 192, 28, 28)).transpose(0, 2, 3, 1)
convs = [conv(192, n, k, use_bias=False) for n, k in ((64, 1), (128, 3), (32, 5))]
joined = conv(192, 224, kernel=5, use_bias=False)
kernel = np.zeros((5, 5, 192, 224))
kernel[2:3, 2:3, :, :64] = convs[0].kernel
kernel[1:4, 1:4, :, 64:192] = convs[1].kernel
kernel[:, :, :, 192:] = convs[2].kernel
joined.set_weights([kernel])
difference = ops.concatenate([part(x) for part in convs], axis=-1) - joined(x)
print(f"side by side: {weights(*convs):,} weights")
print(f"as one 5x5 convolution: {weights(joined):,} weights")
print(f"largest difference below 1e-12: {np.abs(difference).max() < 1e-12}")

# %% reduction tags=["same"]
for channels, reduced, filters in ((512, 24, 64), (128, 32, 256)):
    direct = weights(conv(channels, filters, kernel=5))
    two = weights(conv(channels, reduced, kernel=1), conv(reduced, filters, kernel=5))
    print(f"{channels} to {filters} directly: {direct:,} weights")
    print(f"{channels} to {filters} through {reduced}: {two:,} weights, {two / direct:.1%}")


# %% module
class Inception(layers.Layer):
    """Four branches that read the same map; their outputs are joined along the channels."""

    def __init__(self, channels, ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj):
        super().__init__()
        self.conv1x1 = conv(channels, ch1x1, 1)
        self.reduce3x3 = conv(channels, ch3x3_reduce, 1)
        self.conv3x3 = conv(ch3x3_reduce, ch3x3, 3)
        self.reduce5x5 = conv(channels, ch5x5_reduce, 1)
        self.conv5x5 = conv(ch5x5_reduce, ch5x5, 5)
        self.project = conv(channels, pool_proj, 1)

    def branches(self, x):
        return [
            ops.relu(self.conv1x1(x)),
            ops.relu(self.conv3x3(ops.relu(self.reduce3x3(x)))),
            ops.relu(self.conv5x5(ops.relu(self.reduce5x5(x)))),
            ops.relu(self.project(ops.max_pool(x, 3, strides=1, padding="same"))),
        ]

    def call(self, x):
        return ops.concatenate(self.branches(x), axis=-1)


# %% use_module tags=["same"]
module = Inception(192, 64, 96, 128, 16, 32, 32)  # inception3a
for array in module.weights:
    shape = [array.shape[axis] for axis in (3, 2, 0, 1)] if len(array.shape) == 4 else array.shape
    drawn = numbers.normal(size=shape) / np.prod(shape[1:]) ** 0.5
    array.assign(drawn.transpose(2, 3, 1, 0) if len(shape) == 4 else drawn)
y = module(x)
for branch in (*module.branches(x), y):
    print("{2} x {0} x {1}".format(*branch.shape[1:]))
print(f"parameters: {module.count_params():,}")
print(f"mean: {float(ops.mean(y)):.10f}")


# %% otherwise tags=["same"]
def report(what, wrong):
    apart = np.abs(wrong - y).max() / np.abs(y).max()
    print(f"{what}: same shape {wrong.shape == y.shape}, off by {apart:.0%}")


one, three, five, pooled = module.branches(x)
report("branches in another order", ops.concatenate([one, five, three, pooled], axis=-1))
linear = ops.relu(module.conv5x5(module.reduce5x5(x)))
report("no ReLU after the 5x5 reduction", ops.concatenate([one, three, linear, pooled], axis=-1))
swapped = ops.relu(ops.max_pool(module.project(x), 3, strides=1, padding="same"))
report("projection before the pooling", ops.concatenate([one, three, five, swapped], axis=-1))

# %% collapse tags=["same"]
reduce, expand = module.reduce5x5.kernel, module.conv5x5.kernel
merged = ops.einsum("ijmo,cm->ijco", expand, reduce[0, 0])
two = ops.conv(ops.conv(x, reduce), expand, padding="same")
one = ops.conv(x, merged, padding="same")
rank = np.linalg.matrix_rank(np.transpose(merged, (2, 0, 1, 3)).reshape(192, -1))
print(f"merged kernel: {ops.size(merged):,} weights, of rank {rank}")
print(f"largest difference below 1e-11: {np.abs(two - one).max() < 1e-11}")
