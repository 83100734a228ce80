from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dropout_study.models import MLP
from dropout_study.noise import GaussianNoise
from dropout_study.training.predict import (
    are_equal,
    probabilities,
    sampled_logits,
    sampled_probabilities,
)


def mlp(rate: float = 0.5) -> nn.Module:
    torch.manual_seed(0)
    return MLP(in_shape=(1, 4, 4), classes=3, hidden1=32, hidden2=32, dropout1=rate, init_std=None)


IMAGES = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(1))


def test_probabilities_are_those_of_the_softmax_with_dropout_off() -> None:
    shares = probabilities(mlp(), IMAGES)

    assert shares.shape == (5, 3)
    torch.testing.assert_close(shares, mlp().eval()(IMAGES).softmax(dim=1))


def test_samples_differ_and_their_mean_is_a_distribution() -> None:
    drawn = sampled_probabilities(mlp(), IMAGES, samples=50)

    assert drawn.shape == (5, 50, 3)
    assert (drawn.std(dim=1) > 0).all()
    torch.testing.assert_close(drawn.mean(dim=1).sum(dim=1), torch.ones(5))


def test_without_dropout_all_samples_are_the_prediction() -> None:
    model = MLP(in_shape=(1, 4, 4), classes=3, hidden1=8, hidden2=8, dropout1=0, dropout2=0)

    drawn = sampled_probabilities(model, IMAGES, samples=4)

    torch.testing.assert_close(drawn, probabilities(model, IMAGES)[:, None].expand(5, 4, 3))


def test_the_samples_of_an_image_depend_on_the_seed_alone() -> None:
    together = sampled_probabilities(mlp(), IMAGES, samples=8, seed=3)
    alone = sampled_probabilities(mlp(), IMAGES[2:3], samples=8, seed=3)
    other = sampled_probabilities(mlp(), IMAGES[2:3], samples=8, seed=4)

    torch.testing.assert_close(together[2], alone[0])
    assert not torch.allclose(alone, other)


def test_the_mean_of_a_dropped_linear_layer_nears_its_expectation() -> None:
    """Of one linear layer behind dropout, inverted dropout leaves the mean of the logits."""
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))

    logits = sampled_probabilities(model, IMAGES[:1], samples=20_000).log()
    centred = (logits - logits.mean(dim=2, keepdim=True)).mean(dim=1)
    expected = model.eval()(IMAGES[:1])

    assert centred[0].tolist() == pytest.approx(
        (expected - expected.mean()).flatten().tolist(), abs=0.02
    )


def test_batch_norm_keeps_its_statistics() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 3))
    before = model[1].running_mean.clone()

    sampled_probabilities(model, IMAGES, samples=4)

    assert torch.equal(model[1].running_mean, before)


class Functional(nn.Module):
    """Reads ``self.training``."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(nn.functional.dropout(x.flatten(1), 0.5, self.training))


class Numpy(Functional):
    """Draws from numpy's generator."""

    def forward(self, x: Tensor) -> Tensor:
        h = x.flatten(1)
        if self.training:
            h = h + torch.from_numpy(np.random.normal(size=h.shape)).float()
        return self.head(h)


class Recurrent(nn.Module):
    """Dropout between the layers of an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 8, num_layers=2, dropout=0.5, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x.squeeze(1))[0][:, -1])


class Attention(nn.Module):
    """Dropout inside of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.5, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = x.squeeze(1)
        return self.head(self.attention(h, h, h)[0].mean(dim=1))


class Transformer(nn.Module):
    """Has a fast path in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=True)
        self.body = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.squeeze(1)).mean(dim=1))


def convolutional(noise: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), noise, nn.Flatten(), nn.Linear(64, 3))


NOISY: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: convolutional(nn.Dropout(0.5)),
    "dropout1d": lambda: nn.Sequential(
        nn.Flatten(2), nn.Dropout1d(0.5), nn.Flatten(), nn.Linear(16, 3)
    ),
    "dropout2d": lambda: convolutional(nn.Dropout2d(0.5)),
    "dropout3d": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 1)), nn.Dropout3d(0.5), nn.Flatten(), nn.Linear(16, 3)
    ),
    "alpha": lambda: convolutional(nn.AlphaDropout(0.5)),
    "feature_alpha": lambda: convolutional(nn.FeatureAlphaDropout(0.5)),
    "gaussian": lambda: convolutional(GaussianNoise(0.5)),
    "functional": Functional,
    "numpy": Numpy,
    "recurrent": Recurrent,
    "attention": Attention,
    "transformer": Transformer,
}


@pytest.mark.parametrize("kind", NOISY)
def test_whatever_noise_a_network_has_is_on_and_seeded(kind: str) -> None:
    torch.manual_seed(0)
    model = NOISY[kind]()
    before = torch.get_rng_state()

    drawn = sampled_probabilities(model, IMAGES, samples=16)

    assert (drawn.std(dim=1) > 1e-4).any()
    assert torch.equal(torch.get_rng_state(), before)
    np.random.seed(5)
    assert torch.equal(sampled_probabilities(model, IMAGES, samples=16), drawn)
    torch.testing.assert_close(
        sampled_probabilities(model, IMAGES[3:], samples=16)[0], drawn[3], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(1, momentum=None),
        nn.InstanceNorm2d(1, track_running_stats=True),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(1, 1, 1)),
    ],
    ids=lambda norm: type(norm).__name__,
)
def test_no_buffer_is_changed_and_what_has_it_is_in_evaluation_mode(norm: nn.Module) -> None:
    model = nn.Sequential(norm, nn.Flatten(), nn.Linear(16, 3))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}

    drawn = sampled_probabilities(model, IMAGES, samples=4)

    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name]), name
    torch.testing.assert_close(drawn[:, 0], probabilities(model, IMAGES))


def test_samples_that_are_equal_are_known() -> None:
    assert are_equal(
        sampled_logits(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), IMAGES, samples=4)
    )
    assert not are_equal(sampled_logits(mlp(), IMAGES, samples=4))
