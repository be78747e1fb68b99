"""Batch norms whose running variances are biased, in the place of PyTorch's, in a network."""

import importlib


def replace_norms(framework, net):
    """Makes PyTorch's batch norms keep biased running variances, as the built networks do."""
    if framework != "pytorch":
        return
    torch = importlib.import_module("torch")
    own = importlib.import_module("pytorch_impl.custom_layers").BatchNorm
    for each in net.modules():
        if isinstance(each, torch.nn.modules.batchnorm._BatchNorm):
            assert type(each).__module__.startswith("torch.")  # printed as PyTorch has them
            each.__class__ = own
