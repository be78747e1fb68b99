"""Networks behave as users of Paddle expect."""

import numpy as np
import paddle
import pytest
from conftest import noise, planned, seeded

from common.files import weights
from common.tools.analysis.published_counts import PUBLISHED
from common.tools.zoo.convert import convert
from paddle_impl import fluid
from paddle_impl.custom_layers import Conv2D, MaxPool

PLAN = planned(size=(64, 64), classes=4)


@pytest.mark.filterwarnings("ignore")
def test_turns_static_and_sums_up(impl, capsys):
    part = PLAN.subplan(PLAN.body.children[:6])  # tracing a whole network takes 20 s
    arrays = {name: seeded(PLAN)[name] for name in part.array_shapes()}
    net = impl.runner.load_network(part, arrays, "float32")
    net.eval()
    x = impl.runner.tensor(net, noise(part))
    static = paddle.jit.to_static(net)
    again = impl.runner.load_network(part, arrays, "float32")
    [expected] = impl.runner.forward_pass(again, noise(part), []).values()
    np.testing.assert_allclose(static(x).numpy(), expected, atol=1e-5 * np.abs(expected).max())
    net.train()
    static(x).sum().backward()
    assert net.parameters()[0].grad.abs().sum().item() > 0
    told = paddle.summary(impl.package.googlenet(), (1, 3, 224, 224))
    assert told["total_params"] == 6_998_552
    assert "Conv2D" in capsys.readouterr().out


def test_cross_entropy_keeps_logits_far_below_the_largest(impl):
    logits, target = paddle.to_tensor([[0.0, 100.0]], "float64"), paddle.to_tensor([0])
    assert impl.runner.cross_entropy(logits, target).item() == 100
    assert paddle.nn.functional.cross_entropy(logits, target).item() == pytest.approx(64)


def test_the_gradient_of_a_max_pool_over_nan_stays_in_its_channel():
    """Paddle has no index for a window of NaN, and would add its gradient to the number before."""
    x = np.random.default_rng(0).standard_normal((1, 2, 4, 4))
    x[0, 1] = np.nan
    pool, x = MaxPool(2, 2, [0, 0, 0, 0]), paddle.to_tensor(x, stop_gradient=False)
    y = pool(x)
    y.backward(paddle.ones_like(y))
    assert pool.training
    assert x.grad[0, 0].sum().item() == 4


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(1, 1, [0, 0, 0, 0]), (1, 2, [0, 0, 0, 0]), (3, 2, [1, 1, 1, 1]), ((1, 7), 1, [0, 0, 3, 3])],
)
def test_the_convolution_of_small_maps_is_paddles_own(kernel, stride, padding):
    """It is one matrix product for the batch in training, and Paddle's own in evaluation."""
    conv = Conv2D(3, 5, kernel, stride, padding=padding)
    conv.to(dtype="float64")
    images = np.random.default_rng(0).standard_normal((2, 3, 8, 8))

    def outputs():
        x = paddle.to_tensor(images, stop_gradient=False)
        y = conv(x)
        (y * y).sum().backward()
        found = [y, x.grad, conv.weight.grad, conv.bias.grad]
        arrays = [each.numpy() for each in found]
        conv.clear_gradients()
        return y.grad_fn.name(), arrays

    ours, found = outputs()
    conv.eval()
    theirs, expected = outputs()
    assert ("BatchProduct" in ours, "BatchProduct" in theirs) == (True, False)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", ["googlenet", "inception_v3"])
def test_the_published_count_is_paddles_own(model):
    theirs = getattr(paddle.vision.models, model)()
    held = sum(parameter.size for parameter in theirs.parameters())
    assert held in [claim.number for claim in PUBLISHED[f"{model}.paddle_vision"]]


@pytest.mark.parametrize("size", [224, 160])
def test_paddle_vision_is_what_paddle_publishes(impl, tmp_path, size):
    """Compares every head with Paddle's own model, whose weights are converted."""
    theirs = paddle.vision.models.googlenet(num_classes=10)
    x = np.random.default_rng(0).standard_normal((2, 3, size, size)).astype(np.float32)
    if size != 224:
        theirs._fc_o1 = paddle.nn.Linear(*fc1_sizes(size))
        theirs._fc_o2 = paddle.nn.Linear(*fc1_sizes(size))
    theirs.eval()
    paddle.save(theirs.state_dict(), str(tmp_path / "theirs.pdparams"))
    name, ours = "googlenet.paddle_vision", tmp_path / "ours.safetensors"
    convert(tmp_path / "theirs.pdparams", ours, name)
    plan = planned(name, (size, size), classes=10, aux=True)
    net = impl.runner.load_network(
        plan, weights.fit_arrays("ours", *weights.read(ours), plan), "float32"
    )
    found = impl.runner.forward_pass(net, x, [])
    for key, expected in zip(("logits", "aux1", "aux2"), theirs(paddle.to_tensor(x)), strict=True):
        largest = np.abs(expected.numpy()).max()
        np.testing.assert_allclose(found[key], expected.numpy(), atol=1e-5 * largest, rtol=0)


def fc1_sizes(size):
    """The sizes of the heads' first linear layer, which Paddle has fixed for images of 224."""
    plan = planned("googlenet.paddle_vision", (size, size), classes=10, aux=True)
    features, inputs = plan.array_shapes()["aux1.fc1.weight"]
    return inputs, features


def test_functions_of_paddle_1_compute_in_a_graph_and_at_once():
    x = fluid.Variable(paddle.ones([1, 2, 4, 4]))
    y = 0.5 * fluid.Fluid.concat([fluid.Fluid.relu(x), x + 1.0], axis=1)
    graph = fluid.Graph([y, fluid.Fluid.scale(x, scale=3.0)])
    first, second = graph(-paddle.ones([5, 2, 4, 4]))
    assert first.shape == [5, 4, 4, 4]
    assert float(first.sum()) == 0.0
    assert float(second.mean()) == -3.0


def test_the_helper_of_paddle_1_appends_an_activation():
    x = paddle.to_tensor([[-1.0, 2.0]])
    assert fluid.LayerHelper("block", act="relu").append_activation(x).tolist() == [[0.0, 2.0]]
    assert fluid.LayerHelper("block").append_activation(x).tolist() == [[-1.0, 2.0]]
    assert fluid.Fluid.squeeze(paddle.ones([2, 3, 1, 1]), axes=[2, 3]).shape == [2, 3]


def test_the_dropout_of_paddle_1_scales_in_evaluation_only():
    net, x = paddle.nn.Linear(1, 1), paddle.ones([1, 1000])
    net.eval()
    assert np.unique(fluid.dropout(x, 0.25).numpy()).tolist() == [0.75]
    net.train()
    assert np.unique(fluid.dropout(x, 0.25).numpy()).tolist() == [0.0, 1.0]
    assert np.unique(fluid.dropout(x, 0.25, is_test=True).numpy()).tolist() == [0.75]
