# %% setup
from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import networks
from common.data.images import batch, photographs
from common.files import weights
from common.networks.googlenet import INCEPTION
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from pytorch_impl import load_weights, network

torch.set_default_dtype(torch.float64)
plan = make_plan(networks.network("googlenet"))
arrays = initial_arrays(plan, seed=0)
weights.write(Path("seed0.safetensors"), arrays, plan)  # as `googlenet init` does
photo = batch(photographs()[:1], (3, 224, 224), plan.spec.preprocess)
x = torch.from_numpy(photo.astype(np.float64))

# %% table tags=["same"]
print("      1x1  3x3r   3x3  5x5r   5x5  pool")
for name, row in INCEPTION.items():
    print(name, *(f"{channels:5}" for channels in row))


# %% blocks
def conv_relu(channels, filters, kernel, stride=1, padding=0):
    conv = nn.Conv2d(channels, filters, kernel, stride, padding)
    return nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU()))


class Inception(nn.Module):
    def __init__(self, channels, name):
        super().__init__()
        ch1x1, reduce3x3, ch3x3, reduce5x5, ch5x5, project = INCEPTION[name]
        three, five = conv_relu(reduce3x3, ch3x3, 3, 1, 1), conv_relu(reduce5x5, ch5x5, 5, 1, 2)
        self.branch1 = conv_relu(channels, ch1x1, 1)
        self.branch2 = nn.Sequential(conv_relu(channels, reduce3x3, 1), three)
        self.branch3 = nn.Sequential(conv_relu(channels, reduce5x5, 1), five)
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_relu(channels, project, 1))

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def pool():
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


# %% body
def googlenet(classes=1000, pool=pool):
    steps = OrderedDict(conv1=conv_relu(3, 64, 7, 2, 3), maxpool1=pool())
    steps |= {"conv2": conv_relu(64, 64, 1), "conv3": conv_relu(64, 192, 3, 1, 1)}
    steps["maxpool2"], channels = pool(), 192
    for name, row in INCEPTION.items():
        if name in ("4a", "5a"):
            steps[f"maxpool{int(name[0]) - 1}"] = pool()
        steps[f"inception{name}"] = Inception(channels, name)
        channels = row[0] + row[2] + row[4] + row[5]
    steps |= {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    steps |= {"dropout": nn.Dropout(0.4), "fc": nn.Linear(channels, classes)}
    return nn.Sequential(steps)


net = googlenet().eval()

# %% shapes tags=["same"]
y = torch.zeros(1, 3, 224, 224)
with torch.no_grad():
    for name, step in net.named_children():
        y = step(y)
        count = sum(array.numel() for array in step.parameters())
        print(f"{name:12} {' x '.join(map(str, y.shape[1:])):15} {count:>10,}")

# %% equal tags=["same"]
net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
built = network("googlenet").eval()
load_weights(built, "seed0.safetensors")
with torch.no_grad():
    logits = net(x)
    difference = (logits - built(x)).abs().max().item()
print(f"largest logit: {logits.max().item():.8f}, of class {logits.argmax().item()}")
print(f"by hand and by the package equal within 1e-12: {difference < 1e-12}")

# %% summary
print(net[3:6])

# %% classifier tags=["same"]
with torch.no_grad():
    maps = net[:-4](x)
    places = maps.flatten(2).transpose(1, 2)  # images, 49 places, 1024 channels
    average_then_fc = net.fc(places.mean(dim=1))
    fc_then_average = net.fc(places).mean(dim=1)
apart = (average_then_fc - fc_then_average).abs().max().item()
print(f"last maps: {' x '.join(map(str, maps.shape[1:]))}")
print(f"parameters behind the average: {maps.shape[1] * 1000 + 1000:,}")
print(f"parameters without the average: {maps[0].numel() * 1000 + 1000:,}")
print(f"classified first or averaged first, equal within 1e-12: {apart < 1e-12}")

# %% sizes tags=["same"]
with torch.no_grad():
    for rows, columns in ((96, 96), (224, 224), (224, 320)):
        maps = net[:-4](torch.zeros(1, 3, rows, columns))
        print(f"image {rows} x {columns}: last maps {maps.shape[2]} x {maps.shape[3]}")

# %% receptive_field tags=["same"]
rules = {"maxpool1": (11, 4, 3), "maxpool2": (27, 8, 7), "inception3b": (91, 8, 39)}
positive = googlenet()
with torch.no_grad():
    for name, array in positive.named_parameters():
        array.fill_(0 if name.endswith("bias") else 1 / array[0].numel())
    for name, (size, distance, before) in rules.items():
        part = positive[: list(dict(positive.named_children())).index(name) + 1]
        cell = 112 // distance
        first = cell * distance - before
        images = torch.zeros(4, 3, 224, 224)  # one white pixel each
        for number, pixel in enumerate((first - 1, first, first + size - 1, first + size)):
            images[number, :, pixel, pixel] = 1
        seen = part(images)[:, :, cell, cell].amax(dim=1) > 0
        print(f"{name}, place {cell}: pixels {first} to {first + size - 1}, seen {seen.tolist()}")

# %% gradient tags=["same"]
image = x.clone().requires_grad_()
net[:-4](image)[0, :, 3, 3].mean().backward()
strength = image.grad[0].abs().sum(dim=0)
for size in (56, 112, 168, 224):
    edge = (224 - size) // 2
    share = (strength[edge : 224 - edge, edge : 224 - edge].sum() / strength.sum()).item()
    print(f"middle {size} x {size}: {share:.1%} of the gradient")

# %% otherwise tags=["same"]
with torch.no_grad():
    for name, padding in (("pools that round down", 0), ("pools with padding 1", 1)):
        wrong = googlenet(pool=partial(nn.MaxPool2d, 3, 2, padding)).eval()
        wrong.load_state_dict(net.state_dict())
        apart = ((wrong(x) - logits).abs().max() / logits.abs().max()).item()
        print(f"{name}: {wrong[:-4](x).shape[2]} rows in the last maps, off by {apart:.1%}")
    again = net.train()(x), net(x)
print(f"in training mode, twice the same: {torch.equal(*again)}")
