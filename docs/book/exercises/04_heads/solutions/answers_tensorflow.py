"""Solutions to the exercises of chapter 4, the auxiliary classifiers."""

from math import log

import keras
import numpy as np
from keras import layers

keras.config.set_floatx("float64")

# %% head_parameters
head = keras.Sequential(
    [
        layers.Input((4, 4, 528)),
        layers.Conv2D(128, 1),
        layers.Flatten(),
        layers.Dense(1024),
        layers.Dense(1000),
    ]
)
head_parameters = head.count_params()

# %% loss_at_start
loss_at_start = (1 + 0.3 + 0.3) * log(1000)


# %% training_loss
def training_loss(logits, aux1, aux2, labels):
    """Returns the loss of a batch, from three arrays N x classes and N class numbers."""
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    main, *heads = (cross_entropy(labels, z) for z in (logits, aux1, aux2))
    return main + 0.3 * sum(heads)


# %% gradient_ratio
def gradient_ratio(main, aux1, aux2):
    """Returns a layer's gradient norm with the heads, divided by that without them."""
    return np.linalg.norm(main + 0.3 * (aux1 + aux2)) / np.linalg.norm(main)


# %% adaptive_windows
def adaptive_windows(n, m):
    """Returns the pairs (start, end) of m windows over n pixels; the end is exclusive."""
    return [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
