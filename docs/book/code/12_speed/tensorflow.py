# %% setup
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import tensorflow as tf

from common import networks
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from tensorflow_impl import fast, load_weights, network

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
plan = make_plan(networks.network("googlenet", (3, 112, 112)))
weights.write(Path("w.safetensors"), initial_arrays(plan, seed=0), plan)
net = network("googlenet", (3, 112, 112))
load_weights(net, "w.safetensors")
pixels = np.random.default_rng(12).uniform(-1, 1, (4, 3, 112, 112)).astype("float32")
images = tf.constant(pixels.transpose(0, 2, 3, 1))


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
def with_tape():
    with tf.GradientTape():
        return net(images, training=False)


_ = compare({
    "recorded for gradients": with_tape,
    "plain call": lambda: net(images, training=False),
    "predict": lambda: net.predict(images, verbose=0),
})  # fmt: skip

# %% settings tags=["measured"]
graph = tf.function(lambda x: net(x, training=False))
quick = fast(net)
_ = compare({
    "layer by layer": lambda: net(images, training=False),
    "tf.function": lambda: graph(images),
    "fast": lambda: quick(images),
})  # fmt: skip

# %% same_numbers tags=["same"]
plain, tuned = net(images, training=False).numpy(), quick(images).numpy()
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
import keras
from keras import layers

keras.config.set_dtype_policy("float64")
conv, norm = layers.Conv2D(16, 3, use_bias=False), layers.BatchNormalization(epsilon=1e-3)
values = np.random.default_rng(13).uniform(0.5, 1.5, (4, 16))
x = tf.cast(images[:1], "float64")
both = keras.Sequential([conv, norm])
both.build(x.shape)
norm.set_weights(list(values))
gamma, beta, mean, variance = values
scale = gamma / np.sqrt(variance + norm.epsilon)
folded = layers.Conv2D(16, 3)
folded.build(x.shape)
folded.set_weights([conv.get_weights()[0] * scale, beta - mean * scale])
off = np.abs(folded(x) - both(x, training=False)).max()
print(f"layers: 1 for 2, largest difference below 1e-12: {off < 1e-12}")

# %% environment tags=["measured"]
PROGRAM = """
import os, time, tensorflow as tf
from tensorflow_impl import network
model, images = network("googlenet", (3, 112, 112)), tf.zeros((4, 112, 112, 3))
net = tf.function(lambda x: model(x, training=False))
net(images)
times = []
for _ in range(20):
    start = time.perf_counter()
    net(images)
    times.append(time.perf_counter() - start)
print(tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(), min(times))
"""
del os.environ["OMP_NUM_THREADS"]  # as before this page set it
seconds = {}
for count in ("", "1", str(os.cpu_count())):
    variables = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"), count) if count else {}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, check=True)
    threads, seconds[count] = done.stdout.split()[-2:]
    if not count:
        print(f"threads by default: {threads.decode()}")
ratio = float(seconds["1"]) / float(seconds[str(os.cpu_count())])
print(f"speed with {os.cpu_count()} threads, relative to 1: {ratio:.2f}")
