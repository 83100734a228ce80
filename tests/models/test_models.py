import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from dropout_study.models import MLP, DeepMLP, LeNet, SoftmaxRegression

MODELS = [MLP, DeepMLP, LeNet, SoftmaxRegression]
FASHION = {"in_shape": (1, 28, 28), "classes": 10}


def layers(model: nn.Module, kind: type) -> list:
    return [layer for layer in model.modules() if isinstance(layer, kind)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("in_shape", [(1, 28, 28), (3, 32, 32), [1, 12, 16]])
def test_images_become_logits(model: Callable[..., nn.Module], in_shape):
    """[B, C, H, W] -> [B, K]."""
    logits = model(in_shape=in_shape, classes=7)(torch.rand(3, *in_shape))
    assert logits.shape == (3, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (MLP, 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10),
        (LeNet, 6 * 26 + 16 * 151 + 400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10),
        (SoftmaxRegression, 784 * 10 + 10),
    ],
)
def test_the_networks_have_their_published_sizes(model, parameters):
    assert sum(p.numel() for p in model(**FASHION).parameters()) == parameters


def test_the_books_network_is_the_books():
    kinds = [type(layer).__name__ for layer in MLP(**FASHION)]
    hidden = ["Linear", "ReLU", "Dropout"]
    assert kinds == ["Flatten", "Dropout", *hidden, *hidden, "Linear"]
    assert [layer.p for layer in layers(MLP(**FASHION), nn.Dropout)] == [0.0, 0.2, 0.5]


def test_the_books_weights_are_normal_with_deviation_0_01_and_its_biases_pytorchs():
    first = layers(MLP(**FASHION), nn.Linear)[0]
    weight, sigma = first.weight.detach(), 0.01
    # five standard errors: sigma / sqrt(n) of the mean, sigma / sqrt(2n) of the deviation
    assert abs(weight.mean()) < 5 * sigma / math.sqrt(weight.numel())
    assert abs(weight.std() - sigma) < 5 * sigma / math.sqrt(2 * weight.numel())
    assert weight.abs().max() > 4 * sigma  # a uniform draw of that deviation ends at 1.73 sigma
    bound = 1 / math.sqrt(784)  # PyTorch draws a bias evenly from +- 1 / sqrt(fan-in)
    assert 0.9 * bound < first.bias.abs().max() <= bound


@pytest.mark.parametrize("model", [MLP, DeepMLP, SoftmaxRegression])
def test_null_deviation_is_pytorchs_initialisation(model):
    first = layers(model(**FASHION, init_std=None), nn.Linear)[0]
    assert 0.99 / math.sqrt(784) < first.weight.abs().max() <= 1 / math.sqrt(784)


def test_a_deep_network_takes_a_rate_for_each_layer():
    def rates(**given):
        return [layer.p for layer in layers(DeepMLP(**FASHION, **given), nn.Dropout)]

    assert rates(dropout=[0.1, 0.2, 0.3], input_dropout=0.05) == [0.05, 0.1, 0.2, 0.3]
    assert rates(dropout=0.2, profile="linear") == pytest.approx([0.3, 0.2, 0.1])
    assert rates(dropout=0.2) == [0.2] * 3


@pytest.mark.parametrize(
    "model",
    [
        MLP(**FASHION, hidden1=80, hidden2=30, dropout1=0.2, dropout2=0.5, expected_width=True),
        DeepMLP(**FASHION, widths=[80, 30], dropout=[0.2, 0.5], expected_width=True),
    ],
)
def test_expected_width_counts_the_units_that_are_kept(model):
    assert [layer.out_features for layer in layers(model, nn.Linear)] == [100, 60, 10]


def test_the_rates_are_those_of_their_layers():
    mlp = MLP(**FASHION, input_dropout=0.1, dropout1=0.3, dropout2=0.4)
    lenet = LeNet(**FASHION, dropout1=0.3, dropout2=0.4)
    noisy_maps = LeNet(**FASHION, dropout1=0.3, dropout2=0.4, conv_dropout=0.2)
    assert [layer.p for layer in layers(mlp, nn.Dropout)] == [0.1, 0.3, 0.4]
    assert [layer.p for layer in layers(lenet, nn.Dropout)] == [0.3, 0.4]
    assert [layer.p for layer in layers(noisy_maps, nn.Dropout)] == [0.2, 0.2, 0.3, 0.4]
    assert layers(SoftmaxRegression(**FASHION), nn.Dropout) == []


@pytest.mark.parametrize("widths", [[], [5], (8, 4, 2, 3)])
def test_the_deep_network_has_the_widths_and_one_rate(widths):
    model = DeepMLP(**FASHION, widths=widths, dropout=0.7)
    assert [layer.out_features for layer in layers(model, nn.Linear)] == [*widths, 10]
    assert [layer.p for layer in layers(model, nn.Dropout)] == [0.7] * len(widths)


def test_hidden_sizes_are_set_by_name():
    linear = layers(MLP(**FASHION, hidden1=3, hidden2=5), nn.Linear)
    assert [layer.out_features for layer in linear] == [3, 5, 10]


def test_lenet_refuses_images_too_small_to_pool_twice(told):
    assert "must be at least 12 x 12" in told(LeNet, in_shape=[1, 28, 11], classes=10)
