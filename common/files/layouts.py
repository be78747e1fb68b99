"""How the frameworks name the arrays of a network in their own files."""

from common.plan import Layer, Plan


def layer_name(path: str) -> str:
    """A path as the name of a Keras layer, which may not hold dots."""
    return path.replace(".", "_")


def own_names(plan: Plan) -> dict[str, str]:
    """What each array is called in the networks of `tensorflow_impl`."""
    return {
        name: f"{layer_name(layer.path)}/{number}"
        for layer in plan.layers()
        for number, name in enumerate(own_arrays(layer))
    }


def own_arrays(layer: Layer) -> list[str]:
    """The names of a layer's own arrays, in Keras' order."""
    return [f"{layer.path}.{kind}" for kind, _ in (*layer.parameters, *layer.statistics)]
