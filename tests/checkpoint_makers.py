"""Real-world checkpoints, written by PyTorch, Keras or Paddle in a separate process.

Run as `python tests/checkpoint_makers.py MAKER FOLDER`; FOLDER/arrays.npz holds the arrays of a
small network.
"""

import argparse
import sys
from pathlib import Path

import numpy as np


def trained_optimizer():
    """An optimizer with non-empty state."""
    import torch

    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    optimizer.step()
    return optimizer


def make_torch(folder):
    """Writes the objects in which `torch.save` may wrap weights, one file each."""
    import torch

    state = {k: torch.from_numpy(v) for k, v in np.load(folder / "arrays.npz").items()}
    optimizer = trained_optimizer()
    twice = {k: 2 * v for k, v in state.items()}
    files = {
        "module": {f"module.{k}": v for k, v in state.items()},
        "compiled": {"model": {f"_orig_mod.module.{k}": v for k, v in state.items()}},
        "dunder": {f"__class__.{k}": v for k, v in state.items()},
        "colliding": state | {f"module.{k}": v for k, v in state.items()},
        "state_dict": {"state_dict": state, "optimizer": optimizer.state_dict(), "epoch": 3},
        "net": {"net": state, "acc": 93.1},
        "lightning": {"state_dict": {f"model.{k}": v for k, v in state.items()}, "callbacks": {}},
        "ema": {"model": state, "model_ema": twice, "epoch": 3},
        "scalar": {"state_dict": state, "best": np.float64(93.2), "lr": np.float32(0.1)},
        "flat_scalar": {**state, "best": np.float64(93.2)},
        "namespace": {"state_dict": state, "args": argparse.Namespace(lr=0.1)},
        "path": {"state_dict": state, "where": Path("somewhere")},
        "only_namespace": argparse.Namespace(lr=0.1),
        "half": {k: v.half() for k, v in state.items()},
        "bfloat": {k: v.bfloat16() for k, v in state.items()},
        "double": {k: v.double() / 3 for k, v in state.items()},
        "sparse": state | {"fc.weight": state["fc.weight"].to_sparse()},
        "parameters": {k: torch.nn.Parameter(v) for k, v in state.items()},
        "views": {k: v.expand(2, *v.shape)[1] for k, v in state.items()},
    }
    transposed = {k: v.transpose(-1, -2).contiguous().transpose(-1, -2) if v.ndim > 1 else v
                  for k, v in state.items()}  # fmt: skip
    files |= {"transposed": transposed}
    for name, value in files.items():
        torch.save(value, folder / f"{name}.pth")
    torch.save(files["state_dict"], folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(files["bfloat"], folder / "old_b.pth", _use_new_zipfile_serialization=False)
    save_modules(folder, state)


def save_modules(folder, state):
    """Saves whole networks instead of their weights."""
    import torch

    from pytorch_impl import network
    from pytorch_impl.weights import set_arrays

    net = network("googlenet", input=(3, 96, 96), classes=7)
    set_arrays(net, {k: v.numpy() for k, v in state.items()})
    torch.save(net, folder / "whole.pth")
    torch.save({"model": torch.nn.DataParallel(net)}, folder / "parallel.pth")
    torch.jit.script(net).save(folder / "script.pt")


def make_keras(folder):
    """Writes the files that Keras saves after `fit`, and networks nested in other models."""
    import keras
    from keras import layers

    from tensorflow_impl import network
    from tensorflow_impl.weights import set_arrays

    arrays = dict(np.load(folder / "arrays.npz"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for optimizer in ("sgd", "adam"):
        net = network("googlenet", input=(3, 96, 96), classes=7)
        net.compile(optimizer, loss=loss, run_eagerly=True)  # avoids building a graph for one step
        net.fit(np.ones((2, 96, 96, 3)), np.array([3, 1]), verbose=0)
        set_arrays(net, arrays)
        net.save_weights(folder / f"{optimizer}.weights.h5")
        net.save(folder / f"{optimizer}.keras")
    base = network("googlenet", input=(3, 96, 96), classes=0)
    set_arrays(base, {k: v for k, v in arrays.items() if not k.startswith("fc.")})
    dense = layers.Dense(7)
    inner = keras.Sequential([layers.Input((96, 96, 3)), base, dense])
    dense.set_weights([arrays["fc.weight"].T, arrays["fc.bias"]])
    inner.save_weights(folder / "nested.weights.h5")
    inner.save(folder / "nested.h5")
    more = keras.Sequential([layers.Input((96, 96, 3)), base, layers.Dense(9), layers.Dense(7)])
    more.save_weights(folder / "more.weights.h5")


def make_paddle(folder):
    """Writes the files that Paddle users save during training."""
    import paddle

    from paddle_impl import network
    from paddle_impl.weights import set_arrays

    net = network("googlenet", input=(3, 96, 96), classes=7)
    set_arrays(net, dict(np.load(folder / "arrays.npz")))
    state = net.state_dict()
    files = {
        "training": {"model": state, "epoch": 3},
        "prefixed": {f"_layers.{k}": v for k, v in state.items()},
        "both": {"model": state, "ema": {k: 2 * v for k, v in state.items()}},
        "paddle_bfloat": {k: v.astype("bfloat16") for k, v in state.items()},
    }
    for name, value in files.items():
        paddle.save(value, str(folder / f"{name}.pdparams"))


def save_before_the_zips(folder):
    """Saves FOLDER/a.npz as a.pth, in PyTorch's first format."""
    import torch

    state = {k: torch.from_numpy(v) for k, v in np.load(f"{folder}/a.npz").items()}
    torch.save(state, f"{folder}/a.pth", _use_new_zipfile_serialization=False)


def save_in_one_file(folder):
    """Saves FOLDER/a.npz as a.ckpt, in TensorFlow's first format."""
    import tensorflow as tf

    arrays = dict(np.load(f"{folder}/a.npz"))
    tf.raw_ops.Save(filename=f"{folder}/a.ckpt", tensor_names=[*arrays], data=[*arrays.values()])


def main(maker, folder):
    """Writes the files of one framework."""
    makers = {"pytorch": make_torch, "tensorflow": make_keras, "paddle": make_paddle}
    makers[maker](Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
