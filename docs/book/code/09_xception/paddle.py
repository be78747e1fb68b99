# %% setup
import time

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from sklearn.datasets import load_digits

paddle.set_default_dtype("float64")
numbers = np.random.default_rng(9)


def draw(*shape):  # output channels, input channels, rows, columns
    return numbers.normal(size=shape) * np.sqrt(1 / np.prod(shape[1:]))


x = paddle.to_tensor(numbers.normal(size=(1, 48, 16, 16)))

# %% grouped tags=["same"]
for groups in (1, 3, 48):
    conv = nn.Conv2D(48, 48, 3, padding=1, groups=groups, bias_attr=False)
    weights = conv.weight.size
    print(f"groups {groups}: {weights:,} weights, {weights * 16 * 16:,} multiply-adds")

kernel = draw(48, 16, 3, 3)
conv = nn.Conv2D(48, 48, 3, padding=1, groups=3, bias_attr=False)
conv.weight.set_value(kernel)
pairs = zip(x.chunk(3, axis=1), paddle.to_tensor(kernel).chunk(3), strict=True)
parts = [F.conv2d(maps, own, padding=1) for maps, own in pairs]
difference = float((conv(x) - paddle.concat(parts, axis=1)).abs().max())
print(f"three convolutions side by side, difference below 1e-12: {difference < 1e-12}")

# %% separable tags=["same"]
depthwise_kernel, pointwise_kernel = draw(48, 1, 3, 3), draw(48, 48, 1, 1)
depthwise = nn.Conv2D(48, 48, 3, padding=1, groups=48, bias_attr=False)
pointwise = nn.Conv2D(48, 48, 1, bias_attr=False)
depthwise.weight.set_value(depthwise_kernel)
pointwise.weight.set_value(pointwise_kernel)
right = pointwise(depthwise(x))
count, channels, rows, columns = right.shape
weights = depthwise.weight.size + pointwise.weight.size
print(f"separable: {channels} x {rows} x {columns}, {weights:,} weights")

# %% merged tags=["same"]
kernel = pointwise_kernel * depthwise_kernel[:, 0]  # 48 x 48 x 3 x 3
full = F.conv2d(x, paddle.to_tensor(kernel), padding=1)
difference = float((full - right).abs().max())
print(f"full: {kernel.size:,} weights, difference below 1e-12: {difference < 1e-12}")

# %% mistakes tags=["same"]
# As if (48, 1, 3, 3) were reshaped to Keras' (3, 3, 48, 1), and not transposed.
reshaped = depthwise_kernel.reshape(3, 3, 48, 1).transpose(2, 3, 0, 1)
flipped = depthwise_kernel[..., ::-1, ::-1]


def with_kernel(kernel):
    return F.conv2d(x, paddle.to_tensor(kernel.copy()), padding=1, groups=48)


wrong = {
    "ReLU between": pointwise(F.relu(depthwise(x))),
    "1x1 first": depthwise(pointwise(x)),
    "kernel reshaped": pointwise(with_kernel(reshaped)),
    "kernel flipped": pointwise(with_kernel(flipped)),
}
for name, maps in wrong.items():
    difference = float((maps - right).abs().max() / right.abs().max())
    print(f"{name}: {difference:.1%}")


# %% middle tags=["same"]
class Separable(nn.Sequential):
    def __init__(self, inputs, outputs):
        depthwise = nn.Conv2D(inputs, inputs, 3, padding=1, groups=inputs, bias_attr=False)
        super().__init__(depthwise, nn.Conv2D(inputs, outputs, 1, bias_attr=False))


class Middle(nn.Layer):
    def __init__(self, width=728):
        super().__init__()
        steps = []
        for _ in range(3):
            steps += [nn.ReLU(), Separable(width, width), nn.BatchNorm2D(width, epsilon=1e-3)]
        self.branch = nn.Sequential(*steps)

    def forward(self, x):
        return x + self.branch(x)


middle = Middle()
count, channels, rows, columns = middle(paddle.zeros([1, 728, 19, 19])).shape
print(f"block of the middle flow: {channels} x {rows} x {columns}")
print(f"parameters: {sum(p.size for p in middle.parameters() if not p.stop_gradient):,}")

# %% seconds tags=["measured"]
maps = paddle.rand([1, 728, 19, 19], dtype="float32")
layers = {
    "full": nn.Conv2D(728, 728, 3, padding=1, bias_attr=False).float(),
    "separable": Separable(728, 728).float(),
    "depthwise part": Separable(728, 728).float()[0],
}
for name, layer in layers.items():
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        with paddle.no_grad():
            layer(maps)
        taken.append(time.perf_counter() - began)
    print(f"{name}: {1000 * min(taken):.2f} ms")

# %% small_network
pixels, labels = load_digits(return_X_y=True)
pixels = pixels.reshape(-1, 1, 8, 8) / 16


def small(kind, width=16):
    steps = [nn.Conv2D(1, width, 3, padding=1, bias_attr=False), nn.ReLU(), nn.MaxPool2D(2)]
    for _ in range(3):
        if kind == "full":
            steps += [nn.Conv2D(width, width, 3, padding=1, bias_attr=False), nn.ReLU()]
            continue
        between = [nn.ReLU()] if kind == "ReLU between" else []
        depthwise, pointwise = Separable(width, width)
        steps += [depthwise, *between, pointwise, nn.ReLU()]
    net = nn.Sequential(
        *steps, nn.MaxPool2D(4), nn.Conv2D(width, 10, 1, bias_attr=False), nn.Flatten()
    )
    for array in net.parameters():
        array.set_value(draw(*array.shape) * 2**0.5)
    return net


# %% training tags=["same"]
for kind in ("full", "separable", "ReLU between"):
    numbers, losses = np.random.default_rng(9), []
    net = small(kind)
    optimizer = paddle.optimizer.SGD(0.1, parameters=net.parameters())
    for _ in range(201):
        chosen = numbers.choice(1437, 32)
        images, targets = map(paddle.to_tensor, (pixels[chosen], labels[chosen]))
        loss = F.cross_entropy(net(images), targets)
        optimizer.clear_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    shown = "  ".join(f"{np.mean(losses[n : n + 20]):.3f}" for n in range(0, 200, 20))
    print(f"{kind}, loss: {shown}")
    right = net(paddle.to_tensor(pixels[1437:])).argmax(1).numpy() == labels[1437:]
    print(f"{kind}: {sum(p.size for p in net.parameters()):,} weights, {right.mean():.1%} right")
