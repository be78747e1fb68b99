# %% setup
import time

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
numbers = np.random.default_rng(9)


def draw(*shape):  # output channels, input channels, rows, columns
    return numbers.normal(size=shape) * np.sqrt(1 / np.prod(shape[1:]))


x = torch.from_numpy(numbers.normal(size=(1, 48, 16, 16)))

# %% grouped tags=["same"]
for groups in (1, 3, 48):
    conv = nn.Conv2d(48, 48, 3, padding=1, groups=groups, bias=False)
    weights = conv.weight.numel()
    print(f"groups {groups}: {weights:,} weights, {weights * 16 * 16:,} multiply-adds")

kernel = draw(48, 16, 3, 3)
conv = nn.Conv2d(48, 48, 3, padding=1, groups=3, bias=False)
conv.weight.data = torch.from_numpy(kernel)
pairs = zip(x.chunk(3, dim=1), torch.from_numpy(kernel).chunk(3), strict=True)
parts = [F.conv2d(maps, own, padding=1) for maps, own in pairs]
difference = (conv(x) - torch.cat(parts, dim=1)).abs().max().item()
print(f"three convolutions side by side, difference below 1e-12: {difference < 1e-12}")

# %% separable tags=["same"]
depthwise_kernel, pointwise_kernel = draw(48, 1, 3, 3), draw(48, 48, 1, 1)
depthwise = nn.Conv2d(48, 48, 3, padding=1, groups=48, bias=False)
pointwise = nn.Conv2d(48, 48, 1, bias=False)
depthwise.weight.data = torch.from_numpy(depthwise_kernel)
pointwise.weight.data = torch.from_numpy(pointwise_kernel)
right = pointwise(depthwise(x))
count, channels, rows, columns = right.shape
weights = depthwise.weight.numel() + pointwise.weight.numel()
print(f"separable: {channels} x {rows} x {columns}, {weights:,} weights")

# %% merged tags=["same"]
kernel = pointwise_kernel * depthwise_kernel[:, 0]  # 48 x 48 x 3 x 3
full = F.conv2d(x, torch.from_numpy(kernel), padding=1)
difference = (full - right).abs().max().item()
print(f"full: {kernel.size:,} weights, difference below 1e-12: {difference < 1e-12}")

# %% mistakes tags=["same"]
# As if (48, 1, 3, 3) were reshaped to Keras' (3, 3, 48, 1), and not transposed.
reshaped = depthwise_kernel.reshape(3, 3, 48, 1).transpose(2, 3, 0, 1)
flipped = depthwise_kernel[..., ::-1, ::-1]


def with_kernel(kernel):
    return F.conv2d(x, torch.from_numpy(kernel.copy()), padding=1, groups=48)


wrong = {
    "ReLU between": pointwise(F.relu(depthwise(x))),
    "1x1 first": depthwise(pointwise(x)),
    "kernel reshaped": pointwise(with_kernel(reshaped)),
    "kernel flipped": pointwise(with_kernel(flipped)),
}
for name, maps in wrong.items():
    difference = ((maps - right).abs().max() / right.abs().max()).item()
    print(f"{name}: {difference:.1%}")


# %% middle tags=["same"]
class Separable(nn.Sequential):
    def __init__(self, inputs, outputs):
        depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        super().__init__(depthwise, nn.Conv2d(inputs, outputs, 1, bias=False))


class Middle(nn.Module):
    def __init__(self, width=728):
        super().__init__()
        steps = []
        for _ in range(3):
            steps += [nn.ReLU(), Separable(width, width), nn.BatchNorm2d(width, eps=1e-3)]
        self.branch = nn.Sequential(*steps)

    def forward(self, x):
        return x + self.branch(x)


middle = Middle().eval()
count, channels, rows, columns = middle(torch.zeros(1, 728, 19, 19)).shape
print(f"block of the middle flow: {channels} x {rows} x {columns}")
print(f"parameters: {sum(p.numel() for p in middle.parameters()):,}")

# %% seconds tags=["measured"]
maps = torch.rand(1, 728, 19, 19, dtype=torch.float32)
layers = {
    "full": nn.Conv2d(728, 728, 3, padding=1, bias=False).float(),
    "separable": Separable(728, 728).float(),
    "depthwise part": Separable(728, 728).float()[0],
}
for name, layer in layers.items():
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        with torch.no_grad():
            layer(maps)
        taken.append(time.perf_counter() - began)
    print(f"{name}: {1000 * min(taken):.2f} ms")

# %% small_network
pixels, labels = load_digits(return_X_y=True)
pixels = pixels.reshape(-1, 1, 8, 8) / 16


def small(kind, width=16):
    steps = [nn.Conv2d(1, width, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2)]
    for _ in range(3):
        if kind == "full":
            steps += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.ReLU()]
            continue
        between = [nn.ReLU()] if kind == "ReLU between" else []
        depthwise, pointwise = Separable(width, width)
        steps += [depthwise, *between, pointwise, nn.ReLU()]
    net = nn.Sequential(*steps, nn.MaxPool2d(4), nn.Conv2d(width, 10, 1, bias=False), nn.Flatten())
    for array in net.parameters():
        array.data = torch.from_numpy(draw(*array.shape)) * 2**0.5
    return net


# %% training tags=["same"]
for kind in ("full", "separable", "ReLU between"):
    numbers, losses = np.random.default_rng(9), []
    net = small(kind)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(201):
        chosen = numbers.choice(1437, 32)
        images, targets = map(torch.from_numpy, (pixels[chosen], labels[chosen]))
        loss = F.cross_entropy(net(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    shown = "  ".join(f"{np.mean(losses[n : n + 20]):.3f}" for n in range(0, 200, 20))
    print(f"{kind}, loss: {shown}")
    right = net(torch.from_numpy(pixels[1437:])).argmax(1).numpy() == labels[1437:]
    print(f"{kind}: {sum(p.numel() for p in net.parameters()):,} weights, {right.mean():.1%} right")
