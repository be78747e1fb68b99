"""Solution to the exercise of chapter 9, "Write the middle flow"."""

from torch import nn

from pytorch_impl import network


# %% middle_flow
class Middle(nn.Module):
    """A block of the middle flow, on maps of 728 channels."""

    def __init__(self, width=728):
        super().__init__()
        steps = []
        for _ in range(3):
            depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
            pointwise = nn.Conv2d(width, width, 1, bias=False)
            steps += [nn.ReLU(), depthwise, pointwise, nn.BatchNorm2d(width, eps=1e-3)]
        self.branch = nn.Sequential(*steps)

    def forward(self, x):
        return x + self.branch(x)


# %% network
class Net(nn.Module):
    """Xception for images of 75 x 75 pixels, with the blocks above."""

    def __init__(self):
        super().__init__()
        self.before = network("xception", (3, 75, 75), until="block3")
        self.middle = nn.Sequential(*[Middle() for _ in range(8)])
        self.after = network("xception", (728, 5, 5), since="block12")

    def forward(self, x):
        return self.after(self.middle(self.before(x)))
