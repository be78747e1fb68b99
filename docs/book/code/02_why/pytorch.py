# %% setup
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pytorch_impl import network

torch.set_default_dtype(torch.float64)
numbers = np.random.default_rng(2)


def weights(*layers):
    """Returns the number of weights, without biases."""
    return sum(layer.weight.numel() for layer in layers)


# %% wider_deeper tags=["same"]
for channels, depth in ((64, 4), (64, 8), (128, 4)):
    chain = [nn.Conv2d(channels, channels, kernel_size=3, padding=1) for _ in range(depth)]
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
    x, parameters, multiply_adds = torch.zeros(1, 3, size, size, device="meta"), 0, 0
    for kind, *how in table:
        if kind == "pool":
            x = nn.MaxPool2d(*how)(x)
            continue
        if kind == "conv":
            layer = nn.Conv2d(x.shape[1], *how[:4], groups=how[4], device="meta")
        else:
            x = x.flatten(1)
            layer = nn.Linear(x.shape[1], *how, device="meta")
        x = layer(x)
        parameters += sum(array.numel() for array in layer.parameters())
        multiply_adds += weights(layer) * x[0, 0].numel()
    return parameters, multiply_adds


# %% published tags=["same"]
for name, table, size in (("AlexNet", ALEXNET, 227), ("VGG-16", VGG16, 224)):
    parameters, multiply_adds = count(table, size)
    print(f"{name}: {parameters:,} parameters, {multiply_adds:,} multiply-adds")
parameters = sum(array.numel() for array in network("googlenet").parameters())
print(f"GoogLeNet: {parameters:,} parameters")

# %% side_by_side tags=["same"]
x = torch.from_numpy(numbers.normal(size=(1, 192, 28, 28)))
convs = [nn.Conv2d(192, n, k, padding=k // 2, bias=False) for n, k in ((64, 1), (128, 3), (32, 5))]
joined = nn.Conv2d(192, 224, kernel_size=5, padding=2, bias=False)
with torch.no_grad():
    joined.weight.zero_()
    joined.weight[:64, :, 2:3, 2:3] = convs[0].weight
    joined.weight[64:192, :, 1:4, 1:4] = convs[1].weight
    joined.weight[192:] = convs[2].weight
    difference = torch.cat([conv(x) for conv in convs], dim=1) - joined(x)
print(f"side by side: {weights(*convs):,} weights")
print(f"as one 5x5 convolution: {weights(joined):,} weights")
print(f"largest difference below 1e-12: {difference.abs().max().item() < 1e-12}")

# %% reduction tags=["same"]
for channels, reduced, filters in ((512, 24, 64), (128, 32, 256)):
    direct = weights(nn.Conv2d(channels, filters, kernel_size=5))
    two = weights(nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, filters, kernel_size=5))
    print(f"{channels} to {filters} directly: {direct:,} weights")
    print(f"{channels} to {filters} through {reduced}: {two:,} weights, {two / direct:.1%}")


# %% module
class Inception(nn.Module):
    """Four branches that read the same map; their outputs are joined along the channels."""

    def __init__(self, channels, ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj):
        super().__init__()
        self.conv1x1 = nn.Conv2d(channels, ch1x1, 1)
        self.reduce3x3 = nn.Conv2d(channels, ch3x3_reduce, 1)
        self.conv3x3 = nn.Conv2d(ch3x3_reduce, ch3x3, 3, padding=1)
        self.reduce5x5 = nn.Conv2d(channels, ch5x5_reduce, 1)
        self.conv5x5 = nn.Conv2d(ch5x5_reduce, ch5x5, 5, padding=2)
        self.project = nn.Conv2d(channels, pool_proj, 1)

    def branches(self, x):
        return [
            torch.relu(self.conv1x1(x)),
            torch.relu(self.conv3x3(torch.relu(self.reduce3x3(x)))),
            torch.relu(self.conv5x5(torch.relu(self.reduce5x5(x)))),
            torch.relu(self.project(F.max_pool2d(x, 3, stride=1, padding=1))),
        ]

    def forward(self, x):
        return torch.cat(self.branches(x), dim=1)


# %% use_module tags=["same"]
module = Inception(192, 64, 96, 128, 16, 32, 32)  # inception3a
with torch.no_grad():
    for array in module.parameters():
        drawn = numbers.normal(size=array.shape) / array[0].numel() ** 0.5
        array.copy_(torch.from_numpy(drawn))
    y = module(x)
    for branch in (*module.branches(x), y):
        print("{} x {} x {}".format(*branch.shape[1:]))
print(f"parameters: {sum(array.numel() for array in module.parameters()):,}")
print(f"mean: {y.mean().item():.10f}")


# %% otherwise tags=["same"]
def report(what, wrong):
    apart = (wrong - y).abs().max().item() / y.abs().max().item()
    print(f"{what}: same shape {wrong.shape == y.shape}, off by {apart:.0%}")


with torch.no_grad():
    one, three, five, pooled = module.branches(x)
    report("branches in another order", torch.cat([one, five, three, pooled], dim=1))
    linear = torch.relu(module.conv5x5(module.reduce5x5(x)))
    report("no ReLU after the 5x5 reduction", torch.cat([one, three, linear, pooled], dim=1))
    swapped = torch.relu(F.max_pool2d(module.project(x), 3, stride=1, padding=1))
    report("projection before the pooling", torch.cat([one, three, five, swapped], dim=1))

# %% collapse tags=["same"]
reduce, expand = module.reduce5x5.weight.data, module.conv5x5.weight.data
merged = torch.einsum("omij,mc->ocij", expand, reduce[:, :, 0, 0])
two = F.conv2d(F.conv2d(x, reduce), expand, padding=2)
one = F.conv2d(x, merged, padding=2)
rank = torch.linalg.matrix_rank(merged.transpose(0, 1).reshape(192, -1)).item()
print(f"merged kernel: {merged.numel():,} weights, of rank {rank}")
print(f"largest difference below 1e-11: {(two - one).abs().max().item() < 1e-11}")
