"""Buckets: members whose updates are computed together. Here the bucket of a single member."""

from collections.abc import Sequence
from typing import Protocol

from dropout_study.data.splits import Examples
from dropout_study.randomness import draw_key
from dropout_study.training.device import autocast
from dropout_study.training.evaluate import evaluate
from dropout_study.training.generators import seed_generators
from dropout_study.training.metrics import Meter, MetricTypes, Scores
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.stream import Minibatch, Stream
from dropout_study.training.update import train_minibatch


class Bucket(Protocol):
    """One epoch of P members. The methods are called in order, by one thread at a time."""

    @property
    def states(self) -> Sequence[MemberState]:
        """The members."""

    @property
    def stream(self) -> Stream | JoinedStream:
        """The members' minibatches."""

    @property
    def global_draws(self) -> bool:
        """Whether it draws from a global generator, so that no other may run at the same time."""

    def open(self) -> None:
        """Allocates the memory that the epoch needs."""

    def close(self) -> None:
        """Frees that memory."""

    def train(self, iteration: int) -> None:
        """Makes the update of one iteration."""

    def finish(self) -> Scores:
        """Writes weights and optimizer state to the members; returns the training scores."""

    def evaluate(self, examples: Examples) -> Scores:
        """Returns the members' scores on ``examples``, dropout off."""


class ModuleBucket:
    """One member, trained as in the reference loop: its module, autograd, torch's optimizer.

    Trains in place, and any model that ``train_single`` trains. The minibatch, its conversion to
    float and the noise are shared with other buckets.

    Args:
        state: the member.
        stream: the minibatches of its epoch.
        metrics: the makers of the metrics.
        global_draws: whether the model draws from a global generator. It is then seeded as in
            ``train_single``; nothing else may draw from it in the meantime.
        changes_images: whether the model changes its input images; it then gets a copy.
    """

    def __init__(
        self,
        state: MemberState,
        stream: Stream,
        metrics: MetricTypes,
        *,
        global_draws: bool = False,
        changes_images: bool = False,
    ) -> None:
        self.states = [state]
        self.stream = stream
        self.global_draws = global_draws
        self._changes_images = changes_images
        self._state = state
        self._metrics = metrics
        self._meter = Meter(metrics, 1, stream.device)

    def open(self) -> None:
        """Puts the model into training mode."""
        self._state.member.model.train()

    def close(self) -> None:
        """Frees the last minibatch."""
        self._state.noise.seek_minibatch(None)

    def train(self, iteration: int) -> None:
        """Makes the update of one iteration."""
        self.train_on(self.stream.minibatch(iteration), iteration)

    def train_on(self, minibatch: Minibatch, iteration: int = 0) -> None:
        """Makes the update of one minibatch, the epoch's ``iteration``-th from 0."""
        member = self._state.member
        self._state.noise.seek_minibatch(minibatch)
        if self.global_draws:
            seed_generators(
                draw_key(member.settings.seed, "other", self.stream.key.epoch, iteration)
            )
        loss, logits = train_minibatch(
            member.model,
            member.optimizer,
            minibatch.images.clone() if self._changes_images else minibatch.images,
            minibatch.labels,
            member.settings,
            self.stream.examples,
        )
        self._meter.update(logits.unsqueeze(0), minibatch.labels, loss.unsqueeze(0))

    def finish(self) -> Scores:
        """Returns the training score; the weights are already in the member."""
        return self._meter.compute()

    def evaluate(self, examples: Examples) -> Scores:
        """Returns the member's score on ``examples``, dropout off."""
        member = self._state.member
        with autocast(self.stream.device, member.settings.bfloat16):
            return [evaluate(member.model, examples, self._metrics)]
