# %% setup
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
numbers = np.random.default_rng(7)
maps = torch.from_numpy(numbers.normal(size=(1, 32, 35, 35)))  # images, channels, rows, columns


def weights(*layers):
    return sum(layer.weight.numel() for layer in layers)


# %% two_small tags=["same"]
five = nn.Conv2d(32, 32, 5, padding=2)
two = nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1))
before, after = weights(five), weights(two[0], two[2])
print(f"5x5: {before:,} weights, output {' x '.join(map(str, five(maps).shape[1:]))}")
print(f"two 3x3: {after:,} weights, output {' x '.join(map(str, two(maps).shape[1:]))}")
print(f"saved: {1 - after / before:.1%}")

# %% asymmetric tags=["same"]
for n in (3, 5, 7):
    square = nn.Conv2d(32, 32, n, padding=n // 2)
    row = nn.Conv2d(32, 32, (1, n), padding=(0, n // 2))
    column = nn.Conv2d(32, 32, (n, 1), padding=(n // 2, 0))
    same_shape = square(maps).shape == column(row(maps)).shape
    saved = 1 - weights(row, column) / weights(square)
    print(f"{n}x{n}: {weights(square):,} or {weights(row, column):,} weights, saved {saved:.1%}")
    print(f"{n}x{n}: equal shapes {same_shape}")

# %% composed tags=["same"]
one, two = numbers.normal(size=(2, 3, 3))
five = np.zeros((5, 5))
for i, j in np.ndindex(3, 3):
    five[i : i + 3, j : j + 3] += one[i, j] * two
x = torch.from_numpy(numbers.normal(size=(1, 1, 35, 35)))
one, two, five = (torch.from_numpy(kernel[None, None]) for kernel in (one, two, five))
whole = F.conv2d(x, five, padding=2)
steps = F.conv2d(F.conv2d(x, one, padding=1), two, padding=1)
with_relu = F.conv2d(F.relu(F.conv2d(x, one, padding=1)), two, padding=1)
apart = (whole - steps).abs()[0, 0].numpy()
print(f"largest difference inside below 1e-12: {apart[1:-1, 1:-1].max() < 1e-12}")
print(f"largest difference at the border: {apart.max():.3f}")
print(f"with a ReLU between: {(whole - with_relu).abs().max().item():.3f}")

# %% grid tags=["same"]
pool = nn.MaxPool2d(3, 2)
wide = nn.Conv2d(32, 64, 3, padding=1)
strided = nn.Conv2d(32, 32, 3, stride=2)
ways = {
    "pool, then convolution": (wide(pool(maps)), weights(wide) * 17 * 17),
    "convolution, then pool": (pool(wide(maps)), weights(wide) * 35 * 35),
    "in parallel": (torch.cat([strided(maps), pool(maps)], 1), weights(strided) * 17 * 17),
}
for name, (output, multiply_adds) in ways.items():
    print(f"{name}: {' x '.join(map(str, output.shape[1:]))}, {multiply_adds:,} multiply-adds")

# %% smoothing tags=["same"]
logits, label, epsilon = np.array([4.0, 1.0, 0.0, -1.0]), 0, 0.1
target = np.full(4, epsilon / 4)
target[label] += 1 - epsilon
log_q = logits - np.log(np.exp(logits).sum())
z, labels = torch.from_numpy(logits[None]), torch.tensor([label])
hard, soft = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=epsilon)
print(f"target: {' '.join(f'{value:.3f}' for value in target)}")
print(f"by hand: {-log_q[label]:.6f} hard, {-(target * log_q).sum():.6f} smoothed")
print(f"by the framework: {hard(z, labels).item():.6f} hard, {soft(z, labels).item():.6f} smoothed")

# %% pushed tags=["same"]
for epsilon in (0.0, 0.1):
    loss = nn.CrossEntropyLoss(label_smoothing=epsilon)
    z = torch.zeros(1, 10, requires_grad=True)
    optimizer = torch.optim.SGD([z], lr=1.0)
    for step in range(1, 301):
        optimizer.zero_grad()
        loss(z, labels).backward()
        optimizer.step()
        if step in (10, 100, 300):
            print(f"epsilon {epsilon}, step {step}: gap {(z[0, 0] - z[0, 1]).item():.4f}")

# %% trained tags=["same"]
digits = load_digits()
x, y = torch.from_numpy(digits.data / 16), torch.from_numpy(digits.target)
for epsilon in (0.0, 0.1):
    numbers = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    for layer in (net[0], net[2]):
        layer.weight.data = torch.from_numpy(numbers.normal(size=layer.weight.shape) / 6)
        nn.init.zeros_(layer.bias)
    loss = nn.CrossEntropyLoss(label_smoothing=epsilon)
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    for _ in range(20):
        for i in range(0, 1536, 64):
            optimizer.zero_grad()
            loss(net(x[i : i + 64]), y[i : i + 64]).backward()
            optimizer.step()
    for name, part in (("training", slice(1536)), ("test", slice(1536, None))):
        z = net(x[part]).detach()
        top = z.topk(2).values
        right = (z.argmax(1) == y[part]).double().mean()
        sure = z.softmax(1).max(1).values.mean()
        print(f"epsilon {epsilon}, {name}: gap {(top[:, 0] - top[:, 1]).mean():.3f}")
        print(f"epsilon {epsilon}, {name}: accuracy {right:.1%}, mean probability {sure:.3f}")


# %% blocks
def conv(inputs, outputs):
    """A 3x3 convolution, batch norm and ReLU."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    kernel = numbers.normal(size=layer.weight.shape) * np.sqrt(2 / (9 * inputs))
    layer.weight.data = torch.from_numpy(kernel)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, eps=2.0**-10), nn.ReLU())


def classifier():
    block, fc = conv(16, 16), nn.Linear(256, 10)
    fc.weight.data = torch.from_numpy(numbers.normal(size=(10, 256)) / 16)
    nn.init.zeros_(fc.bias)
    return nn.Sequential(block, nn.Flatten(), fc)


# %% head tags=["same"]
x, loss = torch.from_numpy(digits.images[:, None] / 16), nn.CrossEntropyLoss()
for seed, weight in ((0, 0.0), (0, 0.4), (1, 0.0), (1, 0.4)):
    numbers = np.random.default_rng(seed)
    body, head = nn.Sequential(conv(1, 16), nn.MaxPool2d(2), conv(16, 16)), classifier()
    rest = nn.Sequential(conv(16, 16), classifier())
    optimizer = torch.optim.SGD(nn.ModuleList([body, head, rest]).parameters(), 0.1)
    for step in range(45):
        i = 64 * (step % 3)  # 192 images only
        part = body(x[i : i + 64])
        value = loss(rest(part), y[i : i + 64]) + weight * loss(head(part), y[i : i + 64])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    z = rest.eval()(body.eval()(x[1000:]))
    print(f"seed {seed}, head {weight}: {(z.argmax(1) == y[1000:]).double().mean():.1%}")
