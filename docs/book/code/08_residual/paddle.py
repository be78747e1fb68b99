# %% setup
import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from sklearn.datasets import load_digits

paddle.set_default_dtype("float64")
numbers = np.random.default_rng(8)


def draw(*shape):  # output channels, input channels, rows, columns
    return numbers.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))


# %% conv
def conv(inputs, channels, kernel):
    layer = nn.Conv2D(inputs, channels, kernel, padding="SAME", bias_attr=False)
    layer.weight.set_value(draw(channels, inputs, kernel, kernel))
    return nn.Sequential(layer, nn.BatchNorm2D(channels, epsilon=1e-3), nn.ReLU())


def project(inputs, channels):  # 1x1, with a bias, without batch normalization and ReLU
    layer = nn.Conv2D(inputs, channels, kernel_size=1)
    layer.weight.set_value(draw(channels, inputs, 1, 1))
    return layer


# %% module_a tags=["same"]
class ModuleA(nn.Layer):
    def __init__(self, width=384):
        super().__init__()
        self.branch0 = conv(width, 96, 1)
        self.branch1 = nn.Sequential(conv(width, 64, 1), conv(64, 96, 3))
        self.branch2 = nn.Sequential(conv(width, 64, 1), conv(64, 96, 3), conv(96, 96, 3))
        pool = nn.AvgPool2D(3, stride=1, padding=1, exclusive=True)
        self.branch3 = nn.Sequential(pool, conv(width, 96, 1))

    def forward(self, x):
        branches = (self.branch0, self.branch1, self.branch2, self.branch3)
        return paddle.concat([branch(x) for branch in branches], axis=1)


four = nn.Sequential(*[ModuleA() for _ in range(4)])
count, channels, rows, columns = four(paddle.zeros([1, 384, 35, 35])).shape
print(f"four modules A: {channels} x {rows} x {columns}")
print(f"parameters of one: {sum(p.size for p in four[0].parameters() if not p.stop_gradient):,}")


# %% block35 tags=["same"]
class Block35(nn.Layer):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.branch0 = conv(320, 32, 1)
        self.branch1 = nn.Sequential(conv(320, 32, 1), conv(32, 32, 3))
        self.branch2 = nn.Sequential(conv(320, 32, 1), conv(32, 48, 3), conv(48, 64, 3))
        self.project = project(128, 320)

    def residual(self, x):
        maps = [self.branch0(x), self.branch1(x), self.branch2(x)]
        return self.project(paddle.concat(maps, axis=1))

    def forward(self, x):
        return F.relu(x + self.scale * self.residual(x))


block = Block35(scale=0.17)
count, channels, rows, columns = block(paddle.zeros([1, 320, 35, 35])).shape
print(f"block35: {channels} x {rows} x {columns}")
print(f"parameters: {sum(p.size for p in block.parameters() if not p.stop_gradient):,}")

# %% growth tags=["same"]
blocks = [Block35(scale=1) for _ in range(20)]
start = paddle.to_tensor(np.maximum(numbers.normal(size=(2, 320, 6, 6)), 0))
for training in (False, True):
    for scale in (1, 0.3, 0.17, 0.1):
        x, spreads = start, []
        for block in blocks:
            block.scale = scale
            block.train() if training else block.eval()
            with paddle.no_grad():
                x = block(x)
            spreads.append(x.numpy().std())
        shown = "  ".join(f"{spreads[n - 1]:.3g}" for n in (1, 5, 10, 20))
        print(f"{'training' if training else 'evaluation'}, scale {scale}: {shown}")

# %% fold tags=["same"]
block = Block35(scale=0.17)
block.eval()
expected = block(start)
block.project.weight.set_value(0.17 * block.project.weight)
block.project.bias.set_value(0.17 * block.project.bias)
block.scale = 1
difference = float((block(start) - expected).abs().max())
print(f"scale moved into the weights, largest difference below 1e-12: {difference < 1e-12}")

# %% mistakes tags=["same"]
block, s = Block35(scale=0.17), 0.17
block.eval()
right, r, x = block(start), block.residual(start), start
wrong = {
    "ReLU after the projection": F.relu(x + s * F.relu(r)),
    "no ReLU after the sum": x + s * r,
    "no scale": F.relu(x + r),
    "scale on the whole sum": F.relu(s * (x + r)),
    "scale on the shortcut": F.relu(s * x + r),
}
for name, maps in wrong.items():
    difference = float((maps - right).abs().max() / right.abs().max())
    print(f"{name}: {difference:.1%}")

# %% small_network
pixels, labels = load_digits(return_X_y=True)


class Small(nn.Layer):
    def __init__(self, scale, width=32, depth=12):
        super().__init__()
        self.scale = scale
        self.stem = project(64, width)  # the 8 x 8 pixels of a digit, as 64 channels
        self.inner = nn.LayerList([project(width, 16) for _ in range(depth)])
        self.outer = nn.LayerList([project(16, width) for _ in range(depth)])
        self.scores = project(width, 10)
        self.scores.weight.set_value(np.zeros((10, width, 1, 1)))

    def forward(self, x):
        x = F.relu(self.stem(x.reshape([-1, 64, 1, 1]) / 16))
        for inner, outer in zip(self.inner, self.outer, strict=True):
            x = F.relu(x + self.scale * outer(F.relu(inner(x))))
        return self.scores(x).flatten(1)


# %% training tags=["same"]
for scale in (1, 0.3, 0.1):
    for rate in (0.01, 0.1, 0.5):
        numbers, losses = np.random.default_rng(8), []
        net = Small(scale)
        optimizer = paddle.optimizer.SGD(rate, parameters=net.parameters())
        for _ in range(61):
            chosen = numbers.choice(len(pixels), 64)
            scores = net(paddle.to_tensor(pixels[chosen]))
            loss = F.cross_entropy(scores, paddle.to_tensor(labels[chosen]))
            optimizer.clear_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        shown = "  ".join(f"{loss:.3g}" for loss in losses[::10])
        print(f"scale {scale}, learning rate {rate}: {shown}")
