"""Small models of every kind that a user may bring; import it as a module of its own name.

Each takes images [B, 1, 6, 6] and tells four classes apart.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations

from dropout_study.data import Examples, Splits
from dropout_study.models import MLP, DeepMLP
from dropout_study.noise import Dropout, GaussianNoise, NoiseLayer, UnitNoise

K, D, H = 4, 36, 12
DATA = {"in_shape": (1, 6, 6), "classes": K}


def dense(*middle: nn.Module) -> nn.Sequential:
    """Flatten, Linear, ReLU, what is given, Linear."""
    return nn.Sequential(nn.Flatten(), nn.Linear(D, H), nn.ReLU(), *middle, nn.Linear(H, K))


def conv(*middle: nn.Module) -> nn.Sequential:
    """A convolution, what is given, a dense head."""
    return nn.Sequential(nn.Conv2d(1, 3, 3), *middle, nn.ReLU(), nn.Flatten(), nn.LazyLinear(K))


class Net(nn.Module):
    """Two dense layers and a dropout layer, for subclasses to use as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(D, H)
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(H, K)

    def hidden(self, x: Tensor) -> Tensor:
        return torch.relu(self.first(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(self.hidden(x)))


class Residual(Net):
    def forward(self, x: Tensor) -> Tensor:
        h = self.hidden(x)
        return self.head(h + self.drop(h))


class Functional(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.dropout(self.hidden(x), 0.4, self.training))


class AlwaysFunctional(Net):
    """Its dropout is on in evaluation mode too."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.dropout(self.hidden(x), 0.4))


class NumpyNoise(Net):
    def forward(self, x: Tensor) -> Tensor:
        h = self.hidden(x)
        if self.training:
            h = h * torch.from_numpy(np.random.binomial(1, 0.5, h.shape)).float()
        return self.head(h)


class Tied(nn.Module):
    """An autoencoder's two layers share one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(D, H, bias=False)
        self.decode = nn.Linear(H, D, bias=False)
        self.decode.weight = nn.Parameter(self.encode.weight.T.clone())
        self.encode.weight = self.decode.weight
        self.head = nn.Linear(D, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(
            torch.relu(F.linear(x.flatten(1), self.encode.weight.T)) @ self.decode.weight.T
        )


class HeldInAList(Net):
    """Its dropout layer is also held in a plain list, and called from there."""

    def __init__(self) -> None:
        super().__init__()
        self.held = [self.drop]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.held[0](self.hidden(x)))


class Counting(Net):
    """Keeps state in a plain attribute: the first three minibatches are trained without noise."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: Tensor) -> Tensor:
        self.seen += self.training
        h = self.hidden(x)
        return self.head(h if self.seen <= 3 else self.drop(h))


class Remembering(Net):
    """Keeps its latest activations."""

    def forward(self, x: Tensor) -> Tensor:
        self.latest = self.hidden(x)
        return self.head(self.drop(self.latest))


class Buffered(Net):
    """Has a constant buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((D,), 0.4))
        self.register_buffer("order", torch.arange(D).flip(0))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(torch.relu(self.first(x.flatten(1)[:, self.order] - self.mean))))


class Averaging(Net):
    """Has a buffer that it changes in training."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(D))

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(dim=0)
        return self.head(self.drop(torch.relu(self.first(x - self.mean))))


class Branching(Net):
    """Its control flow depends on the data."""

    def forward(self, x: Tensor) -> Tensor:
        h = self.hidden(x)
        return self.head(self.drop(h * 1.5 if h.mean() > 0.2 else h))


class Embedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Embedding(4, 3)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(D * 3, K)

    def forward(self, x: Tensor) -> Tensor:
        tokens = (x.flatten(1) * 3.99).long()
        return self.head(self.drop(self.level(tokens).flatten(1)))


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], dropout: float) -> None:
        super().__init__()
        self.body = kind(6, 8, num_layers=2, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(8, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(self.body(x.squeeze(1))[0][:, -1]))


class Attention(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(6, 2, dropout=dropout, batch_first=True)
        self.head = nn.Linear(6, K)

    def forward(self, x: Tensor) -> Tensor:
        h = x.squeeze(1)
        return self.head(self.attend(h, h, h, need_weights=False)[0].mean(dim=1))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.2, batch_first=True)
        self.head = nn.Linear(6, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.squeeze(1)).mean(dim=1))


class AlwaysOn(nn.Dropout):
    """A user's subclass: on in evaluation mode too."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, True)


class Doubled(nn.Dropout):
    """A user's subclass that is no dropout at all."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x if self.training else x


class UserNoise(UnitNoise):
    """A user's own layer of the contract: uniform multiplicative noise."""

    def factor(self, draws: Tensor, *numbers: float | Tensor) -> Tensor:
        return 1 + (2 * draws - 1) * numbers[0]


class ChannelNoise(NoiseLayer):
    """A user's own layer with one draw a channel."""

    def draw_shape(self, x: Tensor) -> torch.Size:
        return torch.Size([*x.shape[:2], *[1] * (x.dim() - 2)])

    def disturb(self, x: Tensor, draws: Tensor, *numbers: float | Tensor) -> Tensor:
        return x * (draws >= numbers[0]) / (1 - numbers[0])


class WeightNoise(NoiseLayer):
    """A user's own layer that disturbs its weights."""

    per_example = False

    def __init__(self, p: float) -> None:
        super().__init__(p)
        self.weight = nn.Parameter(torch.randn(H, H) * 0.2)

    def forward(self, x: Tensor) -> Tensor:
        numbers = self.source.numbers(self) if self.training else None
        if numbers is None:
            return F.linear(x, self.weight)
        draws = self.source.draw(self, self.weight.shape, x.device)
        return F.linear(x, self.weight * (draws >= numbers[0]) / (1 - numbers[0]))


class LoneNoise(UserNoise):
    """A user's own layer that is never stacked."""

    alone = "its noise depends on the members beside it"


class StaysInEvaluation(nn.Sequential):
    """Overrides ``train``: a part of it is never in training mode."""

    def train(self, mode: bool = True) -> "StaysInEvaluation":
        super().train(mode)
        self[3].eval()
        return self


class NoiseInEvaluation(nn.Sequential):
    """Overrides ``train``: its dropout is always in training mode."""

    def train(self, mode: bool = True) -> "NoiseInEvaluation":
        super().train(mode)
        self[3].train()
        return self


class InPlace(nn.Sequential):
    """Changes the images that it is given."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.mul_(0.5).sub_(0.1))


class Told(Net):
    """Is told of each epoch, and sets its own rate."""

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        self.drop.p = 0.5 * epoch / epochs


def frozen() -> nn.Module:
    model = dense(nn.Dropout(0.4))
    model[1].requires_grad_(False)
    return model


def frozen_conv() -> nn.Module:
    model = conv(nn.Dropout(0.2))
    model[0].requires_grad_(False)
    return model


def shared_dropout() -> nn.Module:
    drop = nn.Dropout(0.4)
    return nn.Sequential(nn.Flatten(), drop, nn.Linear(D, H), nn.ReLU(), drop, nn.Linear(H, K))


def shared_linear() -> nn.Module:
    middle = nn.Linear(H, H)
    return dense(middle, nn.ReLU(), nn.Dropout(0.3), middle, nn.ReLU())


def with_hook(register: str, hook: Callable[..., object]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        model = dense(nn.Dropout(0.4))
        getattr(model[-1], register)(hook)
        return model

    return build


def gradient_hook() -> nn.Module:
    model = dense(nn.Dropout(0.4))
    model[1].weight.register_hook(lambda grad: grad * 0.1)
    return model


def weight_hook() -> nn.Module:
    model = dense(nn.Dropout(0.4))
    nn.utils.parametrizations.weight_norm(model[1])
    return model


def hooked_dropout() -> nn.Module:
    model = dense(nn.Dropout(0.4))
    model[3].register_forward_hook(lambda _module, _args, out: out * 0.5)
    return model


ZOO: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: MLP(hidden1=H, hidden2=H, input_dropout=0.1, init_std=0.1, **DATA),
    "mlp_deep": lambda: DeepMLP(widths=(H, H, H), dropout=0.3, **DATA),
    "dense": lambda: dense(nn.Dropout(0.4)),
    "dense_inplace": lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(D, H),
        nn.Tanh(),
        nn.Linear(H, H),
        nn.Dropout(0.4, inplace=True),
        nn.Linear(H, K),
    ),
    "all_dropped": lambda: dense(nn.Dropout(1.0)),
    "no_bias": lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(D, K, bias=False)),
    "our_dropout": lambda: dense(Dropout(0.4)),
    "gaussian": lambda: dense(GaussianNoise(0.4)),
    "user_noise": lambda: dense(UserNoise(0.4)),
    "channel_noise": lambda: conv(ChannelNoise(0.4)),
    "weight_noise": lambda: dense(WeightNoise(0.4)),
    "lone_noise": lambda: dense(LoneNoise(0.4)),
    "frozen": frozen,
    "frozen_conv": frozen_conv,
    "shared_dropout": shared_dropout,
    "shared_linear": shared_linear,
    "lazy": lambda: nn.Sequential(
        nn.Flatten(), nn.LazyLinear(H), nn.ReLU(), nn.Dropout(0.3), nn.LazyLinear(K)
    ),
    "lazy_normed": lambda: conv(nn.LazyBatchNorm2d(), nn.Dropout(0.2)),
    "forward_hook": with_hook("register_forward_hook", lambda _m, _i, out: out * 0.5),
    "looking_hook": with_hook("register_forward_hook", lambda _m, _i, _o: None),
    "pre_hook": with_hook("register_forward_pre_hook", lambda _m, args: (args[0] * 2,)),
    "backward_hook": with_hook(
        "register_full_backward_hook",
        lambda _m, into, _out: (None if into[0] is None else into[0],),
    ),
    "gradient_hook": gradient_hook,
    "hooked_dropout": hooked_dropout,
    "always_on": lambda: dense(AlwaysOn(0.4)),
    "doubled": lambda: dense(Doubled(0.4)),
    "alpha": lambda: dense(nn.AlphaDropout(0.3)),
    "dropout2d": lambda: conv(nn.Dropout2d(0.3)),
    "functional": Functional,
    "always_functional": AlwaysFunctional,
    "numpy": NumpyNoise,
    "residual": Residual,
    "held_in_a_list": HeldInAList,
    "counting": Counting,
    "remembering": Remembering,
    "buffered": Buffered,
    "averaging": Averaging,
    "branching": Branching,
    "embedding": Embedding,
    "lstm": lambda: Recurrent(nn.LSTM, 0.0),
    "lstm_dropout": lambda: Recurrent(nn.LSTM, 0.4),
    "gru": lambda: Recurrent(nn.GRU, 0.0),
    "attention": lambda: Attention(0.0),
    "attention_dropout": lambda: Attention(0.3),
    "transformer": Transformer,
    "batch_norm": lambda: dense(nn.BatchNorm1d(H), nn.Dropout(0.3)),
    "layer_norm": lambda: dense(nn.LayerNorm(H), nn.Dropout(0.3)),
    "group_norm": lambda: conv(nn.GroupNorm(1, 3), nn.Dropout(0.3)),
    "instance_norm": lambda: conv(nn.InstanceNorm2d(3, track_running_stats=True)),
    "tied": Tied,
    "weight_norm": weight_hook,
    "spectral_norm": lambda: nn.Sequential(
        nn.Flatten(), parametrizations.spectral_norm(nn.Linear(D, H)), nn.Linear(H, K)
    ),
    "orthogonal": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(D, H), parametrizations.orthogonal(nn.Linear(H, H)), nn.Linear(H, K)
    ),
    "stays_in_evaluation": lambda: StaysInEvaluation(*dense(nn.Dropout(0.4))),
    "noise_in_evaluation": lambda: NoiseInEvaluation(*dense(nn.Dropout(0.4))),
    "in_place": lambda: InPlace(*dense(nn.Dropout(0.4))),
    "told": Told,
    "prelu": lambda: dense(nn.PReLU(), nn.Dropout(0.2)),
    "conv": lambda: conv(nn.MaxPool2d(2), nn.Dropout(0.2)),
}


def zoo_net(kind: str) -> nn.Module:
    """Returns a model by its name, as a user's configuration asks for it."""
    return ZOO[kind]()


def zoo_data() -> Splits:
    """Returns 90 training images (so that the last minibatch is smaller), 20 and 20 others."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (130, *DATA["in_shape"]), dtype=torch.uint8, generator=generator)
    labels = torch.arange(130) % K
    images[torch.arange(130), 0, labels, labels] = 255
    parts = [Examples(images[a:b], labels[a:b]) for a, b in ((0, 90), (90, 110), (110, 130))]
    return Splits(*parts, classes=K)
