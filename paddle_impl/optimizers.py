"""The optimizers of `common.training.recipe` in Paddle, and their state."""

import numpy as np
import paddle
from paddle import Tensor
from paddle.nn import ClipGradByGlobalNorm
from paddle.optimizer import Adam, AdamW, Momentum, Optimizer, RMSProp
from paddle.regularizer import L2Decay

from common.training import recipe as rules
from common.training.recipe import Recipe
from common.training.update_rules import is_decayed
from paddle_impl.build import Network

Slots = dict[str, dict[str, Tensor]]
# For each optimizer, the name of each slot in a recipe's terms, and in Paddle's.
SLOTS = {
    Momentum: {"velocity": "velocity"},
    RMSProp: {"velocity": "momentum", "square": "mean_square"},
    Adam: {"mean": "moment1", "square": "moment2"},
    AdamW: {"mean": "moment1", "square": "moment2"},
}


def make_optimizer(net: Network, recipe: Recipe) -> Optimizer:
    """The recipe's optimizer, with Paddle's own weight decay and gradient clipping."""
    weights = list(learned(net).values())
    options = {"parameters": weights}
    if recipe.clip:
        options["grad_clip"] = ClipGradByGlobalNorm(recipe.clip)
    decayed = [weight for weight in weights if is_decayed(weight.shape)]
    if isinstance(recipe.optimizer, rules.AdamW):
        names = {weight.name for weight in decayed}
        options |= {
            "weight_decay": recipe.weight_decay,
            "apply_decay_param_fun": names.__contains__,
        }
    else:
        for weight in decayed:
            weight.regularizer = L2Decay(recipe.weight_decay)
    optimizer = framework_optimizer(recipe.optimizer, options)
    # Paddle would only create these at the first step, but a resumed run fills them before it.
    block = paddle.static.default_main_program().global_block()
    optimizer._create_accumulators(block, weights)
    return optimizer


def framework_optimizer(rule: rules.Optimizer, options: dict) -> Optimizer:
    """The optimizer for an update rule; the learning rate is set at each step."""
    match rule:
        case rules.SGD(momentum=momentum):
            return Momentum(1.0, momentum, **options)
        case rules.Nesterov(momentum=momentum):
            return Momentum(1.0, momentum, use_nesterov=True, **options)
        case rules.RMSProp(rho=rho, momentum=momentum, eps=eps):
            return RMSProp(1.0, rho, eps, momentum, **options)
        case rules.Adam(beta1=beta1, beta2=beta2, eps=eps):
            return Adam(1.0, beta1, beta2, eps, **options)
        case rules.AdamW(beta1=beta1, beta2=beta2, eps=eps):
            return AdamW(1.0, beta1, beta2, eps, **options)
    raise TypeError(f"paddle_impl does not know {rule!r}")


def get_slots(net: Network, optimizer: Optimizer) -> Slots:
    """The optimizer's state: a tensor for each parameter, by slot and parameter name."""
    held = optimizer._accumulators
    return {
        slot: {name: held[key][weight.name] for name, weight in learned(net).items()}
        for slot, key in SLOTS[type(optimizer)].items()
    }


def learned(net: Network) -> dict[str, Tensor]:
    """The trainable parameters by name; Paddle lists running statistics as parameters as well."""
    return {name: p for name, p in net.named_parameters() if not p.stop_gradient}


def set_steps(optimizer: Optimizer, steps: int) -> None:
    """Sets the number of steps taken, which Adam needs to correct the bias of its means."""
    for key, power in (("beta1_pow_acc", "_beta1"), ("beta2_pow_acc", "_beta2")):
        for held in optimizer._accumulators.get(key, {}).values():
            # Multiplied step by step, as in Paddle, to get exactly the same number.
            beta = np.full(steps + 1, getattr(optimizer, power), held.numpy().dtype)
            held.set_value(np.multiply.accumulate(beta)[-1:])
