"""A bucket: members whose updates are computed as one. Here the bucket of a single member."""

from collections.abc import Sequence
from typing import Protocol

from dropout_study.data.splits import Examples
from dropout_study.randomness import draw_key
from dropout_study.training.evaluate import evaluate
from dropout_study.training.generators import seed_generators
from dropout_study.training.metrics import Meter, MetricTypes, Scores
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.stream import Minibatch, Stream
from dropout_study.training.single import autocast, train_minibatch


class Bucket(Protocol):
    """P members, an epoch of each. Calls come in order, from one thread at a time."""

    @property
    def states(self) -> Sequence[MemberState]:
        """The members."""

    @property
    def stream(self) -> Stream | JoinedStream:
        """Their minibatches."""

    @property
    def global_draws(self) -> bool:
        """Whether it draws from a global generator, so that no other may run beside it."""

    def open(self) -> None:
        """Takes what memory the epoch needs."""

    def close(self) -> None:
        """Gives it back."""

    def train(self, iteration: int) -> None:
        """Makes the update of one iteration."""

    def finish(self) -> Scores:
        """Leaves weights and optimizer state in the members; returns the training scores."""

    def evaluate(self, examples: Examples) -> Scores:
        """Returns the members' scores on ``examples``, dropout off."""


class ModuleBucket:
    """One member in the reference loop's own terms: its module, autograd, torch's optimizer.

    Trains whatever ``train_single`` trains, in place; the minibatch, its conversion to float and
    the noise are shared with other buckets.

    Args:
        state: the member.
        stream: the minibatches of its epoch.
        metrics: what is measured.
        global_draws: the model draws from a global generator, which is then seeded as
            ``train_single`` seeds it; nothing else may draw from it meanwhile.
        changes_images: the model changes the images that it is given, so it gets its own.
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
        """Lets go of the last minibatch."""
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
            bfloat16=member.settings.bfloat16,
        )
        self._meter.update(logits.unsqueeze(0), minibatch.labels, loss.unsqueeze(0))

    def finish(self) -> Scores:
        """Returns the training score; weights are in the member already."""
        return self._meter.compute()

    def evaluate(self, examples: Examples) -> Scores:
        """Returns the member's score on ``examples``, dropout off."""
        member = self._state.member
        with autocast(self.stream.device, member.settings.bfloat16):
            return [evaluate(member.model, examples, self._metrics)]
