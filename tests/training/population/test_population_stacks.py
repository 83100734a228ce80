"""The fast paths and their plain twins: stacked rules and torch's, dense by hand and vmap."""

import pytest
import torch
from population_recipes import MODELS, OPTIMIZERS, Recipe
from torch import nn

from dropout_study.data import Examples
from dropout_study.noise import Noise
from dropout_study.training import TrainSettings
from dropout_study.training.population import Member, Plan, train_population
from dropout_study.training.population.dense import DenseNetwork, dense_shape
from dropout_study.training.population.joined import JoinedMinibatch
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import VmappedNetwork
from dropout_study.training.population.optimizers import StackedOptimizer, obstacle
from dropout_study.training.population.plan import Planner, _parts
from dropout_study.training.population.stream import Minibatch, Stream, StreamKey
from dropout_study.training.population.traits import signature_of

CPU = torch.device("cpu")


def _state(**kinds):
    return MemberState(Recipe(**kinds).member(), CPU)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "adagrad"])
def test_a_stacked_rule_is_torchs_rule_for_each_member(name):
    generator = torch.Generator().manual_seed(0)
    starts = torch.randn(3, 4, 2, generator=generator)

    def optimizers():
        """Three of a kind, with different numbers."""
        for factor, start in enumerate(starts, start=1):
            optimizer = OPTIMIZERS[name]([nn.Parameter(start.clone())])
            group = optimizer.param_groups[0]
            group["lr"] *= factor
            if group.get("momentum"):
                group["momentum"] /= factor
            yield optimizer

    torchs, ours = list(optimizers()), list(optimizers())
    own = [optimizer.param_groups[0]["params"][0] for optimizer in ours]
    for _ in range(2):  # a stack takes up the state that torch's optimizers hold, and leaves it
        stack = StackedOptimizer(ours, [own])
        stacked = torch.stack([param.detach() for param in own])
        for _ in range(3):
            grads = torch.randn(3, 4, 2, generator=generator)
            stack.step([stacked], [grads.clone()])
            for optimizer, grad in zip(torchs, grads, strict=True):
                optimizer.param_groups[0]["params"][0].grad = grad
                optimizer.step()
        stack.write_back()
        for param, values in zip(own, stacked, strict=True):
            param.data.copy_(values)
    for optimizer, param, twin in zip(ours, own, torchs, strict=True):
        want = twin.param_groups[0]["params"][0]
        torch.testing.assert_close(param, want, rtol=1e-5, atol=1e-7)
        for key, state in twin.state[want].items():
            if state is not None:
                torch.testing.assert_close(optimizer.state[param][key], state)


def test_options_without_a_stacked_form_are_named():
    params = [nn.Parameter(torch.zeros(2))]
    assert "amsgrad=True" in str(obstacle(torch.optim.Adam(params, amsgrad=True)))
    assert "centered=True" in str(obstacle(torch.optim.RMSprop(params, centered=True)))
    assert "dampening=0.1" in str(obstacle(torch.optim.SGD(params, lr=1.0, dampening=0.1)))
    assert obstacle(torch.optim.SGD(params, lr=1.0, momentum=0.9)) is None


@pytest.mark.parametrize("model", ["mlp", "mlp_input", "mlp_deep", "linear"])
@pytest.mark.parametrize("joined", [False, True])
def test_dense_by_hand_agrees_with_vmap(model, joined):
    states = [_state(model=model, dropout=rate) for rate in (0.0, 0.2, 0.7)]
    images = torch.rand(9, 1, 12, 12)
    minibatch = Minibatch(images, torch.arange(9) % 4, Noise(0, CPU))
    if joined:
        other = Minibatch(1 - images, torch.arange(9) % 3, Noise(1, CPU))
        minibatch = JoinedMinibatch([minibatch, other, minibatch])
    columns = zip(*[state.trained_parameters.values() for state in states], strict=True)
    params = [torch.stack([each.detach() for each in column]) for column in columns]
    fast, plain = DenseNetwork(states, CPU), VmappedNetwork(states, CPU)
    losses, logits, grads = fast.gradients(params, minibatch)
    want_losses, want_logits, want_grads = plain.gradients(params, minibatch)
    torch.testing.assert_close(losses, want_losses)
    torch.testing.assert_close(logits, want_logits)
    for got, want in zip(grads, want_grads, strict=True):
        torch.testing.assert_close(got, want)
    torch.testing.assert_close(fast.logits(params, images), plain.logits(params, images))


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Linear(4, 4)],
        [nn.Flatten(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)],
        [nn.Flatten(), nn.Linear(4, 4, bias=False)],
        [nn.Flatten(), nn.Linear(4, 4), nn.ReLU()],
        [nn.Flatten(), nn.Linear(4, 4), nn.Linear(4, 4)],
    ],
)
def test_what_is_not_quite_a_dense_network_is_not_taken_for_one(layers):
    assert dense_shape(nn.Sequential(*layers)) is None


@pytest.mark.parametrize("model", [name for name in MODELS if name != "global_noise"])
def test_rates_and_numbers_do_not_change_the_signature(model):
    states = [_state(model=model), _state(model=model, dropout=0.9, lr=3.0, epochs=9, seed=4)]
    assert signature_of(states[0]) == signature_of(states[1])


class Sloped(nn.Sequential):
    """Holds a number that decides what it computes."""

    def __init__(self, slope):
        super().__init__(nn.Flatten(), nn.Linear(144, 4))
        self.slope = slope

    def forward(self, images):
        return super().forward(images) * self.slope


def test_members_with_different_attributes_are_not_stacked(splits):
    def members():
        for slope in (1.0, 2.0):
            torch.manual_seed(0)
            model = Sloped(slope)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            yield Member(str(slope), model, optimizer, TrainSettings(1, 48))

    results = train_population(list(members()), splits, plan=Plan())
    alone = [train_population([member], splits)[member.id] for member in members()]
    for got, want in zip(results.values(), alone, strict=True):
        assert got.history[0]["train_loss"] == pytest.approx(
            want.history[0]["train_loss"], rel=1e-5
        )


def test_frozen_parameters_stay(splits):
    member = Recipe(epochs=1).member()
    first = member.model[2]
    optimizer = torch.optim.SGD(member.model[5].parameters(), lr=0.1)
    before = first.weight.detach().clone()
    results = train_population(
        [Member(0, member.model, optimizer, member.settings)], splits, plan=Plan()
    )
    assert results[0].error is None
    assert torch.equal(first.weight, before)


def test_parts_are_even_and_keep_every_thread_busy():
    def sizes(count, limit, threads):
        return [len(part) for part in _parts(list(range(count)), limit, threads)]

    assert sizes(4, 4, 2) == [2, 2]
    assert sizes(9, 4, 2) == [2, 2, 2, 3]
    assert sizes(5, 2**31, 1) == [5]
    assert sizes(1, 4, 2) == [1]


@pytest.mark.parametrize(("model", "plan"), [("mlp", Plan()), ("lenet", Plan(by_hand=False))])
def test_members_of_all_epochs_and_seeds_are_one_stack(model, plan, splits):
    states = [_state(id=i, model=model, seed=i % 2) for i in range(4)]
    states[3].history.append(train_population([Recipe(epochs=1).member()], splits)[0].history[0])
    (bucket,) = Planner(plan, splits.train).buckets(states)
    assert len(bucket.states) == 4


def test_a_stream_makes_each_minibatch_once_for_all_its_readers():
    images = torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1)
    stream = Stream(Examples(images, torch.arange(20)), StreamKey(seed=0, epoch=1, batch_size=8))
    stream.readers = 2
    first = stream.minibatch(0)
    assert stream.minibatch(0) is first
    again = stream.minibatch(0)
    assert again is not first
    assert torch.equal(again.labels, first.labels)
    assert len(stream) == 3
    assert len(stream.minibatch(2).labels) == 4
    shape = torch.Size([4, 3])
    assert first.draw(0, shape) is first.draw(0, shape)
    assert torch.equal(first.draw(0, shape), again.draw(0, shape))
    assert first.draw(0, shape, "uniform").tolist() != first.draw(0, shape).tolist()
