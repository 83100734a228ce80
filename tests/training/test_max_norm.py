"""Max-norm: the projection, and which weights it is of."""

import torch
from torch import nn

from dropout_study.data import Splits
from dropout_study.models import MLP, LeNet, SoftmaxRegression
from dropout_study.training import TrainSettings, train_single
from dropout_study.training.max_norm import check_max_norm, hidden_weights, limit_norms


def test_rows_above_the_bound_are_scaled_to_it_and_others_stay():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    limit_norms(weight, 2.0)
    torch.testing.assert_close(weight, torch.tensor([[1.2, 1.6], [0.3, 0.4], [0.0, 0.0]]))


def test_a_filter_of_a_convolution_is_a_unit_whatever_its_memory_format():
    weight = torch.randn(5, 3, 2, 2).to(memory_format=torch.channels_last)
    want = weight / weight.flatten(1).norm(dim=1).clamp_min(1).view(-1, 1, 1, 1)
    limit_norms(weight, 1.0)
    torch.testing.assert_close(weight, want)


def test_members_have_bounds_of_their_own():
    weight = torch.randn(3, 4, 6) * 3
    want = [row.clone() for row in weight]
    bounds = [0.5, 2.0, float("inf")]
    for row, bound in zip(want, bounds, strict=True):
        limit_norms(row, bound)
    limit_norms(weight, torch.tensor(bounds), members=True)
    torch.testing.assert_close(weight, torch.stack(want))


def test_hidden_units_are_those_before_the_last_layer():
    size = {"in_shape": (1, 12, 12), "classes": 4}
    assert list(hidden_weights(MLP(**size))) == ["2.weight", "5.weight"]
    assert list(hidden_weights(LeNet(**size))) == ["0.weight", "3.weight", "7.weight", "10.weight"]
    frozen = MLP(**size)
    frozen[2].weight.requires_grad = False
    assert list(hidden_weights(frozen)) == ["5.weight"]


def test_a_network_without_hidden_units_is_refused(told):
    model = SoftmaxRegression(in_shape=(1, 8, 8), classes=4)
    assert told(check_max_norm, model).startswith("`trainer.max_norm` bounds the weights of hidden")


def test_after_training_every_hidden_unit_is_within_the_bound(splits: Splits):
    model = MLP(in_shape=(1, 8, 8), classes=10, hidden1=16, hidden2=16, init_std=None)
    out = model[-1].weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    train_single(model, optimizer, splits, TrainSettings(epochs=1, max_norm=0.3))
    layers = [layer.weight.norm(dim=1).max().item() for layer in model if type(layer) is nn.Linear]
    assert max(layers[:-1]) <= 0.3 + 1e-6
    assert layers[-1] > 0.3
    assert not torch.equal(model[-1].weight, out)
