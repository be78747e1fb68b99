"""Solutions to the exercises of chapter 4, the auxiliary classifiers."""

from math import log

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

# %% head_parameters
layers = nn.Conv2D(528, 128, 1), nn.Linear(128 * 4 * 4, 1024), nn.Linear(1024, 1000)
head_parameters = sum(p.size for layer in layers for p in layer.parameters())

# %% loss_at_start
loss_at_start = (1 + 0.3 + 0.3) * log(1000)


# %% training_loss
def training_loss(logits, aux1, aux2, labels):
    """Returns the loss of a batch, from three arrays N x classes and N class numbers."""
    labels = paddle.to_tensor(labels)
    main, *heads = (F.cross_entropy(paddle.to_tensor(z), labels) for z in (logits, aux1, aux2))
    return main + 0.3 * sum(heads)


# %% gradient_ratio
def gradient_ratio(main, aux1, aux2):
    """Returns a layer's gradient norm with the heads, divided by that without them."""
    return np.linalg.norm(main + 0.3 * (aux1 + aux2)) / np.linalg.norm(main)


# %% adaptive_windows
def adaptive_windows(n, m):
    """Returns the pairs (start, end) of m windows over n pixels; the end is exclusive."""
    return [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
