"""Lazy layers learn their sizes before training."""

import pytest
import torch
from torch import nn

from dropout_study.errors import UserError
from dropout_study.models.lazy import initialize_lazy_layers


def lazy_net() -> nn.Module:
    return nn.Sequential(
        nn.LazyConv2d(4, 3),
        nn.LazyBatchNorm2d(),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.LazyLinear(3),
    )


def test_every_layer_gets_its_weights_from_the_seed_alone() -> None:
    torch.manual_seed(3)
    model, twin = lazy_net(), lazy_net()
    torch.manual_seed(4)
    initialize_lazy_layers(model, (1, 8, 8))
    torch.manual_seed(4)
    initialize_lazy_layers(twin, (1, 8, 8))

    assert type(model[0]) is nn.Conv2d
    assert model[5].weight.shape == (3, 4 * 6 * 6)
    for got, want in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(got, want)


def test_running_statistics_and_modes_are_left() -> None:
    model = lazy_net()
    model[3].eval()
    initialize_lazy_layers(model, (1, 8, 8))

    assert torch.equal(model[1].running_mean, torch.zeros(4))
    assert model[1].num_batches_tracked == 0
    assert [layer.training for layer in model] == [True, True, True, False, True, True]


def test_a_model_without_lazy_layers_is_not_run() -> None:
    initialize_lazy_layers(nn.Sequential(nn.Linear(3, 3)), (1, 8, 8))


def test_a_model_that_does_not_take_the_images_is_refused() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(UserError, match=r"cannot be run on images of shape \(1, 8, 8\)"):
        initialize_lazy_layers(model, (1, 8, 8))


def test_a_lazy_layer_that_is_never_called_is_refused() -> None:
    model = lazy_net()
    model[5].unused = nn.LazyLinear(3)
    with pytest.raises(UserError, match=r"5\.unused\.weight"):
        initialize_lazy_layers(model, (1, 8, 8))
