"""Solution to the exercise of chapter 9, "Write the middle flow"."""

from paddle import nn

from paddle_impl import network


# %% middle_flow
class Middle(nn.Layer):
    """A block of the middle flow, on maps of 728 channels."""

    def __init__(self, width=728):
        super().__init__()
        steps = []
        for _ in range(3):
            depthwise = nn.Conv2D(width, width, 3, padding=1, groups=width, bias_attr=False)
            pointwise = nn.Conv2D(width, width, 1, bias_attr=False)
            steps += [nn.ReLU(), depthwise, pointwise, nn.BatchNorm2D(width, epsilon=1e-3)]
        self.branch = nn.Sequential(*steps)

    def forward(self, x):
        return x + self.branch(x)


# %% network
class Net(nn.Layer):
    """Xception for images of 75 x 75 pixels, with the blocks above."""

    def __init__(self):
        super().__init__()
        self.before = network("xception", (3, 75, 75), until="block3")
        self.middle = nn.Sequential(*[Middle() for _ in range(8)])
        self.after = network("xception", (728, 5, 5), since="block12")

    def forward(self, x):
        return self.after(self.middle(self.before(x)))
