"""The loss of a minibatch, against sums by hand."""

import pytest
import torch
from torch import Tensor, nn

from dropout_study.noise import ModelNoise, Noise
from dropout_study.training import TrainSettings
from dropout_study.training.update import symmetric_kl, training_loss

LABELS = torch.tensor([0, 2, 1, 1])


def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(8, 3))


def images() -> Tensor:
    return torch.arange(32.0).view(4, 1, 2, 4) / 32


def seeded(model: nn.Module) -> nn.Module:
    ModelNoise(model, Noise(0, torch.device("cpu")))
    return model


def negative_log(logits: Tensor) -> Tensor:
    return -(logits.exp() / logits.exp().sum(dim=1, keepdim=True)).log()


def test_label_smoothing_spreads_a_share_over_all_classes():
    loss, logits = training_loss(
        seeded(network()), images(), LABELS, TrainSettings(label_smoothing=0.3)
    )
    each = negative_log(logits)
    target = torch.full((4, 3), 0.1)
    target[range(4), LABELS] += 0.7
    assert loss.item() == pytest.approx((target * each).sum(dim=1).mean().item())


def test_r_drop_is_the_mean_loss_of_two_passes_and_their_divergence():
    twin = seeded(network())
    one, other = twin(images()), twin(images())
    assert not torch.equal(one, other)
    p, q = one.softmax(dim=1), other.softmax(dim=1)
    divergence = ((p * (p / q).log()).sum(dim=1) + (q * (q / p).log()).sum(dim=1)).mean() / 2
    nll = [negative_log(logits)[range(4), LABELS].mean() for logits in (one, other)]

    loss, logits = training_loss(seeded(network()), images(), LABELS, TrainSettings(r_drop=0.7))

    assert torch.equal(logits, one)
    assert loss.item() == pytest.approx((sum(nll) / 2 + 0.7 * divergence).item())
    assert symmetric_kl(one, other).item() == pytest.approx(divergence.item(), rel=1e-5)
    assert symmetric_kl(one, one).item() == 0


def test_without_companions_the_network_is_run_once():
    model, calls = seeded(network()), []
    model[2].register_forward_hook(lambda *_: calls.append(1))
    loss, logits = training_loss(model, images(), LABELS, TrainSettings())
    assert calls == [1]
    assert torch.equal(loss, nn.functional.cross_entropy(logits, LABELS))
