"""Networks of the CIFAR literature as a few lines of PyTorch, for models_zoo.py."""

from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


def widened(x, channels, around):
    more = channels - x.shape[1]
    before = more // 2 if around else 0
    return F.pad(x, (0, 0, 0, 0, before, more - before))


class Basic(nn.Module):
    """He et al., 2015, section 4.2, shortcuts of option A."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.outputs = stride, outputs
        self.conv1, self.bn1 = conv(inputs, outputs, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)

    def forward(self, x):
        shortcut = widened(x[:, :, ::self.stride, ::self.stride], self.outputs, True)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + shortcut)


class Wide(nn.Module):
    """Zagoruyko and Komodakis, 2016: norm and ReLU first."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.shortcut = (nn.Conv2d(inputs, outputs, 1, stride, bias=False)
                         if inputs != outputs else None)

    def forward(self, x):
        entered = F.relu(self.bn1(x))
        shortcut = self.shortcut(entered) if self.shortcut else x
        return self.conv2(F.relu(self.bn2(self.conv1(entered)))) + shortcut


class Pyramid(nn.Module):
    """Han et al., 2017: three norms, one ReLU."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.outputs = stride, outputs
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        shortcut = F.avg_pool2d(x, 2, ceil_mode=True) if self.stride == 2 else x
        y = self.bn3(self.conv2(F.relu(self.bn2(self.conv1(self.bn1(x))))))
        return y + widened(shortcut, self.outputs, False)


class Staged(nn.Module):
    """Three stages of blocks. norms: which of those before and behind the blocks there are."""

    def __init__(self, block, widths, classes, entry, last):
        super().__init__()
        self.entry, self.conv1 = entry, conv(3, 16)
        if entry:
            self.bn1 = nn.BatchNorm2d(16)
        channels = 16
        for stage, of_stage in enumerate(widths):
            blocks = []
            for i, width in enumerate(of_stage):
                blocks.append(block(channels, width, 2 if stage > 0 and i == 0 else 1))
                channels = width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.last = last
        if last:
            self.add_module(last, nn.BatchNorm2d(channels))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.conv1(x)
        if self.entry:
            x = self.bn1(x)
        if self.entry == "relu":
            x = F.relu(x)
        x = self.layer3(self.layer2(self.layer1(x)))
        if self.last:
            x = F.relu(getattr(self, self.last)(x))
        return self.fc(x.mean((2, 3)))


def basic(depth):
    n = (depth - 2) // 6
    return lambda classes: Staged(Basic, [[16] * n, [32] * n, [64] * n], classes, "relu", None)


def wide(depth, factor):
    n = (depth - 4) // 6
    widths = [[factor * w] * n for w in (16, 32, 64)]
    return lambda classes: Staged(Wide, widths, classes, None, "bn1")


def pyramid(depth, alpha):
    n = (depth - 2) // 6
    widths = [round(16 + alpha / (3 * n) * (i + 1)) for i in range(3 * n)]
    return lambda classes: Staged(Pyramid, [widths[:n], widths[n:2 * n], widths[2 * n:]], classes,
                                  "plain", "bn_final")


class Unit(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.bn = conv(inputs, outputs), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Pair(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.bn1 = conv(channels, channels), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = conv(channels, channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        return x + F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class Nine(nn.Module):
    """Page, "How to Train Your ResNet", 2018."""

    def __init__(self, classes):
        super().__init__()
        self.prep, self.layer1 = Unit(3, 64), Unit(64, 128)
        self.layer2, self.layer3 = Unit(128, 256), Unit(256, 512)
        self.layer1.residual, self.layer3.residual = Pair(128), Pair(512)
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = self.layer1.residual(F.max_pool2d(self.layer1(self.prep(x)), 2))
        x = F.max_pool2d(self.layer2(x), 2)
        x = self.layer3.residual(F.max_pool2d(self.layer3(x), 2))
        return self.fc(x.amax((2, 3)))


class Vgg(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers, channels, width = [], 3, 64
        for depth in (2, 2, 3, 3, 3):
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
            width = min(2 * width, 512)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


NETWORKS = {
    "resnet20": basic(20), "resnet32": basic(32), "resnet44": basic(44), "resnet56": basic(56),
    "resnet110": basic(110),
    "wrn_16_4": wide(16, 4), "wrn_28_10": wide(28, 10), "wrn_40_2": wide(40, 2),
    "pyramidnet110_a48": pyramid(110, 48), "pyramidnet110_a270": pyramid(110, 270),
    "resnet9": Nine, "vgg16_bn_cifar": Vgg,
}
