# %% setup
import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from sklearn.datasets import load_digits

paddle.set_default_dtype("float64")
batch = np.array([2.0, 4.0, 4.0, 10.0])  # one channel of four images, one pixel each
gamma, beta = 2.0, 1.0
eps = 2.0**-10  # about 0.001, and exact in single precision as well
np.set_printoptions(precision=4, floatmode="fixed")

# %% steps tags=["same"]
x = paddle.to_tensor(batch)
mean = x.mean()
variance = ((x - mean) ** 2).mean()
normalized = (x - mean) / paddle.sqrt(variance)
y = gamma * normalized + beta
print(f"1. mean: {float(mean):.4f}")
print(f"2. variance: {float(variance):.4f}")
print(f"3. normalized: {normalized.numpy()}")
print(f"4. scaled and shifted: {y.numpy()}")

# %% layer tags=["same"]
norm = nn.BatchNorm1D(1, epsilon=eps)  # in training when it is new
norm.weight.set_value(np.array([gamma]))
norm.bias.set_value(np.array([beta]))
y = norm(x[:, None])
print(f"by the layer: {y[:, 0].numpy()}")

# %% maps tags=["same"]
maps = np.random.default_rng(1).normal(3, 2, size=(8, 5, 6, 6))  # images, channels, rows, columns
norm = nn.BatchNorm2D(5, epsilon=eps, momentum=0.9)  # nine tenths of the old
x = paddle.to_tensor(maps)
by_layer = norm(x).numpy()
mean, variance = (f(maps, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
difference = np.abs(by_layer - (maps - mean) / np.sqrt(variance + eps)).max()
print(f"numbers in a mean: {maps[:, 0].size}")
print(f"largest difference below 1e-12: {difference < 1e-12}")

# %% training_evaluation tags=["same"]
for count in (4, 8):
    print(f"training, batch of {count}: {float(norm(x[:count])[0, 0, 0, 0]):.4f}")
norm.eval()
four, eight = (float(norm(x[:count])[0, 0, 0, 0]) for count in (4, 8))
print(f"evaluation, equal in both batches: {abs(four - eight) < 1e-12}")

# %% running tags=["same"]
norm = nn.BatchNorm1D(1, epsilon=eps, momentum=0.9)  # nine tenths of the old are kept
for step in (1, 2, 3):
    norm(paddle.to_tensor(batch)[:, None])
    print(f"running mean after {step}: {norm._mean.item():.4f}")

# %% conventions
print(f"running variance after 3: {norm._variance.item():.4f}")
norm = nn.BatchNorm1D(1)
print(f"default momentum: {norm._momentum}, the weight of the old value")
print(f"default eps: {norm._epsilon}")
norm = nn.BatchNorm1D(1, momentum=0.1)
for _ in range(3):
    norm(paddle.to_tensor(batch)[:, None])
print(f"with momentum=0.1, running mean after 3: {norm._mean.item():.4f}")

# %% invariance tags=["same"]
numbers = np.random.default_rng(2)
kernel, target = numbers.normal(size=(4, 5, 3, 3)), numbers.normal(size=(8, 4, 6, 6))
for factor in (1, 10):
    conv = nn.Conv2D(5, 4, 3, padding=1)
    norm = nn.BatchNorm2D(4, epsilon=eps)
    conv.weight.set_value(factor * kernel)
    conv.bias.set_value(np.zeros(4))
    y = norm(conv(x))
    (y * paddle.to_tensor(target)).sum().backward()
    weight_norm, bias_norm = float(conv.weight.grad.norm()), float(conv.bias.grad.norm())
    print(f"kernel x {factor}: first output {float(y[0, 0, 0, 0]):.3f}")
    print(f"kernel x {factor}: gradient {weight_norm:.3f}, of the bias 0: {bias_norm < 1e-10}")


# %% network
def make(norm, momentum=0.9):
    """Six convolutions on digits of 8 x 8 pixels, with the same initial weights every time."""
    numbers = np.random.default_rng(0)
    steps, previous = [], 1
    for number in range(6):
        kernel = numbers.normal(size=(16, previous, 3, 3)) * np.sqrt(2 / (9 * previous))
        conv = nn.Conv2D(previous, 16, 3, padding=1, bias_attr=False if norm else None)
        conv.weight.set_value(kernel)
        bn = [nn.BatchNorm2D(16, momentum=momentum, epsilon=eps)] if norm else []
        steps += [conv, *bn, nn.ReLU()]
        steps += [nn.MaxPool2D(2)] if number == 0 else []
        previous = 16
    fc = nn.Linear(16, 10)
    fc.weight.set_value(numbers.normal(size=(10, 16)).T / 4)
    return nn.Sequential(*steps, nn.AdaptiveAvgPool2D(1), nn.Flatten(), fc)


# %% train
digits = load_digits()
images, labels = paddle.to_tensor(digits.images[:, None] / 16), paddle.to_tensor(digits.target)
test_images, test_labels = images[1536:], labels[1536:]


def train(net, rate, epochs):
    """Trains on 24 batches of 64 images and returns the mean loss of each epoch."""
    optimizer, losses = paddle.optimizer.SGD(rate, net.parameters()), []
    for _ in range(epochs):
        losses.append(0.0)
        for i in range(0, 1536, 64):
            loss = F.cross_entropy(net(images[i : i + 64]), labels[i : i + 64])
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            losses[-1] += float(loss) / 24
    return losses


def accuracy(net, training=False):
    net.train() if training else net.eval()
    with paddle.no_grad():
        right = net(test_images).argmax(1) == test_labels
    return f"{float(right.astype('float64').mean()):.1%}"


# %% rates tags=["same"]
nets = {}
for norm in (False, True):
    for rate in (0.1, 0.3, 1.0, 3.0):
        net = nets[norm, rate] = make(norm)
        losses = train(net, rate, epochs=3)
        name = f"{'with' if norm else 'without'}, rate {rate}"
        print(f"{name}: loss {losses[0]:.4f} {losses[2]:.4f} accuracy {accuracy(net)}")

# %% early tags=["same"]
net = make(norm=True, momentum=0.99)  # 0.99 of the old are kept
train(net, rate=0.3, epochs=3)
print(f"keep 0.99, in evaluation: {accuracy(net)}")
print(f"keep 0.99, in training: {accuracy(net, training=True)}")

# %% forgotten tags=["same"]
net = nets[True, 0.3]
before = accuracy(net)
net.train()
with paddle.no_grad():
    for size in (64, 8, 1):
        parts = [net(test_images[i : i + size]).argmax(1) for i in range(0, 256, size)]
        right = float((paddle.concat(parts) == test_labels[:256]).astype("float64").mean())
        print(f"left in training, batches of {size}: {right:.1%}")
print(f"evaluation afterwards as before: {accuracy(net) == before}")
