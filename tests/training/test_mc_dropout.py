import pytest
import torch
from torch import nn

from dropout_study.models import MLP
from dropout_study.training.predict import probabilities, sampled_probabilities


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
