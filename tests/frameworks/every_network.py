"""The sizes at which each network is compared with the reference, and heads that need others."""

from dataclasses import replace

import pytest

from common.networks import GOOGLENETS, NETWORKS, network
from common.networks.blocks import classifier
from common.plan import Plan
from common.planner import make_plan
from common.spec import Chain, Conv

# GoogLeNet's maps are odd at 118, and its heads fit. At 107 the others' last maps are 2 x 2, so
# that batch norm has eight values of two images; the halves of Caffe's BN-Inception do not fit
# together unless all maps are even.
SIZES = dict.fromkeys(NETWORKS, 107) | dict.fromkeys(GOOGLENETS, 118) | {"inception_v2.caffe": 96}
SIZES["inception_v4"] = 139  # at 107 its gradients round worse than the bound


def as_built(name):
    """Options of `network`: a GoogLeNet with its heads, or one of the others without."""
    size, aux = SIZES[name], name in GOOGLENETS and bool(network(name).heads)
    return {"classes": 10, "aux": aux, "input": (3, size, size)}


# What differs from a table that is tested in full: its gradients and source are long tests.
OTHERWISE = "inception_v2.caffe", "inception_resnet_v1.facenet"  # biases, vectors in batch norm
VARIANTS = {name for name in NETWORKS if "." in name} - {*GOOGLENETS, *OTHERWISE}


def long_variants(name):
    """The marks of a test of the network, which is long for a variant."""
    return [pytest.mark.long] if name in VARIANTS else []


HEADS = [name for name in NETWORKS if name not in GOOGLENETS and network(name).heads]


def head_alone(name) -> Plan:
    """The head on a 17 x 17 map, which it needs, after one convolution instead of a whole trunk."""
    made = network(name, classes=10, aux=True)
    [head] = made.heads.values()
    channels = make_plan(network(name)).find(head.after).output[0]
    trunk = {head.after: Conv(channels, 1)}
    body = Chain(trunk | classifier(made.classifier, made.classes))
    return make_plan(replace(made, input=(4, 17, 17), body=body))
