"""A bucket of P members: one set of stacked tensors, one update for all."""

from collections.abc import Sequence
from functools import partial
from math import inf

import torch

from dropout_study.data.splits import Examples
from dropout_study.training.evaluate import measure
from dropout_study.training.max_norm import hidden_weights, limit_norms
from dropout_study.training.metrics import Meter, MetricTypes, Scores
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import AnyMinibatch, NetworkType, StackedNetwork
from dropout_study.training.population.optimizers import StackedOptimizer
from dropout_study.training.population.stream import Stream

EVALUATION_BATCH = 256
"""Images a forward pass, for a stack of any size, so that no sum depends on other members."""


class StackBucket:
    """P members of one signature, their parameters stacked as [P, ...].

    The stack is a copy: until ``finish`` the members do not change. So an epoch that fails (e.g.
    out of memory) can be trained again in another way.

    Args:
        states: the members.
        stream: the minibatches of their epoch; joined for several epochs or seeds.
        metrics: the makers of the metrics.
        build: makes the network that computes their gradients.
    """

    def __init__(
        self,
        states: Sequence[MemberState],
        stream: Stream | JoinedStream,
        metrics: MetricTypes,
        build: NetworkType,
    ) -> None:
        self.states = list(states)
        self.stream = stream
        self.global_draws = False
        self._metrics = metrics
        self._build = build
        self._stack: _Stack | None = None

    def open(self) -> None:
        """Copies the members into stacked tensors."""
        network = self._build(self.states, self.stream.device)
        self._stack = _Stack(self.states, network, self._new_meter())

    def close(self) -> None:
        """Frees the stacked tensors."""
        self._stack = None

    def train(self, iteration: int) -> None:
        """Makes the update of one iteration, without waiting for the device."""
        self.train_on(self.stream.minibatch(iteration))

    @torch.no_grad()
    def train_on(self, minibatch: AnyMinibatch) -> None:
        """Makes the update of one minibatch."""
        stack = self._opened
        with torch.enable_grad():
            losses, logits, grads = stack.network.gradients(stack.params, minibatch)
        stack.optimizer.step(stack.params, grads)
        for weight in stack.bounded:
            limit_norms(weight, stack.bounds, members=True)
        stack.meter.update(logits, minibatch.labels, losses)

    @torch.no_grad()
    def finish(self) -> Scores:
        """Writes weights and optimizer state to the members; returns the training scores."""
        stack = self._opened
        for column, stacked in zip(stack.owned, stack.params, strict=True):
            for param, trained in zip(column, stacked, strict=True):
                param.copy_(trained)
        stack.optimizer.write_back()
        return stack.meter.compute()

    @torch.no_grad()
    def evaluate(self, examples: Examples) -> Scores:
        """Returns the members' scores on ``examples``, dropout off."""
        stack = self._opened
        logits_of = partial(stack.network.logits, stack.params)
        return measure(logits_of, examples, self._new_meter(), EVALUATION_BATCH)

    def _new_meter(self) -> Meter:
        return Meter(self._metrics, len(self.states), self.stream.device)

    @property
    def _opened(self) -> "_Stack":
        if self._stack is None:
            raise RuntimeError("a bucket must be opened before it trains")
        return self._stack


class _Stack:
    """The tensors of P members: parameters, optimizer state, the meter of the epoch."""

    def __init__(
        self, states: Sequence[MemberState], network: StackedNetwork, meter: Meter
    ) -> None:
        self.network = network
        columns = [list(state.trained_parameters.values()) for state in states]
        device = columns[0][0].device
        self.owned = list(zip(*columns, strict=True))
        self.params = [torch.stack([param.detach() for param in owned]) for owned in self.owned]
        self.optimizer = StackedOptimizer([state.member.optimizer for state in states], self.owned)
        self.meter = meter
        bounds = [state.member.settings.max_norm for state in states]
        self.bounds = torch.tensor([inf if b is None else b for b in bounds], device=device)
        hidden = {id(weight) for weight in hidden_weights(states[0].member.model).values()}
        self.bounded = [
            stacked
            for first, stacked in zip(columns[0], self.params, strict=True)
            if id(first) in hidden and bounds[0] is not None
        ]
