# %% setup
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

keras.config.set_floatx("float64")
numbers = np.random.default_rng(8)


def draw(*shape):  # output channels, input channels, rows, columns
    return numbers.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))


def draw_kernel(shape, **_):  # rows, columns, input channels, output channels
    return draw(*shape[:1:-1], *shape[:2]).transpose(2, 3, 1, 0)


# %% conv
def conv(inputs, channels, kernel):
    layer = layers.Conv2D(channels, kernel, padding="same", use_bias=False)
    layer.kernel_initializer = draw_kernel
    norm = layers.BatchNormalization(epsilon=1e-3)
    return keras.Sequential([keras.Input((None, None, inputs)), layer, norm, layers.ReLU()])


def project(inputs, channels):  # 1x1, with a bias, without batch normalization and ReLU
    layer = layers.Conv2D(channels, kernel_size=1, kernel_initializer=draw_kernel)
    layer.build((None, None, None, inputs))
    return layer


# %% module_a tags=["same"]
class ModuleA(keras.Model):
    def __init__(self, width=384):
        super().__init__()
        self.branch0 = conv(width, 96, 1)
        self.branch1 = keras.Sequential([conv(width, 64, 1), conv(64, 96, 3)])
        self.branch2 = keras.Sequential([conv(width, 64, 1), conv(64, 96, 3), conv(96, 96, 3)])
        pool = layers.AveragePooling2D(3, strides=1, padding="same")
        self.branch3 = keras.Sequential([pool, conv(width, 96, 1)])

    def call(self, x, training=None):
        branches = (self.branch0, self.branch1, self.branch2, self.branch3)
        return ops.concatenate([branch(x, training=training) for branch in branches], axis=3)


four = keras.Sequential([ModuleA() for _ in range(4)])
count, rows, columns, channels = four(np.zeros((1, 35, 35, 384))).shape
print(f"four modules A: {channels} x {rows} x {columns}")
print(f"parameters of one: {sum(w.numpy().size for w in four.layers[0].trainable_weights):,}")


# %% block35 tags=["same"]
class Block35(keras.Model):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.branch0 = conv(320, 32, 1)
        self.branch1 = keras.Sequential([conv(320, 32, 1), conv(32, 32, 3)])
        self.branch2 = keras.Sequential([conv(320, 32, 1), conv(32, 48, 3), conv(48, 64, 3)])
        self.project = project(128, 320)

    def residual(self, x, training=None):
        branches = (self.branch0, self.branch1, self.branch2)
        maps = [branch(x, training=training) for branch in branches]
        return self.project(ops.concatenate(maps, axis=3))

    def call(self, x, training=None):
        return ops.relu(x + self.scale * self.residual(x, training))


block = Block35(scale=0.17)
count, rows, columns, channels = block(np.zeros((1, 35, 35, 320))).shape
print(f"block35: {channels} x {rows} x {columns}")
print(f"parameters: {sum(w.numpy().size for w in block.trainable_weights):,}")

# %% growth tags=["same"]
blocks = [Block35(scale=1) for _ in range(20)]
start = np.maximum(numbers.normal(size=(2, 320, 6, 6)), 0).transpose(0, 2, 3, 1)
for training in (False, True):
    for scale in (1, 0.3, 0.17, 0.1):
        x, spreads = start, []
        for block in blocks:
            block.scale = scale
            x = block(x, training=training)
            spreads.append(x.numpy().std())
        shown = "  ".join(f"{spreads[n - 1]:.3g}" for n in (1, 5, 10, 20))
        print(f"{'training' if training else 'evaluation'}, scale {scale}: {shown}")

# %% fold tags=["same"]
block = Block35(scale=0.17)
expected = block(start)
kernel, bias = block.project.get_weights()
block.project.set_weights([0.17 * kernel, 0.17 * bias])
block.scale = 1
difference = np.abs(block(start) - expected).max()
print(f"scale moved into the weights, largest difference below 1e-12: {difference < 1e-12}")

# %% mistakes tags=["same"]
block, s = Block35(scale=0.17), 0.17
right, r, x = block(start), block.residual(start), start
wrong = {
    "ReLU after the projection": ops.relu(x + s * ops.relu(r)),
    "no ReLU after the sum": x + s * r,
    "no scale": ops.relu(x + r),
    "scale on the whole sum": ops.relu(s * (x + r)),
    "scale on the shortcut": ops.relu(s * x + r),
}
for name, maps in wrong.items():
    difference = np.abs(maps - right).max() / np.abs(right).max()
    print(f"{name}: {difference:.1%}")

# %% small_network
pixels, labels = load_digits(return_X_y=True)


class Small(keras.Model):
    def __init__(self, scale, width=32, depth=12):
        super().__init__()
        self.scale = scale
        self.stem = project(64, width)  # the 8 x 8 pixels of a digit, as 64 channels
        self.inner = [project(width, 16) for _ in range(depth)]
        self.outer = [project(16, width) for _ in range(depth)]
        self.scores = project(width, 10)
        self.scores.kernel.assign(ops.zeros((1, 1, width, 10)))

    def call(self, x):
        x = ops.relu(self.stem(ops.reshape(x, (-1, 1, 1, 64)) / 16))
        for inner, outer in zip(self.inner, self.outer, strict=True):
            x = ops.relu(x + self.scale * outer(ops.relu(inner(x))))
        return ops.reshape(self.scores(x), (-1, 10))


# %% training tags=["same"]
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for scale in (1, 0.3, 0.1):
    for rate in (0.01, 0.1, 0.5):
        numbers, losses = np.random.default_rng(8), []
        net = Small(scale)
        net.compile(keras.optimizers.SGD(rate), cross_entropy, jit_compile=False)
        for _ in range(61):
            chosen = numbers.choice(len(pixels), 64)
            net.reset_metrics()  # the loss of this batch, not the mean of all
            losses.append(net.train_on_batch(pixels[chosen], labels[chosen]))
        shown = "  ".join(f"{loss:.3g}" for loss in losses[::10])
        print(f"scale {scale}, learning rate {rate}: {shown}")
