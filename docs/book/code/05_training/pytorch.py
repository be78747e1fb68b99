# %% setup
import time
from math import log, prod
from zlib import crc32

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
x = torch.from_numpy(digits.images / 16).unsqueeze(1)  # images, channels, rows, columns
y = torch.from_numpy(digits.target)
x_train, y_train, x_test, y_test = x[order[360:]], y[order[360:]], x[order[:360]], y[order[:360]]


# %% module
class Inception(nn.Module):
    """Four branches side by side: 1x1, 3x3, 5x5 and a max pool, each with a 1x1 convolution."""

    def __init__(self, channels, c1, r3, c3, r5, c5, pool):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, c1, 1)
        self.reduce3, self.conv3 = nn.Conv2d(channels, r3, 1), nn.Conv2d(r3, c3, 3, padding=1)
        self.reduce5, self.conv5 = nn.Conv2d(channels, r5, 1), nn.Conv2d(r5, c5, 5, padding=2)
        self.project = nn.Conv2d(channels, pool, 1)

    def forward(self, x):
        branch3 = self.conv3(F.relu(self.reduce3(x)))
        branch5 = self.conv5(F.relu(self.reduce5(x)))
        pooled = self.project(F.max_pool2d(x, 3, stride=1, padding=1))
        return F.relu(torch.cat([self.conv1(x), branch3, branch5, pooled], dim=1))


# %% network tags=["same"]
class Net(nn.Module):
    """A GoogLeNet for images of 8 x 8 pixels: a convolution, two modules, a classifier."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.a = Inception(8, 8, 8, 12, 4, 4, 8)  # 32 x 8 x 8
        self.b = Inception(32, 16, 16, 24, 8, 8, 16)  # 64 x 4 x 4
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.a(F.relu(self.stem(x)))
        x = self.b(F.max_pool2d(x, 2))
        return self.fc(x.mean(dim=(2, 3)))


net = Net()
print(f"parameters: {sum(p.numel() for p in net.parameters()):,}")
print(f"training images: {len(x_train):,}, test images: {len(x_test)}")


# %% start
@torch.no_grad()
def start(net, scale=1.0):
    """Draws the weights with NumPy, with `scale` times the deviation of He et al.; biases are 0."""
    for name, layer in net.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            shape = tuple(layer.weight.shape)  # outputs, inputs, rows, columns
            numbers = np.random.default_rng(crc32(name.encode()))
            values = scale * np.sqrt(2 / prod(shape[1:])) * numbers.normal(size=shape)
            layer.weight.copy_(torch.from_numpy(values))
            layer.bias.zero_()
    return net


# %% evaluate
@torch.no_grad()
def evaluate(net, x, y):
    """The loss and the accuracy on a set of images."""
    logits = net.eval()(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()


# %% train
def train(net, epochs, rate=1 / 32, orders=None):
    """Trains by SGD with momentum; returns loss and accuracy in training and test, per epoch."""
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=7 / 8)
    rows = []
    for epoch in range(epochs):
        order = torch.from_numpy(orders[epoch]) if orders else torch.randperm(len(x_train))
        net.train()
        total = right = 0
        for chosen in order.split(32):
            logits = net(x_train[chosen])
            loss = F.cross_entropy(logits, y_train[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
            right += (logits.argmax(1) == y_train[chosen]).sum().item()
        means = total / len(order), right / len(order)
        rows.append((*means, *evaluate(net, x_test, y_test)))
    return rows


# %% shared tags=["same"]
numbers = np.random.default_rng(1)
orders = [numbers.permutation(len(x_train)) for _ in range(6)]
began = time.perf_counter()
rows = train(start(Net()), epochs=6, orders=orders)
seconds = time.perf_counter() - began
print("epoch    loss   accuracy  test loss  test accuracy")
for epoch, row in enumerate(rows, 1):
    print(f"{epoch:5} {row[0]:9.6f} {row[1]:8.4f} {row[2]:10.6f} {row[3]:10.4f}")

# %% speed tags=["measured"]
print(f"images a second in training: {6 * len(x_train) / seconds:,.0f}")

# %% stalls tags=["same"]
rows = train(start(Net(), scale=0.1), epochs=2, orders=orders)
print("losses:", ", ".join(f"{row[0]:.6f}" for row in rows))
print("test accuracy:", ", ".join(f"{row[3]:.4f}" for row in rows))
print(f"ln(10) = {log(10):.6f}")

# %% explodes
batches = [orders[0][first : first + 32] for first in range(0, 256, 32)]
rows = train(start(Net(), scale=16), epochs=8, orders=batches)  # "epochs" of a single batch
print("losses:", *(f"{row[0]:.1e}" for row in rows))

# %% own
torch.manual_seed(0)
rows = train(Net(), epochs=6)
for epoch, row in enumerate(rows, 1):
    print(f"{epoch:5} {row[0]:7.3f} {row[1]:7.3f} {row[2]:7.3f} {row[3]:7.3f}")

# %% whole
from common import networks
from common.data.images import batch, photographs
from pytorch_impl import network

spec = networks.network("googlenet")
images = torch.from_numpy(batch(photographs(), spec.input, spec.preprocess)).double()
torch.manual_seed(0)
with torch.no_grad():
    church, daisy = network("googlenet").eval()(images)
print(f"largest logit: {church.abs().max().item():.0e}")
print(f"largest difference between two photographs: {(church - daisy).abs().max().item():.0e}")
