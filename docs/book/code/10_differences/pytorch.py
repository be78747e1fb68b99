# %% setup
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
numbers = np.random.default_rng(10)
image = numbers.normal(size=(2, 4, 8, 8))
x = torch.from_numpy(image)
usual_reading = {}


# %% experiment
def experiment(name, readings, usual):
    """Prints how far two readings of a layer are apart, relative to the largest value."""
    first, second, usual = (torch.as_tensor(y).numpy() for y in (*readings.values(), usual))
    apart = np.abs(first - second).max() / max(np.abs(first).max(), np.abs(second).max())
    print(f"{name}: {apart:.6f}")
    titles = zip(readings, (first, second), strict=True)
    equal = (title for title, y in titles if y.shape == usual.shape and np.allclose(y, usual))
    usual_reading[name] = next(equal, "neither")


# %% windows tags=["same"]
kernel = torch.from_numpy(numbers.normal(size=(4, 4, 7, 7)))
fixed = F.conv2d(x, kernel, stride=2, padding=3)
same = F.conv2d(F.pad(x, (2, 3, 2, 3)), kernel, stride=2)
experiment("padding", {"3 and 3": fixed, "2 and 3": same}, usual=fixed)
ceil = nn.MaxPool2d(3, stride=2, ceil_mode=True)(x)
padded = nn.MaxPool2d(3, stride=2, padding=1)(x)
experiment("max pool", {"ceil": ceil, "padding 1": padded}, usual=padded)

# %% ceil_and_padding
odd = torch.from_numpy(numbers.normal(size=(1, 4, 7, 7)))
both = nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)(odd)
print(f"7 rows become {both.shape[2]}")

# %% averages tags=["same"]
left_out = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)(x)
counted = nn.AvgPool2d(3, stride=1, padding=1)(x)
experiment("average pool", {"border left out": left_out, "counted": counted}, usual=counted)
divided = nn.LocalResponseNorm(5, alpha=0.1, beta=0.75, k=1)(x)
whole = nn.LocalResponseNorm(5, alpha=5 * 0.1, beta=0.75, k=1)(x)
experiment("LRN alpha", {"divided by 5": divided, "not divided": whole}, usual=divided)

# %% epsilon tags=["same"]
maps = {}
for eps in (1e-3, 1e-5):
    norm = nn.BatchNorm2d(4, eps=eps).eval()
    norm.running_var.fill_(0.01)
    maps[f"eps {eps:g}"] = norm(x)
norm = nn.BatchNorm2d(4).eval()
norm.running_var.fill_(0.01)
experiment("batch norm", maps, usual=norm(x))

# %% running tags=["same"]
norms = {"keeps 0.9": nn.BatchNorm2d(4, momentum=0.1), "keeps 0.1": nn.BatchNorm2d(4, momentum=0.9)}
for norm in norms.values():
    norm(x + 1), norm(x - 1)
means = {title: norm.running_mean for title, norm in norms.items()}
experiment("momentum 0.9", means, usual=means["keeps 0.1"])
norm = nn.BatchNorm2d(4, momentum=1.0)
norm(x)
count = x.numel() // 4
readings = {"by n": norm.running_var * (count - 1) / count, "by n - 1": norm.running_var}
experiment("running variance", readings, usual=norm.running_var)

# %% layouts tags=["same"]
kernel = torch.from_numpy(numbers.normal(size=(4, 4, 4, 4)))
outs_first = F.conv2d(x, kernel)
outs_last = F.conv2d(x, kernel.permute(3, 2, 0, 1))
experiment("kernel", {"out in h w": outs_first, "h w in out": outs_last}, usual=outs_first)
matrix = torch.from_numpy(numbers.normal(size=(256, 256)))
channels_first, channels_last = x.flatten(1), x.permute(0, 2, 3, 1).flatten(1)
linear = F.linear(channels_first, matrix)
experiment("matrix", {"out in": linear, "in out": channels_first @ matrix}, usual=linear)
permuted = F.linear(channels_last, matrix)
experiment("flatten", {"channel first": linear, "channel last": permuted}, usual=linear)

# %% loss tags=["same"]
logits = torch.from_numpy(3 * numbers.normal(size=(16, 10)))
labels = logits.argmax(1)  # a network that is always right
once = F.cross_entropy(logits, labels)
twice = F.cross_entropy(logits.softmax(1), labels)
print(f"softmax once: {once.item():.6f}\nsoftmax twice: {twice.item():.6f}")
experiment("cross-entropy of logits", {"softmax once": once, "softmax twice": twice}, usual=once)

# %% falling_rate tags=["same"]
gradients = numbers.normal(size=(6, 50))
rates = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
outside = torch.zeros(50, requires_grad=True)
optimizer = torch.optim.SGD([outside], lr=0.1, momentum=0.9)
inside, velocity = torch.zeros(50), torch.zeros(50)
for rate, gradient in zip(rates, torch.from_numpy(gradients), strict=True):
    optimizer.param_groups[0]["lr"], outside.grad = rate, gradient
    optimizer.step()
    velocity = 0.9 * velocity + rate * gradient
    inside -= velocity
outside = outside.detach()
experiment("SGD", {"rate outside": outside, "rate inside": inside}, usual=outside)

# %% usual
for name, reading in usual_reading.items():
    print(f"{name}: {reading}")

# %% default_numbers
norm, adam = nn.BatchNorm2d(1), torch.optim.Adam([torch.zeros(1)])
print(f"batch norm eps: {norm.eps:g}")
print(f"batch norm momentum: {norm.momentum:g}")
print(f"Adam eps: {adam.defaults['eps']:g}")

# %% not_a_number
some = torch.tensor([[[[float("nan"), 1.0], [2.0, 3.0]]]])
print(f"ReLU of NaN: {some.relu().ravel()[0].item():g}")
print(f"max pool of NaN, 1, 2, 3: {nn.MaxPool2d(2)(some).item():g}")
print(f"max pool of four NaN: {nn.MaxPool2d(2)(some * float('nan')).item():g}")

# %% whole_network tags=["same"]
from sklearn.datasets import load_sample_image

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from pytorch_impl import load_weights, network

photograph = load_sample_image("china.jpg")[100:324, 200:424] / 127.5 - 1
images = torch.from_numpy(photograph[None].transpose(0, 3, 1, 2).copy())
arrays = initial_arrays(make_plan(networks.network("googlenet")), seed=0)
logits = {}
for name in ("googlenet", "googlenet.paddle"):
    weights.write(Path("w.safetensors"), arrays, make_plan(networks.network(name)))
    net = network(name).double().eval()
    load_weights(net, "w.safetensors")
    logits[name] = net(images)[0].numpy()
    print(f"{name}: {len(logits[name])} logits, class {logits[name].argmax()}")
first, second = logits.values()
print(f"largest difference: {np.abs(first - second).max() / np.abs(first).max():.4f}")
