"""Solution to exercise 4.6: GoogLeNet with its two heads."""

import keras
from keras import layers

from tensorflow_impl import network


def head(x, classes, name):
    """The auxiliary classifier: average pool 5x5/3, 1x1 convolution, two linear layers."""
    x = layers.AveragePooling2D(5, strides=3)(x)
    x = layers.Conv2D(128, 1, activation="relu")(x)
    x = layers.Permute((3, 1, 2))(x)  # channels first, the order in which the weights were trained
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.Dense(1024, activation="relu")(x))
    return layers.Dense(classes, name=name)(x)


def googlenet(classes=1000):
    """GoogLeNet from three parts, between which the heads are attached."""
    image = keras.Input((224, 224, 3))
    parts = [
        network("googlenet", until="inception4a"),
        network("googlenet", (512, 14, 14), since="inception4b", until="inception4d"),
        network("googlenet", (528, 14, 14), since="inception4e"),
    ]
    for number, part in enumerate(parts):
        part.name = f"part{number}"  # Keras refuses two layers of the same name
    x4a = parts[0](image)
    x4d = parts[1](x4a)
    logits = parts[2](x4d)
    aux1, aux2 = head(x4a, classes, "aux1"), head(x4d, classes, "aux2")
    return keras.Model(image, {"logits": logits, "aux1": aux1, "aux2": aux2})
