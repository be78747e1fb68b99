# %% setup
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import networks
from common.data.images import batch, photographs
from common.files import weights
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from pytorch_impl import load_weights, network

torch.set_default_dtype(torch.float64)
labels = torch.tensor([497, 985])  # ImageNet's numbers of "church" and "daisy"


# %% head tags=["same"]
class Head(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv = nn.Conv2d(channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x)))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(self.dropout(x))


for channels in (512, 528):
    head = Head(channels, classes=1000)
    _, *shape = head.pool(torch.zeros(1, channels, 14, 14)).shape
    count = sum(parameter.numel() for parameter in head.parameters())
    print(f"{channels} channels: pooled to {' x '.join(map(str, shape))}, {count:,} parameters")


# %% start
def start(name):
    """A network with heads, no dropout, and the initial weights of its published code."""
    spec = networks.network(name, aux=True)
    plan = make_plan(spec)
    weights.write("start.safetensors", initial_arrays(plan, seed=0), plan)
    net = network(name, aux=True)
    load_weights(net, "start.safetensors")
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return net, torch.from_numpy(batch(photographs(), spec.input, spec.preprocess)).double()


# %% modes tags=["same"]
net, images = start("googlenet.caffe")
outputs = net.train()(images)
for name, logits in outputs.items():
    print(f"training, {name}: {len(logits)} x {logits.shape[1]}")
logits = net.eval()(images)
print(f"evaluation: {len(logits)} x {logits.shape[1]}")
print("the same logits:", torch.allclose(logits, outputs["logits"]))

# %% losses tags=["same"]
losses = {name: F.cross_entropy(z, labels).item() for name, z in outputs.items()}
for name, loss in losses.items():
    print(f"{name}: {loss:.6f}")
total = losses["logits"] + 0.3 * (losses["aux1"] + losses["aux2"])
print(f"total: {total:.6f}")


# %% gradient
def gradient(net, images, factors):
    """The gradient of a weighted sum of the losses, for each step of the network."""
    outputs = net.train()(images)
    loss = sum(factor * F.cross_entropy(outputs[n], labels) for n, factor in factors.items())
    net.zero_grad()
    loss.backward()
    found = {}
    for name, parameter in net.named_parameters():
        if parameter.grad is not None:
            found.setdefault(name.split(".")[0], []).append(parameter.grad.numpy().ravel())
    return {step: np.concatenate(parts) for step, parts in found.items()}


names = [step.path for step in net.plan.body.children]
STEPS = [name for name in names if name.startswith(("conv", "inception"))]

# %% caffe tags=["same"]
main = gradient(net, images, {"logits": 1})
aux1 = gradient(net, images, {"aux1": 0.3})
aux2 = gradient(net, images, {"aux2": 0.3})
print("step           main   head 1   head 2      all    ratio")
for step in STEPS:
    parts = [each.get(step, np.zeros(1)) for each in (main, aux1, aux2)]
    norms = [np.linalg.norm(part) for part in (*parts, sum(parts))]
    print(f"{step:12}", *(f"{norm:8.3f}" for norm in norms), f"{norms[3] / norms[0]:8.2f}")

# %% weight_one tags=["same"]
everything = gradient(net, images, {"logits": 1, "aux1": 0.3, "aux2": 0.3})
apart = max(np.abs(everything[s] - main[s] - aux1.get(s, 0) - aux2.get(s, 0)).max() for s in STEPS)
print("the gradient of the sum is the sum of the gradients:", apart < 1e-9)
for factor in (0, 0.3, 1):
    parts = main["conv1"] + factor / 0.3 * (aux1["conv1"] + aux2["conv1"])
    print(f"heads' weight {factor}: {np.linalg.norm(parts) / np.linalg.norm(main['conv1']):.2f}")

# %% other_starts tags=["same"]
for name in ("googlenet", "googlenet.torchvision"):
    net, images = start(name)
    main = gradient(net, images, {"logits": 1})
    everything = gradient(net, images, {"logits": 1, "aux1": 0.3, "aux2": 0.3})
    print(name)
    for step in STEPS:
        norms = [np.linalg.norm(each[step]) for each in (main, everything)]
        print(f"{step:12} {norms[0]:9.3f} {norms[1]:9.3f} {norms[1] / norms[0]:6.3f}")
