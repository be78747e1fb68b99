# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits

keras.config.set_floatx("float64")
numbers = np.random.default_rng(7)
maps = numbers.normal(size=(1, 32, 35, 35)).transpose(0, 2, 3, 1)  # drawn channels first


def weights(*convolutions):
    return sum(layer.kernel.numpy().size for layer in convolutions)


def shape(output):
    _, rows, columns, channels = output.shape
    return f"{channels} x {rows} x {columns}"


# %% two_small tags=["same"]
five = layers.Conv2D(32, 5, padding="same")
two = [
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.Conv2D(32, 3, padding="same"),
]
of_five, of_two = five(maps), two[1](two[0](maps))
before, after = weights(five), weights(*two)
print(f"5x5: {before:,} weights, output {shape(of_five)}")
print(f"two 3x3: {after:,} weights, output {shape(of_two)}")
print(f"saved: {1 - after / before:.1%}")

# %% asymmetric tags=["same"]
for n in (3, 5, 7):
    square = layers.Conv2D(32, n, padding="same")
    row = layers.Conv2D(32, (1, n), padding="same")
    column = layers.Conv2D(32, (n, 1), padding="same")
    same_shape = square(maps).shape == column(row(maps)).shape
    saved = 1 - weights(row, column) / weights(square)
    print(f"{n}x{n}: {weights(square):,} or {weights(row, column):,} weights, saved {saved:.1%}")
    print(f"{n}x{n}: equal shapes {same_shape}")

# %% composed tags=["same"]
one, two = numbers.normal(size=(2, 3, 3))
five = np.zeros((5, 5))
for i, j in np.ndindex(3, 3):
    five[i : i + 3, j : j + 3] += one[i, j] * two
x = numbers.normal(size=(1, 1, 35, 35)).transpose(0, 2, 3, 1)
one, two, five = (kernel[:, :, None, None] for kernel in (one, two, five))
whole = ops.conv(x, five, padding="same")
steps = ops.conv(ops.conv(x, one, padding="same"), two, padding="same")
with_relu = ops.conv(ops.relu(ops.conv(x, one, padding="same")), two, padding="same")
apart = np.abs(whole - steps)[0, :, :, 0]
print(f"largest difference inside below 1e-12: {apart[1:-1, 1:-1].max() < 1e-12}")
print(f"largest difference at the border: {apart.max():.3f}")
print(f"with a ReLU between: {np.abs(whole - with_relu).max():.3f}")

# %% grid tags=["same"]
pool = layers.MaxPooling2D(3, 2)
wide = [layers.Conv2D(64, 3, padding="same") for _ in range(2)]
strided = layers.Conv2D(32, 3, strides=2)
outputs = {
    "pool, then convolution": wide[0](pool(maps)),
    "convolution, then pool": pool(wide[1](maps)),
    "in parallel": ops.concatenate([strided(maps), pool(maps)], axis=3),
}
counts = (weights(wide[0]) * 17 * 17, weights(wide[1]) * 35 * 35, weights(strided) * 17 * 17)
for (name, output), multiply_adds in zip(outputs.items(), counts, strict=True):
    print(f"{name}: {shape(output)}, {multiply_adds:,} multiply-adds")

# %% smoothing tags=["same"]
logits, label, epsilon = np.array([4.0, 1.0, 0.0, -1.0]), 0, 0.1
target = np.full(4, epsilon / 4)
target[label] += 1 - epsilon
log_q = logits - np.log(np.exp(logits).sum())
z, labels = logits[None], np.eye(4)[[label]]  # the smoothed loss takes labels as vectors
hard = keras.losses.CategoricalCrossentropy(from_logits=True)
soft = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=epsilon)
print(f"target: {' '.join(f'{value:.3f}' for value in target)}")
print(f"by hand: {-log_q[label]:.6f} hard, {-(target * log_q).sum():.6f} smoothed")
print(f"by the framework: {hard(labels, z):.6f} hard, {soft(labels, z):.6f} smoothed")

# %% pushed tags=["same"]
for epsilon in (0.0, 0.1):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=epsilon)
    z = tf.Variable(np.zeros((1, 10)))
    optimizer = keras.optimizers.SGD(1.0)
    for step in range(1, 301):
        with tf.GradientTape() as tape:
            value = loss(np.eye(10)[[0]], z)
        optimizer.apply([tape.gradient(value, z)], [z])
        if step in (10, 100, 300):
            print(f"epsilon {epsilon}, step {step}: gap {z[0, 0] - z[0, 1]:.4f}")

# %% trained tags=["same"]
digits = load_digits()
x, y = digits.data / 16, np.eye(10)[digits.target]
for epsilon in (0.0, 0.1):
    numbers = np.random.default_rng(0)
    dense = [layers.Dense(64, activation="relu"), layers.Dense(10)]
    net = keras.Sequential([keras.Input((64,)), *dense])
    for layer, size in zip(dense, ((64, 64), (10, 64)), strict=True):
        layer.kernel.assign(numbers.normal(size=size).T / 6)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=epsilon)
    net.compile(keras.optimizers.SGD(0.5), loss)
    net.fit(x[:1536], y[:1536], batch_size=64, epochs=20, shuffle=False, verbose=0)
    for name, part in (("training", slice(1536)), ("test", slice(1536, None))):
        z = net(x[part])
        top = ops.top_k(z, 2)[0].numpy()
        right = (np.argmax(z, axis=1) == digits.target[part]).mean()
        sure = np.max(ops.softmax(z), axis=1).mean()
        print(f"epsilon {epsilon}, {name}: gap {(top[:, 0] - top[:, 1]).mean():.3f}")
        print(f"epsilon {epsilon}, {name}: accuracy {right:.1%}, mean probability {sure:.3f}")


# %% blocks
def conv(x, outputs):
    """A 3x3 convolution, batch norm and ReLU."""
    layer = layers.Conv2D(outputs, 3, padding="same", use_bias=False)
    inputs, x = x.shape[3], layer(x)
    kernel = numbers.normal(size=(outputs, inputs, 3, 3)) * np.sqrt(2 / (9 * inputs))
    layer.kernel.assign(kernel.transpose(2, 3, 1, 0))
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=2.0**-10)(x))


def classifier(x):
    fc, x = layers.Dense(10), conv(x, 16)
    x = layers.Permute((3, 1, 2))(x)  # as the other frameworks flatten
    x = fc(layers.Flatten()(x))
    fc.kernel.assign(numbers.normal(size=(10, 256)).T / 16)
    return x


# %% head tags=["same"]
x, y = digits.images[..., None] / 16, digits.target
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for seed, weight in ((0, 0.0), (0, 0.4), (1, 0.0), (1, 0.4)):
    numbers = np.random.default_rng(seed)
    image = keras.Input((8, 8, 1))
    body = conv(layers.MaxPooling2D(2)(conv(image, 16)), 16)
    head = classifier(body)
    rest = classifier(conv(body, 16))
    net = keras.Model(image, [rest, head])
    net.compile(keras.optimizers.SGD(0.1), [loss, loss], loss_weights=[1.0, weight])
    few = (x[:192], [y[:192], y[:192]])
    net.fit(*few, batch_size=64, epochs=15, shuffle=False, verbose=0)
    right = np.argmax(net(x[1000:])[0], axis=1) == y[1000:]
    print(f"seed {seed}, head {weight}: {right.mean():.1%}")
