"""A bucket of P members: one set of stacked tensors, one update for all."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dropout_study.data.splits import Examples
from dropout_study.training.evaluate import scaled
from dropout_study.training.population.bucket import Scores
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import AnyMinibatch, StackedNetwork
from dropout_study.training.population.optimizers import StackedOptimizer
from dropout_study.training.population.stream import Stream

NetworkType = Callable[[Sequence[MemberState], torch.device], StackedNetwork]
"""Makes the networks of a stack: ``DenseNetwork`` or ``VmappedNetwork``."""

EVALUATION_BATCH = 256
"""Images a forward pass of a stack: whatever its size, so that no sum depends on the neighbours."""


class StackBucket:
    """P members of one signature, their parameters stacked as [P, ...].

    The stack is a copy: until ``finish`` the members are as they were at the epoch's start, so an
    epoch that fails (out of memory, say) can be trained again in another way.

    Args:
        states: the members.
        stream: the minibatches of their epoch; of several epochs or seeds, joined.
        build: makes the network that computes their gradients.
    """

    def __init__(
        self,
        states: Sequence[MemberState],
        stream: Stream | JoinedStream,
        build: NetworkType,
    ) -> None:
        self.states = list(states)
        self.stream = stream
        self.global_draws = False
        self._build = build
        self._stack: _Stack | None = None

    def open(self) -> None:
        """Copies the members into stacked tensors."""
        self._stack = _Stack(self.states, self._build(self.states, self.stream.device))

    def close(self) -> None:
        """Lets go of the stacked tensors."""
        self._stack = None

    def train(self, iteration: int) -> None:
        """Makes the update of one iteration; waits for nothing on the device."""
        self.train_on(self.stream.minibatch(iteration))

    @torch.no_grad()
    def train_on(self, minibatch: AnyMinibatch) -> None:
        """Makes the update of one minibatch."""
        stack = self._opened
        with torch.enable_grad():
            losses, logits, grads = stack.network.gradients(stack.params, minibatch)
        stack.optimizer.step(stack.params, grads)
        stack.loss.add_(losses, alpha=minibatch.labels.shape[-1])
        stack.correct.add_((logits.argmax(dim=2) == minibatch.labels).sum(dim=1))

    @torch.no_grad()
    def finish(self) -> Scores:
        """Leaves weights and optimizer state in the members; returns the training scores."""
        stack = self._opened
        for column, stacked in zip(stack.owned, stack.params, strict=True):
            for param, trained in zip(column, stacked, strict=True):
                param.copy_(trained)
        stack.optimizer.write_back()
        return _scores(stack.loss, stack.correct, self.stream.examples)

    @torch.no_grad()
    def evaluate(self, examples: Examples) -> Scores:
        """Returns the members' scores on ``examples``, dropout off."""
        stack = self._opened
        loss, correct = torch.zeros_like(stack.loss), torch.zeros_like(stack.correct)
        for images, labels in examples.minibatches(EVALUATION_BATCH):
            logits = stack.network.logits(stack.params, scaled(images)).float()
            each = labels.expand(logits.shape[:2])
            loss += cross_entropy(logits.transpose(1, 2), each, reduction="none").sum(dim=1)
            correct += (logits.argmax(dim=2) == labels).sum(dim=1)
        return _scores(loss, correct, len(examples))

    @property
    def _opened(self) -> "_Stack":
        if self._stack is None:
            raise RuntimeError("a bucket must be opened before it trains")
        return self._stack


class _Stack:
    """The tensors of P members: parameters, optimizer state, sums of the epoch."""

    def __init__(self, states: Sequence[MemberState], network: StackedNetwork) -> None:
        self.network = network
        columns = [list(state.trained_parameters.values()) for state in states]
        self.owned = list(zip(*columns, strict=True))
        self.params = [torch.stack([param.detach() for param in owned]) for owned in self.owned]
        self.optimizer = StackedOptimizer([state.member.optimizer for state in states], self.owned)
        self.loss = torch.zeros(len(states), device=self.params[0].device)
        self.correct = torch.zeros_like(self.loss)


def _scores(loss: Tensor, correct: Tensor, count: int) -> Scores:
    """Returns the means over ``count`` examples; the one place that waits for the device."""
    return [(a / count, b / count) for a, b in torch.stack([loss, correct]).T.tolist()]
