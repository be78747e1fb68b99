# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

keras.config.set_floatx("float64")
batch = np.array([2.0, 4.0, 4.0, 10.0])  # one channel of four images, one pixel each
gamma, beta = 2.0, 1.0
eps = 2.0**-10  # about 0.001, and exact in single precision as well
np.set_printoptions(precision=4, floatmode="fixed")

# %% steps tags=["same"]
x = tf.constant(batch)
mean = tf.reduce_mean(x)
variance = tf.reduce_mean((x - mean) ** 2)
normalized = (x - mean) / tf.sqrt(variance)
y = gamma * normalized + beta
print(f"1. mean: {mean:.4f}")
print(f"2. variance: {variance:.4f}")
print(f"3. normalized: {normalized.numpy()}")
print(f"4. scaled and shifted: {y.numpy()}")

# %% layer tags=["same"]
norm = layers.BatchNormalization(
    epsilon=eps,
    gamma_initializer=keras.initializers.Constant(gamma),
    beta_initializer=keras.initializers.Constant(beta),
)
y = norm(x[:, None], training=True)
print(f"by the layer: {y[:, 0].numpy()}")

# %% maps tags=["same"]
maps = np.random.default_rng(1).normal(3, 2, size=(8, 5, 6, 6))  # drawn channels first
norm = layers.BatchNormalization(epsilon=eps, momentum=0.9)  # nine tenths of the old
x = maps.transpose(0, 2, 3, 1)
by_layer = np.transpose(norm(x, training=True), (0, 3, 1, 2))
mean, variance = (f(maps, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
difference = np.abs(by_layer - (maps - mean) / np.sqrt(variance + eps)).max()
print(f"numbers in a mean: {maps[:, 0].size}")
print(f"largest difference below 1e-12: {difference < 1e-12}")

# %% training_evaluation tags=["same"]
for count in (4, 8):
    print(f"training, batch of {count}: {norm(x[:count], training=True)[0, 0, 0, 0]:.4f}")
# Evaluation is the default of a call: training=False.
four, eight = (float(norm(x[:count])[0, 0, 0, 0]) for count in (4, 8))
print(f"evaluation, equal in both batches: {abs(four - eight) < 1e-12}")

# %% running tags=["same"]
norm = layers.BatchNormalization(epsilon=eps, momentum=0.9)  # nine tenths of the old are kept
for step in (1, 2, 3):
    norm(batch[:, None], training=True)
    print(f"running mean after {step}: {float(norm.moving_mean[0]):.4f}")

# %% conventions
print(f"running variance after 3: {float(norm.moving_variance[0]):.4f}")
norm = layers.BatchNormalization()
print(f"default momentum: {norm.momentum}, the weight of the old value")
print(f"default eps: {norm.epsilon}")
norm = layers.BatchNormalization(momentum=0.1)
for _ in range(3):
    norm(batch[:, None], training=True)
print(f"with momentum=0.1, running mean after 3: {float(norm.moving_mean[0]):.4f}")

# %% invariance tags=["same"]
numbers = np.random.default_rng(2)
kernel, target = numbers.normal(size=(4, 5, 3, 3)), numbers.normal(size=(8, 4, 6, 6))
for factor in (1, 10):
    conv = layers.Conv2D(4, 3, padding="same")
    norm = layers.BatchNormalization(epsilon=eps)
    conv.build(x.shape)
    conv.set_weights([factor * kernel.transpose(2, 3, 1, 0), np.zeros(4)])
    with tf.GradientTape() as tape:
        y = norm(conv(x), training=True)
        loss = tf.reduce_sum(y * target.transpose(0, 2, 3, 1))
    weight_norm, bias_norm = map(tf.norm, tape.gradient(loss, conv.trainable_weights))
    print(f"kernel x {factor}: first output {y[0, 0, 0, 0]:.3f}")
    print(f"kernel x {factor}: gradient {weight_norm:.3f}, of the bias 0: {bias_norm < 1e-10}")


# %% network
def make(norm, momentum=0.9):
    """Six convolutions on digits of 8 x 8 pixels, with the same initial weights every time."""
    numbers = np.random.default_rng(0)
    x = image = keras.Input((8, 8, 1))
    for number in range(6):
        kernel = numbers.normal(size=(16, x.shape[3], 3, 3)) * np.sqrt(2 / (9 * x.shape[3]))
        conv = layers.Conv2D(16, 3, padding="same", use_bias=not norm)
        x = conv(x)
        conv.kernel.assign(kernel.transpose(2, 3, 1, 0))
        if norm:
            x = layers.BatchNormalization(momentum=momentum, epsilon=eps)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x) if number == 0 else x
    fc = layers.Dense(10)
    x = fc(layers.GlobalAveragePooling2D()(x))
    fc.kernel.assign(numbers.normal(size=(10, 16)).T / 4)
    return keras.Model(image, x)


# %% train
digits = load_digits()
images, labels = digits.images[..., None] / 16, digits.target
test_images, test_labels = images[1536:], labels[1536:]


def train(net, rate, epochs):
    """Trains on 24 batches of 64 images and returns the mean loss of each epoch."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(rate), loss)
    options = {"batch_size": 64, "shuffle": False, "verbose": 0}
    return net.fit(images[:1536], labels[:1536], epochs=epochs, **options).history["loss"]


def accuracy(net, training=False):
    right = np.argmax(net(test_images, training=training), axis=1) == test_labels
    return f"{right.mean():.1%}"


# %% rates tags=["same"]
nets = {}
for norm in (False, True):
    for rate in (0.1, 0.3, 1.0, 3.0):
        net = nets[norm, rate] = make(norm)
        losses = train(net, rate, epochs=3)
        name = f"{'with' if norm else 'without'}, rate {rate}"
        print(f"{name}: loss {losses[0]:.4f} {losses[2]:.4f} accuracy {accuracy(net)}")

# %% early tags=["same"]
net = make(norm=True, momentum=0.99)  # 0.99 of the old are kept
train(net, rate=0.3, epochs=3)
print(f"keep 0.99, in evaluation: {accuracy(net)}")
print(f"keep 0.99, in training: {accuracy(net, training=True)}")

# %% forgotten tags=["same"]
net = nets[True, 0.3]
before = accuracy(net)
for size in (64, 8, 1):
    batches = [test_images[i : i + size] for i in range(0, 256, size)]
    parts = [np.argmax(net(part, training=True), axis=1) for part in batches]
    right = (np.concatenate(parts) == test_labels[:256]).mean()
    print(f"left in training, batches of {size}: {right:.1%}")
print(f"evaluation afterwards as before: {accuracy(net) == before}")
