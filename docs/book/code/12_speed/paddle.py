# %% setup
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import paddle
from paddle import nn

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from paddle_impl import fast, load_weights, network

plan = make_plan(networks.network("googlenet", (3, 112, 112)))
weights.write(Path("w.safetensors"), initial_arrays(plan, seed=0), plan)
net = network("googlenet", (3, 112, 112))
net.eval()
load_weights(net, "w.safetensors")
pixels = np.random.default_rng(12).uniform(-1, 1, (4, 3, 112, 112)).astype("float32")
images = paddle.to_tensor(pixels)


# %% turns
def compare(ways, rounds=3, quiet=False):
    """Prints how much less processor time each way takes than the first, in turns."""
    best = dict.fromkeys(ways, np.inf)
    for way in ways.values():
        way()  # the first call is not counted
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - start)
    plain = next(iter(best.values()))
    for name, seconds in best.items() if not quiet else ():
        print(f"{name}: {plain / seconds:.2f}")
    return best


# %% no_gradients tags=["measured"]
def without_gradients():
    with paddle.no_grad():
        return net(images)


_ = compare({"plain call": lambda: net(images), "no_grad": without_gradients})

# %% settings tags=["measured"]
paddle.set_grad_enabled(False)
static = network("googlenet", (3, 112, 112))
static.eval()
load_weights(static, "w.safetensors")
static = paddle.jit.to_static(static)
quick = fast(net)
_ = compare({
    "layer by layer": lambda: net(images),
    "to_static": lambda: static(images),
    "fast": lambda: quick(images),
})  # fmt: skip

# %% same_numbers tags=["same"]
plain, tuned = net(images).numpy(), quick(images).numpy()
off = np.abs(tuned - plain).max() / np.abs(plain).max()
print(f"images: {len(plain)}, logits: {plain.shape[1]}")
print(f"largest difference below 1e-5: {off < 1e-5}")

# %% batches tags=["measured"]
from functools import partial

for count in (1, 2, 4):
    some = images[:count]
    best = compare({"plain": partial(net, some), "fast": partial(quick, some)}, quiet=True)
    each = [1000 * seconds / count for seconds in best.values()]
    print(f"{count}: {each[0]:.1f} plain, {each[1]:.1f} fast, in ms an image")

# %% fold tags=["same"]
paddle.set_default_dtype("float64")
conv, norm = nn.Conv2D(3, 16, 3, bias_attr=False), nn.BatchNorm2D(16, epsilon=1e-3)
norm.eval()
values = np.random.default_rng(13).uniform(0.5, 1.5, (4, 16))
names = ("weight", "bias", "_mean", "_variance")
for name, row in zip(names, values, strict=True):
    norm.state_dict()[name].set_value(row)
folded = nn.Conv2D(3, 16, 3)
scale = norm.weight / (norm._variance + np.float32(1e-3).item()).sqrt()
folded.weight.set_value(conv.weight * scale.reshape([-1, 1, 1, 1]))
folded.bias.set_value(norm.bias - norm._mean * scale)
x = images[:1].astype("float64")
off = (folded(x) - norm(conv(x))).abs().max().item()
print(f"layers: 1 for 2, largest difference below 1e-12: {off < 1e-12}")

# %% environment tags=["measured"]
PROGRAM = """
import os, time, paddle
from paddle_impl import network
net, images = network("googlenet", (3, 112, 112)), paddle.zeros([4, 3, 112, 112])
net.eval()
paddle.set_grad_enabled(False)
net(images)
times = []
for _ in range(20):
    start = time.perf_counter()
    net(images)
    times.append(time.perf_counter() - start)
print(os.environ["OMP_NUM_THREADS"], min(times))
"""
del os.environ["OMP_NUM_THREADS"]  # as before this page set it
seconds = {}
for count in ("", "1", str(os.cpu_count())):
    variables = dict.fromkeys(("OMP_NUM_THREADS",), count) if count else {}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, check=True)
    threads, seconds[count] = done.stdout.split()[-2:]
    if not count:
        print(f"threads by default: {threads.decode()}")
ratio = float(seconds["1"]) / float(seconds[str(os.cpu_count())])
print(f"speed with {os.cpu_count()} threads, relative to 1: {ratio:.2f}")
