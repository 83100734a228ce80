"""Trains a population epoch by epoch: members leave when they end, and new ones join."""

from collections.abc import Iterator, Sequence
from time import perf_counter

import torch

from dropout_study.data.splits import Splits
from dropout_study.errors import UserError
from dropout_study.training.metrics import (
    DEFAULT_METRICS,
    MetricTypes,
    check_finite,
    epoch_row,
)
from dropout_study.training.population.bucket import Bucket
from dropout_study.training.population.executor import Executor, MemberScores
from dropout_study.training.population.member import (
    Member,
    MemberId,
    MemberResult,
    OnEpochs,
    OnLeave,
    Refill,
)
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.plan import Plan, Planner, plan_for
from dropout_study.training.population.stack import StackBucket
from dropout_study.trial import Metrics


def train_population(
    members: Sequence[Member],
    splits: Splits,
    *,
    on_epochs: OnEpochs = lambda metrics: list(metrics),
    on_leave: OnLeave = lambda _member, _result: None,
    refill: Refill = lambda _places: [],
    capacity: int | None = None,
    plan: Plan | None = None,
    metrics: MetricTypes = DEFAULT_METRICS,
) -> dict[MemberId, MemberResult]:
    """Trains ``members`` together, one epoch of each at a time.

    Each member has the learning curve that ``train_single`` would give it, whatever other members
    there are and whenever it joins. Members that differ only in weights, dropout rates and
    optimizer options, and are at the same epoch of the same seed, share minibatches and noise and
    can be stacked; others are trained one by one. A member that diverges or raises an error leaves
    and does not change the others.

    Args:
        members: the first members; their models are trained in place, on the device of ``splits``.
        splits: the data of all members.
        on_epochs: called after every epoch; members whose ids it does not return are stopped.
        on_leave: called for each member that has finished, was stopped or has failed.
        refill: called for new members when there are fewer than ``capacity``. The training ends
            when it returns none and no member is left.
        capacity: the number of members at a time; the number of ``members`` if None.
        plan: how to execute the training; None for the fastest measured on this kind of device.
        metrics: the metrics of each split.

    Returns:
        The results of the members, in the order in which they left.

    Raises:
        UserError: two members have the same id.
    """
    capacity = capacity or max(len(members), 1)
    population = _Population(splits, on_epochs, on_leave, plan, capacity, metrics)
    with population:
        population.join(members)
        while True:
            free = population.capacity - len(population.states)
            joined = refill(free) if free > 0 else []
            population.join(joined)
            if population.states:
                population.epoch()
            elif not joined:
                return population.results


class _Population:
    """The members that are training now, and the results of those that have left."""

    def __init__(
        self,
        splits: Splits,
        on_epochs: OnEpochs,
        on_leave: OnLeave,
        plan: Plan | None,
        capacity: int,
        metrics: MetricTypes,
    ) -> None:
        self.capacity = capacity
        self.states: list[MemberState] = []
        self.results: dict[MemberId, MemberResult] = {}
        self._splits = splits
        self._device = splits.train.labels.device
        plan = plan_for(self._device, capacity) if plan is None else plan
        self._planner = Planner(plan, splits.train, metrics)
        self._executor = Executor(plan.threads, splits)
        self._on_epochs = on_epochs
        self._on_leave = on_leave
        self._known: set[MemberId] = set()

    def __enter__(self) -> "_Population":
        return self

    def __exit__(self, *_: object) -> None:
        """Restores the noise layers of members that are still in training."""
        for state in self.states:
            state.close()

    def join(self, members: Sequence[Member]) -> None:
        """Adds ``members``."""
        for member in members:
            if member.id in self._known:
                raise UserError(f"member ids must differ, got {member.id!r} twice")
            self._known.add(member.id)
            if len(member.history) >= member.settings.epochs:
                self._end(member.id, MemberResult(list(member.history)))
                continue
            try:
                self.states.append(MemberState(member, self._device))
            except UserError as error:  # an invalid rate: this member fails, the others go on
                self._end(member.id, MemberResult([], error))

    def epoch(self) -> None:
        """Trains an epoch of every member; then keeps only the members that go on."""
        self._begin_epoch()
        if not self.states:
            return
        started = perf_counter()
        outcomes = list(self._outcomes(self._planner.buckets(self.states)))
        share = (perf_counter() - started) / len(outcomes)
        told: dict[MemberId, Metrics] = {}
        for state, outcome in outcomes:
            if isinstance(outcome, Exception):
                self._leave(state, outcome)
                continue
            row = epoch_row(len(state.history) + 1, *outcome, state.lr.value, state.rates, share)
            try:
                check_finite(row, f"trial {state.member.id}: ")
                self._measure(state, row)
            except Exception as error:  # it has diverged, or a measurement of the user's own fails
                self._leave(state, error)
                continue
            state.lr.step()
            state.history.append(row)
            told[state.member.id] = row
        going_on = set(self._on_epochs(told)) if told else set()
        for state in list(self.states):
            if state.finished or state.member.id not in going_on:
                self._leave(state)

    def _measure(self, state: MemberState, row: Metrics) -> None:
        """Adds the measurements of a member's network to its epoch."""
        started = perf_counter()
        row |= state.measured(self._splits)
        row["seconds"] += perf_counter() - started

    def _leave(self, state: MemberState, error: Exception | None = None) -> None:
        self.states.remove(state)
        state.close()
        self._end(state.member.id, state.result(error))

    def _end(self, member: MemberId, result: MemberResult) -> None:
        self.results[member] = result
        self._known.discard(member)  # one that pauses may join again
        self._on_leave(member, result)

    def _begin_epoch(self) -> None:
        """Tells every member's model that an epoch begins; a member that raises an error leaves."""
        for state in list(self.states):
            try:
                state.begin_epoch()
            except Exception as error:
                self._leave(state, error)

    def _outcomes(
        self, buckets: Sequence[Bucket]
    ) -> Iterator[tuple[MemberState, MemberScores | Exception]]:
        """Yields each member's scores or error; a stack that fails is split and tried again."""
        for bucket, outcome in zip(buckets, self._executor.run_epoch(buckets), strict=True):
            if not isinstance(outcome, Exception):
                yield from zip(bucket.states, outcome, strict=True)
            elif isinstance(outcome, torch.cuda.OutOfMemoryError) and len(bucket.states) > 1:
                yield from self._outcomes(self._planner.halves(bucket))
            elif isinstance(bucket, StackBucket):
                yield from self._outcomes(self._planner.one_by_one(bucket, outcome))
            else:
                yield bucket.states[0], outcome
