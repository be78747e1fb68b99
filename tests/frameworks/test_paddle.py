"""What comes out is what a user of Paddle expects."""

import numpy as np
import paddle
import pytest
from conftest import noise, planned, seeded

PLAN = planned(size=(64, 64), classes=4)


@pytest.mark.filterwarnings("ignore")
def test_turns_static_and_sums_up(room, capsys):
    net = room.run.loaded(PLAN, seeded(PLAN), "float32")
    net.eval()
    x = room.run.tensor(net, noise(PLAN))
    static = paddle.jit.to_static(net)
    expected = room.run.run(room.run.loaded(PLAN, seeded(PLAN), "float32"), noise(PLAN), [])
    largest = np.abs(expected["logits"]).max()
    np.testing.assert_allclose(static(x).numpy(), expected["logits"], atol=1e-5 * largest)
    told = paddle.summary(room.package.googlenet(), (1, 3, 224, 224))
    assert told["total_params"] == 6_998_552
    assert "Conv2D" in capsys.readouterr().out
