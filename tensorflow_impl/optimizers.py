"""The optimizers of `common.training.recipe` in Keras, and their state."""

import keras
from keras import KerasTensor, ops, optimizers

from common.training import recipe as rules
from common.training.recipe import Recipe
from common.training.update_rules import is_decayed
from tensorflow_impl.weights import variables

Slots = dict[str, dict[str, keras.Variable]]


class SGD(optimizers.SGD):
    """SGD with the learning rate outside the velocity; Keras' own has it inside."""

    def update_step(self, gradient: KerasTensor, weight: keras.Variable, rate: float) -> None:
        if not self.momentum:
            return super().update_step(gradient, weight, rate)
        velocity = self.momentums[self._get_variable_index(weight)]
        momentum = ops.cast(self.momentum, weight.dtype)
        self.assign(velocity, momentum * velocity + gradient)
        change = gradient + momentum * velocity if self.nesterov else velocity
        return self.assign_sub(weight, ops.cast(rate, weight.dtype) * change)


class Adam(optimizers.Adam):
    """Adam with eps added after the bias correction of `square`; Keras' own adds it before."""

    def update_step(self, gradient: KerasTensor, weight: keras.Variable, rate: float) -> None:
        index = self._get_variable_index(weight)
        mean, square = self._momentums[index], self._velocities[index]
        numbers = rate, self.iterations + 1, self.beta_1, self.beta_2, self.epsilon
        rate, step, beta1, beta2, eps = (ops.cast(number, weight.dtype) for number in numbers)
        self.assign(mean, beta1 * mean + (1 - beta1) * gradient)
        self.assign(square, beta2 * square + (1 - beta2) * gradient * gradient)
        root = ops.sqrt(square / (1 - beta2**step)) + eps
        self.assign_sub(weight, rate * (mean / (1 - beta1**step)) / root)


def make_optimizer(net: keras.Model, recipe: Recipe) -> optimizers.Optimizer:
    """The recipe's optimizer; `train.py` adds weight decay to the gradients, except for AdamW."""
    optimizer = framework_optimizer(recipe.optimizer, recipe.weight_decay)
    if isinstance(recipe.optimizer, rules.AdamW):
        kept = [w for w in net.trainable_variables if not is_decayed(w.shape)]
        optimizer.exclude_from_weight_decay(var_list=kept)
    optimizer.build(net.trainable_variables)
    return optimizer


def framework_optimizer(rule: rules.Optimizer, decay: float) -> optimizers.Optimizer:
    """The optimizer for an update rule; the learning rate is set at each step."""
    match rule:
        case rules.SGD(momentum=momentum):
            return SGD(momentum=momentum)
        case rules.Nesterov(momentum=momentum):
            return SGD(momentum=momentum, nesterov=True)
        case rules.RMSProp(rho=rho, momentum=momentum, eps=eps):
            return optimizers.RMSprop(rho=rho, momentum=momentum, epsilon=eps)
        case rules.Adam(beta1=beta1, beta2=beta2, eps=eps):
            return Adam(beta_1=beta1, beta_2=beta2, epsilon=eps)
        case rules.AdamW(beta1=beta1, beta2=beta2, eps=eps):
            return Adam(beta_1=beta1, beta_2=beta2, epsilon=eps, weight_decay=decay or None)
    raise TypeError(f"tensorflow_impl does not know {rule!r}")


def get_slots(net: keras.Model, optimizer: optimizers.Optimizer) -> Slots:
    """The optimizer's state: a tensor for each parameter, by slot and parameter name."""
    held = slot_variables(optimizer).items()
    return {slot: dict(zip(learned(net), found, strict=True)) for slot, found in held}


def learned(net: keras.Model) -> dict[str, keras.Variable]:
    """The trainable parameters by name, in the order of the optimizer's lists."""
    names = {id(variable): name for name, variable in variables(net).items()}
    return {names[id(variable)]: variable for variable in net.trainable_variables}


def slot_variables(optimizer: optimizers.Optimizer) -> dict[str, list[keras.Variable]]:
    """The lists in which Keras keeps the optimizer's state, by slot; one variable per parameter."""
    match optimizer:
        case optimizers.SGD():
            return {"velocity": optimizer.momentums} if optimizer.momentum else {}
        case optimizers.RMSprop():
            held = {"square": optimizer._velocities}
            return held | ({"velocity": optimizer._momentums} if optimizer.momentum else {})
        case optimizers.Adam():
            return {"mean": optimizer._momentums, "square": optimizer._velocities}
    raise TypeError(f"tensorflow_impl does not know {optimizer!r}")
