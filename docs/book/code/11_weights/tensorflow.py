# %% setup
import keras
import numpy as np
from keras import layers
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_sample_image

keras.config.set_floatx("float64")


# %% photographs tags=["same"]
photographs = [load_sample_image(name)[:416] for name in ("china.jpg", "flower.jpg")]
pixels = np.stack(photographs).reshape(2, 13, 32, 20, 32, 3).swapaxes(2, 3)
pixels = pixels.reshape(520, 32, 32, 3)  # 260 patches of each photograph
labels = np.repeat([0, 1], 260)
chessboard = np.tile(np.add.outer(np.arange(13), np.arange(20)).ravel() % 2, 2)
train, test = chessboard == 0, chessboard == 1
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def prepare(pixels):
    """Normalized images x channels x rows x columns."""
    return ((pixels / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)


print(f"{train.sum()} patches to train, {test.sum()} to test")

# %% somebody_trains tags=["same"]
numbers = np.random.default_rng(11)
kernel = numbers.normal(size=(32, 3, 5, 5)) / np.sqrt(75)
windows = np.lib.stride_tricks.sliding_window_view(prepare(pixels[train]), (5, 5), axis=(2, 3))
maps = np.einsum("ncyxij,ocij->noyx", windows[:, :, ::2, ::2], kernel, optimize=True)
mean, var = maps.mean((0, 2, 3)), maps.var((0, 2, 3))
gamma, beta = numbers.uniform(0.5, 1.5, 32), numbers.normal(size=32) / 10
scale = (gamma / np.sqrt(var + 1e-3))[:, None, None]
maps = np.maximum((maps - mean[:, None, None]) * scale + beta[:, None, None], 0)
found = maps.reshape(260, 32, 2, 7, 2, 7).mean((3, 5)).reshape(260, 128)
found = np.hstack([found, np.ones((260, 1))])  # the ones are for the bias
solution = np.linalg.solve(found.T @ found + np.eye(129), found.T @ np.eye(2)[labels[train]])
trained = {
    "conv.weight": kernel, "norm.weight": gamma, "norm.bias": beta,
    "norm.running_mean": mean, "norm.running_var": var,
    "linear.weight": np.ascontiguousarray(solution[:128].T), "linear.bias": solution[128],
}  # fmt: skip
save_file(trained, "trained.safetensors")
for name, array in load_file("trained.safetensors").items():
    print(name, *array.shape)

# %% network
net = keras.Sequential([
    layers.Input((32, 32, 3)),
    layers.Conv2D(32, 5, strides=2, use_bias=False, name="conv"),
    layers.BatchNormalization(epsilon=1e-3, name="norm"),
    layers.ReLU(), layers.AveragePooling2D(7), layers.Flatten(), layers.Dense(2, name="linear"),
])  # fmt: skip

# %% load
NORM = ("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var")


def load(arrays):
    """Sets the weights of `net` from arrays in the order of the file."""
    matrix = arrays["linear.weight"].reshape(2, 32, 2, 2).transpose(2, 3, 1, 0).reshape(128, 2)
    net.get_layer("conv").set_weights([arrays["conv.weight"].transpose(2, 3, 1, 0)])
    net.get_layer("norm").set_weights([arrays[name] for name in NORM])
    net.get_layer("linear").set_weights([matrix, arrays["linear.bias"]])


load(load_file("trained.safetensors"))


# %% outputs tags=["same"]
def logits_of(images):
    """The logits of images x channels x rows x columns."""
    return net(images.transpose(0, 2, 3, 1), training=False).numpy()


def accuracy(logits):
    """The part of the test patches whose larger logit is the right one."""
    return (logits.argmax(1) == labels[test]).mean()


expected = logits_of(prepare(pixels[test]))
print("first logits: {:.10f}, {:.10f}".format(*expected[0]))
print(f"accuracy: {accuracy(expected):.3f}")


# %% save tags=["same"]
def arrays_of():
    """The weights of `net` in the order of the file."""
    (kernel,), (matrix, bias) = (net.get_layer(n).get_weights() for n in ("conv", "linear"))
    matrix = matrix.reshape(2, 2, 32, 2).transpose(3, 2, 0, 1).reshape(2, 128)
    arrays = dict(zip(NORM, net.get_layer("norm").get_weights(), strict=True))
    arrays |= {"conv.weight": kernel.transpose(3, 2, 0, 1)}
    arrays |= {"linear.weight": matrix, "linear.bias": bias}
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


save_file(arrays_of(), "again.safetensors")
first, again = load_file("trained.safetensors"), load_file("again.safetensors")
equal = [name for name in trained if np.array_equal(first[name], again[name])]
print(f"{len(equal)} of {len(trained)} arrays are equal bit for bit")

# %% views tags=["same"]
view = kernel.transpose(2, 3, 1, 0)  # the same memory, read in a different order
save_file({"view": view, "copy": np.ascontiguousarray(view)}, "views.safetensors")
for name, array in load_file("views.safetensors").items():
    print(f"{name}: shape {array.shape}, right: {np.array_equal(array, view)}")

# %% mistakes tags=["same"]
columns = trained["linear.weight"].reshape(2, 32, 2, 2).transpose(0, 2, 3, 1).reshape(2, 128)
changes = {
    "statistics forgotten": {"norm.running_mean": 0 * mean, "norm.running_var": 0 * var + 1},
    "kernel reshaped": {"conv.weight": kernel.transpose(2, 3, 1, 0).reshape(kernel.shape)},
    "kernel turned": {"conv.weight": kernel.transpose(0, 1, 3, 2)},
    "columns not permuted": {"linear.weight": columns},
}
for name, change in changes.items():
    load(trained | change)
    logits = logits_of(prepare(pixels[test]))
    off = np.abs(logits - expected).max() / np.abs(expected).max()
    print(f"{name}: off by {off:.3f}, accuracy {accuracy(logits):.3f}")
load(trained)

# %% preprocessing tags=["same"]
some, raw = pixels[test], pixels[test].transpose(0, 3, 1, 2)
inputs = {
    "as in training": prepare(some),
    "BGR": prepare(some[..., ::-1]),
    "0 to 255": raw.astype(float),
    "0 to 1": raw / 255,
    "-1 to 1": raw / 127.5 - 1,
    "reshaped": ((some / 255 - MEAN) / DEVIATION).reshape(-1, 3, 32, 32),
    "rows and columns exchanged": prepare(some).transpose(0, 1, 3, 2),
    "every second pixel": prepare(some[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)),
}
for name, images in inputs.items():
    print(f"{name}: {accuracy(logits_of(images)):.3f}")

# %% checkpoint tags=["same"]
from tensorflow_impl import load_weights, network, save_weights

save_weights(network("googlenet"), "googlenet.safetensors")
ten = network("googlenet", classes=10)
load_weights(ten, "googlenet.safetensors", backbone_only=True)
save_weights(ten, "ten.safetensors")
first, again = load_file("googlenet.safetensors"), load_file("ten.safetensors")
equal = [name for name in first if np.array_equal(first[name], again[name])]
print(f"numbers: {sum(array.size for array in first.values()):,}")
print(f"taken for 10 classes: {len(equal)} of {len(first)} arrays")
