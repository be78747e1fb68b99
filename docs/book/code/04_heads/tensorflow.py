# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from common import networks
from common.data.images import batch, photographs
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from tensorflow_impl import load_weights, network

keras.config.set_floatx("float64")
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
labels = np.array([497, 985])  # ImageNet's numbers of "church" and "daisy"


# %% head tags=["same"]
def head(channels, classes):
    return keras.Sequential(
        [
            layers.Input((14, 14, channels)),
            layers.AveragePooling2D(5, strides=3, name="pool"),
            layers.Conv2D(128, kernel_size=1, activation="relu"),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.7),
            layers.Dense(classes),
        ]
    )


for channels in (512, 528):
    model = head(channels, classes=1000)
    _, rows, columns, _ = model.get_layer("pool").output.shape
    count = model.count_params()
    print(f"{channels} channels: pooled to {channels} x {rows} x {columns}, {count:,} parameters")


# %% start
def start(name):
    """A network with heads, no dropout, and the initial weights of its published code."""
    spec = networks.network(name, aux=True)
    plan = make_plan(spec)
    weights.write("start.safetensors", initial_arrays(plan, seed=0), plan)
    net = network(name, aux=True)
    load_weights(net, "start.safetensors")
    for layer in net.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    images = batch(photographs(), spec.input, spec.preprocess)
    return net, images.transpose(0, 2, 3, 1).astype("float64")


# %% modes tags=["same"]
net, images = start("googlenet.caffe")
outputs = net(images, training=True)
for name, logits in outputs.items():
    print(f"training, {name}: {len(logits)} x {logits.shape[1]}")
logits = net(images, training=False)
print(f"evaluation: {len(logits)} x {logits.shape[1]}")
print("the same logits:", np.allclose(logits, outputs["logits"]))

# %% losses tags=["same"]
losses = {name: float(cross_entropy(labels, z)) for name, z in outputs.items()}
for name, loss in losses.items():
    print(f"{name}: {loss:.6f}")
total = losses["logits"] + 0.3 * (losses["aux1"] + losses["aux2"])
print(f"total: {total:.6f}")


# %% gradient
def gradient(net, images, factors):
    """The gradient of a weighted sum of the losses, for each step of the network."""
    with tf.GradientTape() as tape:
        outputs = net(images, training=True)
        loss = sum(factor * cross_entropy(labels, outputs[n]) for n, factor in factors.items())
    gradients = tape.gradient(loss, net.trainable_weights)
    found = {}
    for variable, value in zip(net.trainable_weights, gradients, strict=True):
        if value is not None:
            found.setdefault(variable.path.split("_")[0], []).append(np.ravel(value))
    return {step: np.concatenate(parts) for step, parts in found.items()}


names = [step.path for step in net.plan.body.children]
STEPS = [name for name in names if name.startswith(("conv", "inception"))]

# %% caffe tags=["same"]
main = gradient(net, images, {"logits": 1})
aux1 = gradient(net, images, {"aux1": 0.3})
aux2 = gradient(net, images, {"aux2": 0.3})
print("step           main   head 1   head 2      all    ratio")
for step in STEPS:
    parts = [each.get(step, np.zeros(1)) for each in (main, aux1, aux2)]
    norms = [np.linalg.norm(part) for part in (*parts, sum(parts))]
    print(f"{step:12}", *(f"{norm:8.3f}" for norm in norms), f"{norms[3] / norms[0]:8.2f}")

# %% weight_one tags=["same"]
everything = gradient(net, images, {"logits": 1, "aux1": 0.3, "aux2": 0.3})
apart = max(np.abs(everything[s] - main[s] - aux1.get(s, 0) - aux2.get(s, 0)).max() for s in STEPS)
print("the gradient of the sum is the sum of the gradients:", apart < 1e-9)
for factor in (0, 0.3, 1):
    parts = main["conv1"] + factor / 0.3 * (aux1["conv1"] + aux2["conv1"])
    print(f"heads' weight {factor}: {np.linalg.norm(parts) / np.linalg.norm(main['conv1']):.2f}")

# %% other_starts tags=["same"]
for name in ("googlenet", "googlenet.torchvision"):
    net, images = start(name)
    main = gradient(net, images, {"logits": 1})
    everything = gradient(net, images, {"logits": 1, "aux1": 0.3, "aux2": 0.3})
    print(name)
    for step in STEPS:
        norms = [np.linalg.norm(each[step]) for each in (main, everything)]
        print(f"{step:12} {norms[0]:9.3f} {norms[1]:9.3f} {norms[1] / norms[0]:6.3f}")
