# %% setup
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
batch = np.array([2.0, 4.0, 4.0, 10.0])  # one channel of four images, one pixel each
gamma, beta = 2.0, 1.0
eps = 2.0**-10  # about 0.001, and exact in single precision as well
np.set_printoptions(precision=4, floatmode="fixed")

# %% steps tags=["same"]
x = torch.from_numpy(batch)
mean = x.mean()
variance = ((x - mean) ** 2).mean()
normalized = (x - mean) / torch.sqrt(variance)
y = gamma * normalized + beta
print(f"1. mean: {mean:.4f}")
print(f"2. variance: {variance:.4f}")
print(f"3. normalized: {normalized.numpy()}")
print(f"4. scaled and shifted: {y.numpy()}")

# %% layer tags=["same"]
norm = nn.BatchNorm1d(1, eps=eps)  # in training when it is new
nn.init.constant_(norm.weight, gamma)
nn.init.constant_(norm.bias, beta)
y = norm(x[:, None])
print(f"by the layer: {y[:, 0].detach().numpy()}")

# %% maps tags=["same"]
maps = np.random.default_rng(1).normal(3, 2, size=(8, 5, 6, 6))  # images, channels, rows, columns
norm = nn.BatchNorm2d(5, eps=eps, momentum=0.1)  # a tenth of the new
x = torch.from_numpy(maps)
mean, variance = (f(maps, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
difference = np.abs(norm(x).detach().numpy() - (maps - mean) / np.sqrt(variance + eps)).max()
print(f"numbers in a mean: {maps[:, 0].size}")
print(f"largest difference below 1e-12: {difference < 1e-12}")

# %% training_evaluation tags=["same"]
for count in (4, 8):
    print(f"training, batch of {count}: {norm(x[:count])[0, 0, 0, 0].item():.4f}")
norm.eval()
four, eight = (norm(x[:count])[0, 0, 0, 0].item() for count in (4, 8))
print(f"evaluation, equal in both batches: {abs(four - eight) < 1e-12}")

# %% running tags=["same"]
norm = nn.BatchNorm1d(1, eps=eps, momentum=0.1)  # nine tenths of the old are kept
for step in (1, 2, 3):
    norm(torch.from_numpy(batch)[:, None])
    print(f"running mean after {step}: {norm.running_mean.item():.4f}")

# %% conventions
print(f"running variance after 3: {norm.running_var.item():.4f}")
norm = nn.BatchNorm1d(1)
print(f"default momentum: {norm.momentum}, the weight of the new value")
print(f"default eps: {norm.eps}")
norm = nn.BatchNorm1d(1, momentum=0.9)
for _ in range(3):
    norm(torch.from_numpy(batch)[:, None])
print(f"with momentum=0.9, running mean after 3: {norm.running_mean.item():.4f}")

# %% invariance tags=["same"]
numbers = np.random.default_rng(2)
kernel, target = numbers.normal(size=(4, 5, 3, 3)), numbers.normal(size=(8, 4, 6, 6))
for factor in (1, 10):
    conv = nn.Conv2d(5, 4, 3, padding=1)
    norm = nn.BatchNorm2d(4, eps=eps)
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(factor * kernel))
        conv.bias.zero_()
    y = norm(conv(x))
    (y * torch.from_numpy(target)).sum().backward()
    weight_norm, bias_norm = conv.weight.grad.norm(), conv.bias.grad.norm()
    print(f"kernel x {factor}: first output {y[0, 0, 0, 0].item():.3f}")
    print(f"kernel x {factor}: gradient {weight_norm:.3f}, of the bias 0: {bias_norm < 1e-10}")


# %% network
def make(norm, momentum=0.1):
    """Six convolutions on digits of 8 x 8 pixels, with the same initial weights every time."""
    numbers = np.random.default_rng(0)
    steps, previous = [], 1
    for number in range(6):
        kernel = numbers.normal(size=(16, previous, 3, 3)) * np.sqrt(2 / (9 * previous))
        conv = nn.Conv2d(previous, 16, 3, padding=1, bias=not norm)
        conv.weight.data = torch.from_numpy(kernel)
        if not norm:
            nn.init.zeros_(conv.bias)
        steps += [conv, *([nn.BatchNorm2d(16, eps, momentum)] if norm else []), nn.ReLU()]
        steps += [nn.MaxPool2d(2)] if number == 0 else []
        previous = 16
    fc = nn.Linear(16, 10)
    fc.weight.data = torch.from_numpy(numbers.normal(size=(10, 16)) / 4)
    nn.init.zeros_(fc.bias)
    return nn.Sequential(*steps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc)


# %% train
digits = load_digits()
images, labels = torch.from_numpy(digits.images[:, None] / 16), torch.from_numpy(digits.target)
test_images, test_labels = images[1536:], labels[1536:]


def train(net, rate, epochs):
    """Trains on 24 batches of 64 images and returns the mean loss of each epoch."""
    optimizer, losses = torch.optim.SGD(net.parameters(), rate), []
    for _ in range(epochs):
        losses.append(0.0)
        for i in range(0, 1536, 64):
            loss = F.cross_entropy(net(images[i : i + 64]), labels[i : i + 64])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item() / 24
    return losses


def accuracy(net, training=False):
    with torch.no_grad():
        right = net.train(training)(test_images).argmax(1) == test_labels
    return f"{right.double().mean():.1%}"


# %% rates tags=["same"]
nets = {}
for norm in (False, True):
    for rate in (0.1, 0.3, 1.0, 3.0):
        net = nets[norm, rate] = make(norm)
        losses = train(net, rate, epochs=3)
        name = f"{'with' if norm else 'without'}, rate {rate}"
        print(f"{name}: loss {losses[0]:.4f} {losses[2]:.4f} accuracy {accuracy(net)}")

# %% early tags=["same"]
net = make(norm=True, momentum=0.01)  # 0.99 of the old are kept
train(net, rate=0.3, epochs=3)
print(f"keep 0.99, in evaluation: {accuracy(net)}")
print(f"keep 0.99, in training: {accuracy(net, training=True)}")

# %% forgotten tags=["same"]
net = nets[True, 0.3]
before = accuracy(net)
net.train()
with torch.no_grad():
    for size in (64, 8, 1):
        parts = [net(test_images[i : i + size]).argmax(1) for i in range(0, 256, size)]
        right = (torch.cat(parts) == test_labels[:256]).double().mean()
        print(f"left in training, batches of {size}: {right:.1%}")
print(f"evaluation afterwards as before: {accuracy(net) == before}")
