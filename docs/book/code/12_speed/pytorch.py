# %% setup
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch import nn

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from pytorch_impl import fast, load_weights, network

plan = make_plan(networks.network("googlenet", (3, 112, 112)))
weights.write(Path("w.safetensors"), initial_arrays(plan, seed=0), plan)
net = network("googlenet", (3, 112, 112)).eval()
load_weights(net, "w.safetensors")
pixels = np.random.default_rng(12).uniform(-1, 1, (4, 3, 112, 112)).astype("float32")
images = torch.from_numpy(pixels)


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
def without(context):
    with context:
        return net(images)


_ = compare({
    "plain call": lambda: net(images),
    "no_grad": lambda: without(torch.no_grad()),
    "inference_mode": lambda: without(torch.inference_mode()),
})  # fmt: skip

# %% settings tags=["measured"]
torch.set_grad_enabled(False)
last = network("googlenet", (3, 112, 112)).eval().to(memory_format=torch.channels_last)
load_weights(last, "w.safetensors")
images_last = images.to(memory_format=torch.channels_last)
quick = fast(net)
_ = compare({
    "channels first": lambda: net(images),
    "channels last": lambda: last(images_last),
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
conv, norm = nn.Conv2d(3, 16, 3, bias=False).double(), nn.BatchNorm2d(16, eps=1e-3).double().eval()
values = np.random.default_rng(13).uniform(0.5, 1.5, (4, 16))
names = ("weight", "bias", "running_mean", "running_var")
for name, row in zip(names, values, strict=True):
    norm.state_dict()[name].copy_(torch.from_numpy(row))
folded = nn.Conv2d(3, 16, 3).double()
scale = norm.weight / (norm.running_var + norm.eps).sqrt()
folded.weight.copy_(conv.weight * scale[:, None, None, None])
folded.bias.copy_(norm.bias - norm.running_mean * scale)
x = images[:1].double()
off = (folded(x) - norm(conv(x))).abs().max().item()
print(f"layers: 1 for 2, largest difference below 1e-12: {off < 1e-12}")

# %% environment tags=["measured"]
PROGRAM = """
import os, time, torch
from pytorch_impl import network
net, images = network("googlenet", (3, 112, 112)).eval(), torch.zeros(4, 3, 112, 112)
torch.set_grad_enabled(False)
net(images)
times = []
for _ in range(20):
    start = time.perf_counter()
    net(images)
    times.append(time.perf_counter() - start)
print(torch.get_num_threads(), min(times))
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
