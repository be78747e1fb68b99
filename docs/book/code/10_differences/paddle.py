# %% setup
from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

paddle.set_default_dtype("float64")
paddle.set_grad_enabled(False)
numbers = np.random.default_rng(10)
image = numbers.normal(size=(2, 4, 8, 8))
x = paddle.to_tensor(image)
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
kernel = paddle.to_tensor(numbers.normal(size=(4, 4, 7, 7)))
fixed = F.conv2d(x, kernel, stride=2, padding=3)
same = F.conv2d(x, kernel, stride=2, padding=[2, 3, 2, 3])
experiment("padding", {"3 and 3": fixed, "2 and 3": same}, usual=fixed)
ceil = nn.MaxPool2D(3, stride=2, ceil_mode=True)(x)
padded = nn.MaxPool2D(3, stride=2, padding=1)(x)
experiment("max pool", {"ceil": ceil, "padding 1": padded}, usual=padded)

# %% ceil_and_padding
odd = paddle.to_tensor(numbers.normal(size=(1, 4, 7, 7)))
both = nn.MaxPool2D(2, stride=2, padding=1, ceil_mode=True)(odd)
print(f"7 rows become {both.shape[2]}")

# %% averages tags=["same"]
left_out = nn.AvgPool2D(3, stride=1, padding=1)(x)
counted = nn.AvgPool2D(3, stride=1, padding=1, exclusive=False)(x)
experiment("average pool", {"border left out": left_out, "counted": counted}, usual=left_out)
divided = nn.LocalResponseNorm(5, alpha=0.1, beta=0.75, k=1)(x)
whole = nn.LocalResponseNorm(5, alpha=5 * 0.1, beta=0.75, k=1)(x)
experiment("LRN alpha", {"divided by 5": divided, "not divided": whole}, usual=divided)

# %% epsilon tags=["same"]
maps = {}
for eps in (1e-3, 1e-5):
    norm = nn.BatchNorm2D(4, epsilon=eps)
    norm.eval()
    norm._variance.set_value(np.full(4, 0.01))
    maps[f"eps {eps:g}"] = norm(x)
norm = nn.BatchNorm2D(4)
norm.eval()
norm._variance.set_value(np.full(4, 0.01))
experiment("batch norm", maps, usual=norm(x))

# %% running tags=["same"]
norms = {f"keeps {kept:g}": nn.BatchNorm2D(4, momentum=kept) for kept in (0.9, 0.1)}
for norm in norms.values():
    norm(x + 1), norm(x - 1)
means = {title: norm._mean for title, norm in norms.items()}
experiment("momentum 0.9", means, usual=means["keeps 0.9"])
norm = nn.BatchNorm2D(4, momentum=0.0)
norm(x)
count = image.size // 4
readings = {"by n": norm._variance, "by n - 1": norm._variance * count / (count - 1)}
experiment("running variance", readings, usual=norm._variance)

# %% layouts tags=["same"]
kernel = paddle.to_tensor(numbers.normal(size=(4, 4, 4, 4)))
outs_first = F.conv2d(x, kernel)
outs_last = F.conv2d(x, kernel.transpose([3, 2, 0, 1]))
experiment("kernel", {"out in h w": outs_first, "h w in out": outs_last}, usual=outs_first)
matrix = paddle.to_tensor(numbers.normal(size=(256, 256)))
channels_first, channels_last = x.flatten(1), x.transpose([0, 2, 3, 1]).flatten(1)
linear = F.linear(channels_first, matrix.T)
usual = F.linear(channels_first, matrix)
experiment("matrix", {"out in": linear, "in out": usual}, usual=usual)
permuted = F.linear(channels_last, matrix.T)
experiment("flatten", {"channel first": linear, "channel last": permuted}, usual=linear)

# %% loss tags=["same"]
logits = paddle.to_tensor(3 * numbers.normal(size=(16, 10)))
labels = logits.argmax(1)  # a network that is always right
once = F.cross_entropy(logits, labels)
twice = F.cross_entropy(F.softmax(logits), labels)
print(f"softmax once: {once.item():.6f}\nsoftmax twice: {twice.item():.6f}")
experiment("cross-entropy of logits", {"softmax once": once, "softmax twice": twice}, usual=once)

# %% falling_rate tags=["same"]
gradients = numbers.normal(size=(6, 50))
rates = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
outside = paddle.create_parameter([50], "float64", default_initializer=nn.initializer.Constant(0))
optimizer = paddle.optimizer.Momentum(0.1, momentum=0.9, parameters=[outside])
inside, velocity = paddle.zeros([50]), paddle.zeros([50])
for rate, gradient in zip(rates, paddle.to_tensor(gradients), strict=True):
    optimizer.set_lr(rate)
    outside.grad = gradient
    optimizer.step()
    velocity = 0.9 * velocity + rate * gradient
    inside -= velocity
experiment("SGD", {"rate outside": outside, "rate inside": inside}, usual=outside)

# %% usual
for name, reading in usual_reading.items():
    print(f"{name}: {reading}")

# %% default_numbers
norm, adam = nn.BatchNorm2D(1), paddle.optimizer.Adam(parameters=[outside])
print(f"batch norm eps: {norm._epsilon:g}")
print(f"batch norm momentum: {norm._momentum:g}")
print(f"Adam eps: {adam._epsilon:g}")

# %% not_a_number
some = paddle.to_tensor([[[[float("nan"), 1.0], [2.0, 3.0]]]])
print(f"ReLU of NaN: {F.relu(some).flatten()[0].item():g}")
print(f"max pool of NaN, 1, 2, 3: {nn.MaxPool2D(2)(some).item():g}")
print(f"max pool of four NaN: {nn.MaxPool2D(2)(some * float('nan')).item():g}")

# %% whole_network tags=["same"]
from sklearn.datasets import load_sample_image

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from paddle_impl import load_weights, network

photograph = load_sample_image("china.jpg")[100:324, 200:424] / 127.5 - 1
images = paddle.to_tensor(photograph[None].transpose(0, 3, 1, 2))
arrays = initial_arrays(make_plan(networks.network("googlenet")), seed=0)
logits = {}
for name in ("googlenet", "googlenet.paddle"):
    weights.write(Path("w.safetensors"), arrays, make_plan(networks.network(name)))
    net = network(name)
    net.eval()
    load_weights(net, "w.safetensors")
    logits[name] = net(images)[0].numpy()
    print(f"{name}: {len(logits[name])} logits, class {logits[name].argmax()}")
first, second = logits.values()
print(f"largest difference: {np.abs(first - second).max() / np.abs(first).max():.4f}")
