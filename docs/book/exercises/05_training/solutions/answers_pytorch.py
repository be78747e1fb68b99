"""Solutions to the exercises of chapter 5, training."""

from math import ceil, log

import torch

# %% steps
steps = 8 * ceil(1437 / 32)


# %% guessing_loss
def guessing_loss(counts):
    """Returns the entropy of the classes' shares."""
    shares = [count / sum(counts) for count in counts]
    return -sum(share * log(share) for share in shares)


# %% epoch_loss
def epoch_loss(losses, sizes):
    """Returns the mean loss over the images, from the mean losses and sizes of the batches."""
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


# %% logit_factor
def logit_factor(scale, layers):
    """Returns by how much the logits change if every layer's weights are `scale` times as large."""
    return scale**layers


# %% momentum_step
def momentum_step(w, v, g, rate, momentum):
    """Returns the pair (weight, velocity) after one step of SGD with momentum."""
    weight = torch.tensor([w], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=rate, momentum=momentum)
    optimizer.state[weight]["momentum_buffer"] = torch.tensor([v], dtype=torch.float64)
    weight.grad = torch.tensor([g], dtype=torch.float64)
    optimizer.step()
    return weight.item(), optimizer.state[weight]["momentum_buffer"].item()


# %% map_sizes
def map_sizes(n, stride, pools):
    """Returns the rows behind conv1 and behind each pool that rounds up."""
    sizes = [(n + 2 * 3 - 7) // stride + 1]
    for _ in range(pools):
        sizes.append(ceil((sizes[-1] - 3) / 2) + 1)
    return sizes
