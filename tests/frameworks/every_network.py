"""The sizes at which each network is compared with the reference, and heads on their own."""

from dataclasses import replace

import pytest

from common.networks import GOOGLENETS, NETWORKS, network
from common.networks.blocks import classifier
from common.spec import Chain, Conv
from common.spec.plan import Plan
from common.spec.planner import make_plan

# GoogLeNet's feature maps are odd at 118, and its heads fit. At 107 the last maps of the other
# networks are 2 x 2, so that batch norm has eight values for two images; the halves of Caffe's
# BN-Inception fit together only if all maps are even.
SIZES = dict.fromkeys(NETWORKS, 107) | dict.fromkeys(GOOGLENETS, 118) | {"inception_v2.caffe": 96}
SIZES["inception_v4"] = 139  # at 107 the rounding errors of its gradients exceed the bound


def as_built(name):
    """Options for `network`: a GoogLeNet with its heads, or any other network without."""
    size, aux = SIZES[name], name in GOOGLENETS and bool(network(name).heads)
    return {"classes": 10, "aux": aux, "input": (3, size, size)}


# Variants of a table that is tested in full: their gradient and source tests are marked long.
OTHERWISE = "inception_v2.caffe", "inception_resnet_v1.facenet"  # biases, vectors in batch norm
VARIANTS = {name for name in NETWORKS if "." in name} - {*GOOGLENETS, *OTHERWISE}


def long_variants(name):
    """The marks for a test of the network: `long` if it is a variant."""
    return [pytest.mark.long] if name in VARIANTS else []


HEADS = [name for name in NETWORKS if name not in GOOGLENETS and network(name).heads]


def head_alone(name) -> Plan:
    """The head on the 17 x 17 map that it needs, after one convolution instead of the backbone."""
    made = network(name, classes=10, aux=True)
    [head] = made.heads.values()
    channels = make_plan(network(name)).find(head.after).output[0]
    backbone = {head.after: Conv(channels, 1)}
    body = Chain(backbone | classifier(made.classifier, made.classes))
    return make_plan(replace(made, input=(4, 17, 17), body=body))
