"""GoogLeNet with everything in `forward`: functions and their weights instead of layers."""

import paddle
from paddle import nn
from paddle.nn.functional import batch_norm, conv2d, dropout, linear, max_pool2d, relu

WIDTHS = {  # of the four branches, with their reductions
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Layer):
    """The plain network, or torchvision's with batch norm."""

    def __init__(self, norm=False):
        super().__init__()
        self.norm = norm
        self.make("1", 3, 64, 7)
        self.make("2", 64, 64, 1)
        self.make("3", 64, 192, 3)
        for name, (c, one, r3, three, r5, five, pool) in WIDTHS.items():
            self.make(f"{name}_1", c, one, 1)
            self.make(f"{name}_3r", c, r3, 1)
            self.make(f"{name}_3", r3, three, 3)
            self.make(f"{name}_5r", c, r5, 1)
            self.make(f"{name}_5", r5, five, 3 if norm else 5)
            self.make(f"{name}_p", c, pool, 1)
        self.fc_w, self.fc_b = self.create_parameter([1024, 1000]), self.create_parameter([1000])

    def make(self, name, inputs, outputs, kernel):
        setattr(self, f"w{name}", self.create_parameter([outputs, inputs, kernel, kernel]))
        setattr(self, f"b{name}", self.create_parameter([outputs]))
        if self.norm:
            setattr(self, f"g{name}", self.create_parameter([outputs]))
            self.register_buffer(f"m{name}_mean", paddle.zeros([outputs]))
            self.register_buffer(f"m{name}_var", paddle.ones([outputs]))

    def conv(self, x, name, stride=1):
        w, b = getattr(self, f"w{name}"), getattr(self, f"b{name}")
        around = w.shape[2] // 2
        if not self.norm:
            return relu(conv2d(x, w, b, stride, around))
        x = conv2d(x, w, None, stride, around)
        mean, var = getattr(self, f"m{name}_mean"), getattr(self, f"m{name}_var")
        return relu(batch_norm(x, mean, var, getattr(self, f"g{name}"), b, epsilon=1e-3))

    def forward(self, x):
        x = max_pool2d(self.conv(x, "1", 2), 3, 2, ceil_mode=True)
        x = max_pool2d(self.conv(self.conv(x, "2"), "3"), 3, 2, ceil_mode=True)
        for name in WIDTHS:
            if name in ("4a", "5a"):
                kernel = 2 if name == "5a" and self.norm else 3
                x = max_pool2d(x, kernel, 2, ceil_mode=True)
            one = self.conv(x, f"{name}_1")
            three = self.conv(self.conv(x, f"{name}_3r"), f"{name}_3")
            five = self.conv(self.conv(x, f"{name}_5r"), f"{name}_5")
            pool = self.conv(max_pool2d(x, 3, 1, 1), f"{name}_p")
            x = paddle.concat([one, three, five, pool], 1)
        x = dropout(x.mean([2, 3]), 0.2 if self.norm else 0.4, training=self.training)
        return linear(x, self.fc_w, self.fc_b)
