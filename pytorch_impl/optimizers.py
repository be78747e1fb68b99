"""The optimizers of `common.training.recipe` in PyTorch, and their state."""

import torch
from torch import Tensor, optim

from common.training import recipe as rules
from common.training.recipe import Recipe
from common.training.update_rules import is_decayed, slot_names
from pytorch_impl.build import Network

Slots = dict[str, dict[str, Tensor]]
# The name of each slot in a recipe's terms, and in PyTorch's.
SLOTS = {"velocity": "momentum_buffer", "mean": "exp_avg", "square": "exp_avg_sq"}


class RMSProp(optim.Optimizer):
    """RMSProp with eps inside the root and the learning rate inside the velocity, as in Keras."""

    def __init__(self, parameters, rho: float, momentum: float, eps: float) -> None:
        numbers = {"lr": 0.0, "rho": rho, "momentum": momentum, "eps": eps, "weight_decay": 0.0}
        super().__init__(parameters, numbers)

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                square = self.state[weight]["exp_avg_sq"]
                velocity = self.state[weight]["momentum_buffer"]
                gradient = weight.grad.add(weight, alpha=group["weight_decay"])
                square.mul_(group["rho"]).addcmul_(gradient, gradient, value=1 - group["rho"])
                root = square.add(group["eps"]).sqrt_()
                velocity.mul_(group["momentum"]).addcdiv_(gradient, root, value=group["lr"])
                weight.sub_(velocity)


def make_optimizer(net: Network, recipe: Recipe) -> optim.Optimizer:
    """The recipe's optimizer, with a separate group for the parameters with weight decay."""
    weights = learned(net).values()
    groups = [
        {"params": [p for p in weights if is_decayed(p.shape)]},
        {"params": [p for p in weights if not is_decayed(p.shape)]},
    ]
    optimizer = framework_optimizer(recipe.optimizer, groups)
    for group, decay in zip(optimizer.param_groups, (recipe.weight_decay, 0.0), strict=True):
        group["weight_decay"] = decay
    for weight in weights:
        slots = slot_names(recipe.optimizer)
        optimizer.state[weight] = {SLOTS[slot]: torch.zeros_like(weight) for slot in slots}
    set_steps(optimizer, 0)
    return optimizer


def framework_optimizer(rule: rules.Optimizer, groups: list[dict]) -> optim.Optimizer:
    """The optimizer for an update rule; the learning rate is set at each step."""
    match rule:
        case rules.SGD(momentum=momentum):
            return optim.SGD(groups, momentum=momentum)
        case rules.Nesterov(momentum=momentum):
            return optim.SGD(groups, momentum=momentum, nesterov=True)
        case rules.RMSProp(rho=rho, momentum=momentum, eps=eps):
            return RMSProp(groups, rho, momentum, eps)
        case rules.Adam(beta1=beta1, beta2=beta2, eps=eps):
            return optim.Adam(groups, betas=(beta1, beta2), eps=eps)
        case rules.AdamW(beta1=beta1, beta2=beta2, eps=eps):
            return optim.AdamW(groups, betas=(beta1, beta2), eps=eps)
    raise TypeError(f"pytorch_impl does not know {rule!r}")


def get_slots(net: Network, optimizer: optim.Optimizer) -> Slots:
    """The optimizer's state: a tensor for each parameter, by slot and parameter name."""
    state, weights = optimizer.state, learned(net)
    return {
        slot: {name: state[weight][key] for name, weight in weights.items()}
        for slot, key in SLOTS.items()
        if all(key in state[weight] for weight in weights.values())
    }


def learned(net: Network) -> dict[str, Tensor]:
    """The trainable parameters by name."""
    return {name: p for name, p in net.named_parameters() if p.requires_grad}


def set_steps(optimizer: optim.Optimizer, steps: int) -> None:
    """Sets the number of steps taken, which Adam needs to correct the bias of its means."""
    for state in optimizer.state.values():
        state["step"] = torch.tensor(float(steps))
