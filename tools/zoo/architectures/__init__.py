"""One file an architecture; a recipe picks one and gives it its arguments."""

from torch import nn

from .convmixer import ConvMixer
from .densenet import DenseNet
from .lenet import LeNet
from .mixer import Mixer
from .mlp import MLP
from .mobilenet import MobileNet
from .plain import VGG, Plain
from .preact import PreActResNet
from .resnet import ResNet
from .resnext import ResNeXt
from .vit import ViT
from .word_resnet import WordResNet

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "convmixer": ConvMixer,
    "densenet": DenseNet,
    "lenet": LeNet,
    "mixer": Mixer,
    "mlp": MLP,
    "mobilenet": MobileNet,
    "plain": Plain,
    "preact": PreActResNet,
    "resnet": ResNet,
    "resnext": ResNeXt,
    "vgg": VGG,
    "vit": ViT,
    "word_resnet": WordResNet,
}
