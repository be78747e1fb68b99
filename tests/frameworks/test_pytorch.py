"""Networks behave as users of PyTorch expect."""

import numpy as np
import pytest
import torch
from conftest import noise, planned, seeded
from fid import Fid
from PIL import Image
from torch.nn import functional as F

from common.data.images import to_input
from common.networks import network
from common.reference.numerics import relative_difference
from common.spec import AvgPool, MaxPool, PaddingRule
from common.spec.planner import make_node
from common.tools.zoo.recognise import formats_for
from pytorch_impl.build import make_layer
from pytorch_impl.fast import MAX_SHAPES

PLAN = planned(size=(64, 64), classes=4)


def tutorial_names():
    """The state_dict keys of the common PyTorch tutorial's GoogLeNet with its heads."""
    units = ["conv1", "conv2", "conv3"]
    for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        for branch in ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"):
            units.append(f"inception{block}.{branch}")
    units += ["aux1", "aux2"]
    layers = [f"{unit}.conv" for unit in units]
    layers = [layer + ".conv" if layer.startswith("aux") else layer for layer in layers]
    layers += ["aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2", "fc"]
    return {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}


def test_names_are_the_tutorials(impl):
    net = impl.package.googlenet(aux=True)
    assert set(net.state_dict()) == tutorial_names()
    state = {name: torch.zeros_like(tensor) for name, tensor in net.state_dict().items()}
    assert str(net.load_state_dict(state, strict=True)) == "<All keys matched successfully>"


def test_compiles_and_exports(impl):
    net = impl.runner.load_network(PLAN, seeded(PLAN), "float32").eval()
    x = impl.runner.tensor(net, noise(PLAN))
    expected = net(x)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected)
    torch.testing.assert_close(torch.export.export(net, (x,)).module()(x), expected)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "aux"),
    [
        ("googlenet", False),
        ("googlenet.paper", True),
        ("inception_v3.input", False),
        ("xception.timm", False),
    ],
)
def test_turns_into_torchscript(impl, name, aux):
    """With heads, an affine layer, and residuals with and without a shortcut."""
    net = impl.package.network(name, input=(3, 107, 107), classes=4, aux=aux).eval()
    x = torch.randn(2, 3, 107, 107)
    scripted = torch.jit.script(net)
    torch.testing.assert_close(scripted(x), net(x))
    if aux:
        assert set(scripted.train()(x)) == {"logits", "aux1", "aux2"}


def test_fast_keeps_a_users_hooks(impl):
    net = impl.runner.load_network(PLAN, seeded(PLAN), "float32").eval()
    x = impl.runner.tensor(net, noise(PLAN))
    before = net(x)
    net.conv2.conv.register_forward_hook(lambda *call: call[2] * 2)
    net.conv3.relu.register_forward_hook(lambda *call: call[2] + 1)
    quick = impl.package.fast(net)
    for _ in range(3):
        torch.testing.assert_close(quick(x), net(x), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(net(x), before, rtol=1e-2)


def test_fast_without_its_compiler(impl, monkeypatch):
    """A compiler that fails costs a warning and time, not the result."""

    def broken(*_):
        raise RuntimeError("first line\nno such partition")

    net = impl.runner.load_network(PLAN, seeded(PLAN), "float32").eval()
    x, quick = impl.runner.tensor(net, noise(PLAN)), impl.package.fast(net)
    expected = quick(x)
    monkeypatch.setattr(torch.jit, "freeze", broken)
    with pytest.warns(UserWarning, match="could not compile the network.*: no such partition$"):
        torch.testing.assert_close(quick(x), expected)
    torch.testing.assert_close(quick(x), expected)  # it is not tried again
    assert not torch.jit.onednn_fusion_enabled()


def test_fast_compiles_for_a_few_shapes_only(impl):
    net = impl.runner.load_network(PLAN, seeded(PLAN), "float32").eval()
    quick = impl.package.fast(net)
    for count in range(1, MAX_SHAPES + 3):
        quick(torch.zeros(count, *PLAN.spec.input))
    assert len(quick.functions) == MAX_SHAPES
    quick(torch.zeros(count, *PLAN.spec.input))
    assert quick.functions[torch.Size([count, *PLAN.spec.input])] is not quick.net


def test_a_pool_of_stride_1_is_padded_on_one_side():
    """With ceil_mode, it would have one row and one column less."""
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    pool = make_layer(make_node(MaxPool(2, 1, PaddingRule.SAME), "pool", (1, 3, 3)))
    expected = torch.tensor([[4.0, 5, 5], [7, 8, 8], [7, 8, 8]])
    assert torch.equal(pool(x)[0, 0], expected)


def test_averages_over_an_uneven_border_are_refused():
    with pytest.raises(TypeError, match=r"^pool: pytorch_impl cannot average with padding"):
        make_layer(make_node(AvgPool(2, 2, PaddingRule.SAME), "pool", (3, 5, 5)))


def features(impl, name, state, x):
    """The features that our network computes with the same weights, under our names."""
    plan = planned(name, (139, 139), classes=0)
    format = formats_for("inception_v3.fid", "pytorch_fid")[0]
    arrays = format.from_layout(plan, {key: tensor.numpy() for key, tensor in state.items()})
    net = impl.runner.load_network(plan, arrays, "float64")
    return impl.runner.forward_pass(net, x, [])["features"]


def test_fids_features_are_pytorch_fids(impl):
    plan = planned("inception_v3.fid", (139, 139), classes=0)
    arrays = formats_for("inception_v3.fid", "pytorch_fid")[0].to_layout(plan, seeded(plan))
    state = {key: torch.from_numpy(array).double() for key, array in arrays.items()}
    x = noise(plan)
    expected = Fid(state).features(torch.from_numpy(x)).numpy()
    assert relative_difference(features(impl, "inception_v3.fid", state, x), expected) < 1e-12
    assert relative_difference(features(impl, "inception_v3", state, x), expected) > 0.01


def test_fids_images_are_pytorch_fids():
    pixels = np.random.default_rng(3).integers(0, 256, (50, 70, 3), np.uint8)
    found = to_input(Image.fromarray(pixels), (3, 299, 31), network("inception_v3.fid").preprocess)
    x = torch.from_numpy(pixels).double().permute(2, 0, 1)[None] / 255
    size = {"size": (299, 31), "mode": "bilinear", "align_corners": False}
    expected = 2 * torch.nn.functional.interpolate(x, **size) - 1
    np.testing.assert_allclose(found, expected[0].numpy(), atol=1e-6)


def test_prints_like_the_paper(impl):
    told = str(impl.package.googlenet())
    assert told.index("(conv1)") < told.index("(inception3a)") < told.index("(fc): Linear")


def bninception_module(state, x, name):
    """One of pretrainedmodels' four-branch modules, with its parameter names."""

    def unit(y, part, **options):
        weight, bias = (state[f"{name}_{part}.{kind}"] for kind in ("weight", "bias"))
        norm = [state[f"{name}_{part}_bn.{kind}"] for kind in
                ("running_mean", "running_var", "weight", "bias")]  # fmt: skip
        y = F.batch_norm(F.conv2d(y, weight, bias, **options), *norm, eps=float(np.float32(1e-5)))
        return F.relu(y)

    double = unit(unit(x, "double_3x3_reduce"), "double_3x3_1", padding=1)
    branches = [
        unit(x, "1x1"),
        unit(unit(x, "3x3_reduce"), "3x3", padding=1),
        unit(double, "double_3x3_2", padding=1),
        unit(F.avg_pool2d(x, 3, 1, 1, ceil_mode=True), "pool_proj"),
    ]
    return torch.cat(branches, 1)


def test_bninceptions_modules_are_pretrainedmodels(impl):
    """With pretrainedmodels' names, tests 4c, whose pool projection to 128 makes 608 channels."""
    name = "inception_v2.caffe"
    plan = planned(name, (96, 96), classes=5)
    arrays = seeded(plan)
    theirs = formats_for(name, "pretrainedmodels")[0].to_layout(plan, arrays)
    state = {key: torch.from_numpy(array).double() for key, array in theirs.items()}
    net = impl.runner.load_network(plan, arrays, "float64")
    found = impl.runner.forward_pass(net, noise(plan), ["inception4b", "inception4c"])
    made = bninception_module(state, torch.from_numpy(found["inception4b"]), "inception_4c")
    assert found["inception4c"].shape[1] == 608
    assert relative_difference(found["inception4c"], made.numpy()) < 1e-12


def test_facenets_ending_is_facenet_pytorchs(impl):
    """From block8.4 on: the unscaled block and all that follows, with facenet-pytorch's names."""
    name = "inception_resnet_v1.facenet"
    plan = planned(name, (96, 96), classes=0)
    arrays = seeded(plan)
    theirs = formats_for(name, "facenet")[0].to_layout(plan, arrays)
    state = {key: torch.from_numpy(array).double() for key, array in theirs.items()}

    def norm(x, part):
        kinds = ("running_mean", "running_var", "weight", "bias")
        held = [state[f"{part}.{kind}"] for kind in kinds]
        return F.batch_norm(x, *held, eps=float(np.float32(1e-3)))

    def unit(x, part, padding=0):
        weight = state[f"block8.{part}.conv.weight"]
        return F.relu(norm(F.conv2d(x, weight, padding=padding), f"block8.{part}.bn"))

    net = impl.runner.load_network(plan, arrays, "float64")
    found = impl.runner.forward_pass(net, noise(plan, images=3), ["block8.4", "block8.5"])
    x = torch.from_numpy(found["block8.4"])
    wide = unit(unit(unit(x, "branch1.0"), "branch1.1", (0, 1)), "branch1.2", (1, 0))
    joined = torch.cat([unit(x, "branch0"), wide], 1)
    last = F.conv2d(joined, state["block8.conv2d.weight"], state["block8.conv2d.bias"]) + x
    assert relative_difference(found["block8.5"], last.numpy()) < 1e-12
    face = norm(F.linear(last.mean((2, 3)), state["last_linear.weight"]), "last_bn")
    expected = (face / face.norm(dim=1, keepdim=True)).numpy()
    assert relative_difference(found["features"], expected) < 1e-12
