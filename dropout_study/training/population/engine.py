"""Many trials trained as one: the epochs of a population, its leavers and its newcomers."""

from collections.abc import Iterator, Sequence
from math import isfinite
from time import perf_counter

import torch

from dropout_study.data import Splits
from dropout_study.errors import DivergedError, UserError
from dropout_study.training.population.crew import Crew, MemberScores
from dropout_study.training.population.lane import Lane
from dropout_study.training.population.member import (
    Member,
    MemberId,
    MemberResult,
    OnEpochs,
    OnLeave,
    Refill,
)
from dropout_study.training.population.plan import Plan, Planner, plan_for
from dropout_study.training.population.seat import Seat
from dropout_study.training.population.stack import StackLane
from dropout_study.trial import EpochMetrics


def train_population(
    members: Sequence[Member],
    splits: Splits,
    *,
    on_epochs: OnEpochs = lambda metrics: list(metrics),
    on_leave: OnLeave = lambda _member, _result: None,
    refill: Refill = lambda _places: [],
    capacity: int | None = None,
    plan: Plan | None = None,
) -> dict[MemberId, MemberResult]:
    """Trains ``members`` side by side, an epoch of each at a time.

    Each has the learning curve that ``train_single`` would give it, whoever its neighbours are and
    whenever it joins. Those that differ only in weights, dropout rates and the optimizer's numbers,
    and are at the same epoch of the same seed, share minibatches and noise and can be stacked;
    others train beside them. One that diverges or raises leaves and changes nothing for the rest.

    Args:
        members: the first members; their models are trained in place, on the device of ``splits``.
        splits: the data of all.
        on_epochs: called after every epoch; the members it does not return are stopped.
        on_leave: called for each member that has finished, was stopped or has failed.
        refill: asked for new members whenever places are free; no more come when it returns none
            and nobody is left.
        capacity: places; the number of ``members`` if None.
        plan: the execution; the one that measured best on the device if None.

    Returns:
        How each member left, in the order of leaving.

    Raises:
        UserError: two members have the same id.
    """
    population = _Population(splits, on_epochs, on_leave, plan, capacity or max(len(members), 1))
    population.join(members)
    while True:
        places = population.capacity - len(population.seats)
        if places > 0:
            population.join(refill(places))
        if not population.seats:
            return population.results
        population.epoch()


class _Population:
    """The members that are training now, and the results of those that have left."""

    def __init__(
        self,
        splits: Splits,
        on_epochs: OnEpochs,
        on_leave: OnLeave,
        plan: Plan | None,
        capacity: int,
    ) -> None:
        self.capacity = capacity
        self.seats: list[Seat] = []
        self.results: dict[MemberId, MemberResult] = {}
        self._device = splits.train.labels.device
        plan = plan_for(self._device, capacity) if plan is None else plan
        self._planner = Planner(plan, splits.train)
        self._crew = Crew(plan.threads, splits)
        self._on_epochs = on_epochs
        self._on_leave = on_leave
        self._known: set[MemberId] = set()

    def join(self, members: Sequence[Member]) -> None:
        """Gives ``members`` a seat each."""
        for member in members:
            if member.id in self._known:
                raise UserError(f"member ids must differ, got {member.id!r} twice")
            self._known.add(member.id)
            self.seats.append(Seat(member, self._device))

    def epoch(self) -> None:
        """Trains an epoch of every member; afterwards only those that go on have a seat."""
        started = perf_counter()
        outcomes = list(self._outcomes(self._planner.lanes(self.seats)))
        share = (perf_counter() - started) / len(outcomes)
        told: dict[MemberId, EpochMetrics] = {}
        for seat, outcome in outcomes:
            if isinstance(outcome, Exception):
                self._leave(seat, outcome)
            elif not isfinite(outcome.train[0]):
                self._leave(seat, _divergence(seat))
            else:
                seat.history.append(_metrics(seat, outcome, share))
                told[seat.member.id] = seat.history[-1]
        going_on = set(self._on_epochs(told)) if told else set()
        for seat in list(self.seats):
            if seat.finished or seat.member.id not in going_on:
                self._leave(seat)

    def _leave(self, seat: Seat, error: Exception | None = None) -> None:
        self.seats.remove(seat)
        result = self.results[seat.member.id] = seat.result(error)
        self._on_leave(seat.member.id, result)

    def _outcomes(self, lanes: Sequence[Lane]) -> Iterator[tuple[Seat, MemberScores | Exception]]:
        """Yields each member's own scores or error; a stack that fails is cut and tried again."""
        for lane, outcome in zip(lanes, self._crew.run_epoch(lanes), strict=True):
            if not isinstance(outcome, Exception):
                yield from zip(lane.seats, outcome, strict=True)
            elif isinstance(outcome, torch.OutOfMemoryError) and len(lane.seats) > 1:
                yield from self._outcomes(self._planner.halves(lane))
            elif isinstance(lane, StackLane):
                yield from self._outcomes(self._planner.one_by_one(lane, outcome))
            else:
                yield lane.seats[0], outcome


def _divergence(seat: Seat) -> DivergedError:
    epoch = len(seat.history) + 1
    return DivergedError(
        f"trial {seat.member.id}: loss not finite at epoch {epoch}; lower `optimizer.lr`"
    )


def _metrics(seat: Seat, scores: MemberScores, seconds: float) -> EpochMetrics:
    """Returns the history's row for an epoch; ``seconds`` is the member's share of its time."""
    val_loss, val_accuracy = scores.val or (None, None)
    return EpochMetrics(
        epoch=len(seat.history) + 1,
        train_loss=scores.train[0],
        train_accuracy=scores.train[1],
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        test_loss=scores.test[0],
        test_accuracy=scores.test[1],
        seconds=seconds,
    )
