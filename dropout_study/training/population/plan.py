"""How members are put on lanes: which are stacked, how many at once, on how many threads."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch

from dropout_study.data import Examples
from dropout_study.training.population.dense import DenseNetwork, dense_shape
from dropout_study.training.population.lane import Lane, ModuleLane
from dropout_study.training.population.memory import members_that_fit
from dropout_study.training.population.networks import (
    VmappedNetwork,
    trained_parameters,
)
from dropout_study.training.population.seat import Seat
from dropout_study.training.population.stack import StackLane
from dropout_study.training.population.stream import Stream, StreamKey
from dropout_study.training.population.traits import Signature, Traits, signature_of, traits_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """An execution. All plans train the same curves, up to float rounding.

    Attributes:
        lane_size: members of a lane at most; None for as many as fit into memory.
        threads: lanes that run at once; they divide torch's threads among them.
        by_hand: use the hand-written passes for dense networks.
    """

    lane_size: int | None = None
    threads: int = 1
    by_hand: bool = True


def plan_for(device: torch.device, capacity: int) -> Plan:
    """Returns the plan that measured best on this kind of device (docs/performance.md).

    On a CPU: lanes of one member, each on one thread, as many at once as there are cores; stacking
    brings nothing there, and products split over threads lose a third or more. The plan depends on
    the population's capacity and not on who is in it, so a member's numbers do not change by a bit
    when others leave. On an accelerator: one lane for all, since one kernel must fill it.
    """
    if device.type != "cpu":
        return Plan()
    return Plan(lane_size=1, threads=max(1, min(torch.get_num_threads(), capacity)))


@dataclass
class Planner:
    """Cuts lanes by a plan; remembers what it has found out about signatures.

    Attributes:
        plan: the execution.
        train: the training examples.
    """

    plan: Plan
    train: Examples
    _traits: dict[Signature, Traits] = field(default_factory=dict)
    _limits: dict[Signature, int] = field(default_factory=dict)
    _signatures: WeakKeyDictionary[Seat, Signature] = field(default_factory=WeakKeyDictionary)

    def lanes(self, seats: Sequence[Seat]) -> list[Lane]:
        """Returns lanes for the next epoch of ``seats``."""
        lanes: list[Lane] = []
        streams: dict[StreamKey, Stream] = {}
        groups: dict[tuple[StreamKey, Signature], list[Seat]] = {}
        for seat in seats:
            key = seat.stream_key
            if key not in streams:
                streams[key] = Stream(self.train, key)
            groups.setdefault((key, self._signature(seat)), []).append(seat)
        for (key, signature), group in groups.items():
            lanes += self._group_lanes(group, streams[key], signature)
        for lane in lanes:
            lane.stream.readers += 1
        return lanes

    def halves(self, lane: Lane) -> list[Lane]:
        """Returns two lanes for the members of one that did not fit, and remembers the limit."""
        half = max(1, len(lane.seats) // 2)
        signature = self._signature(lane.seats[0])
        self._limits[signature] = half
        log.warning("out of memory with %d members at once; trying %d", len(lane.seats), half)
        return self._group_lanes(list(lane.seats), lane.stream, signature)

    def one_by_one(self, lane: Lane, error: Exception) -> list[Lane]:
        """Returns a plain lane for each member of one that raised ``error``."""
        log.warning("%s: trained one by one after: %r", _names(lane.seats), error)
        return [ModuleLane(seat, lane.stream) for seat in lane.seats]

    def _signature(self, seat: Seat) -> Signature:
        if seat not in self._signatures:
            self._signatures[seat] = signature_of(seat)
        return self._signatures[seat]

    def _group_lanes(
        self, seats: Sequence[Seat], stream: Stream, signature: Signature
    ) -> list[Lane]:
        traits = self._known_traits(seats, stream, signature)
        by_hand = self.plan.by_hand and _dense(seats[0])
        if traits.obstacle is not None or (self.plan.lane_size == 1 and not by_hand):
            return [ModuleLane(seat, stream, traits.global_draws) for seat in seats]
        size = self._lane_size(seats, stream, signature)
        return [
            _stack_lane(seats[start : start + size], stream, by_hand)
            for start in range(0, len(seats), size)
        ]

    def _known_traits(self, seats: Sequence[Seat], stream: Stream, signature: Signature) -> Traits:
        if signature not in self._traits:
            stacked = self.plan.lane_size != 1 and not (self.plan.by_hand and _dense(seats[0]))
            traits = traits_of(seats[0], stream.minibatch(0), stacked)
            self._traits[signature] = traits
            if traits.obstacle is not None:
                log.info("%s: trained one by one: %s", _names(seats), traits.obstacle)
        return self._traits[signature]

    def _lane_size(self, seats: Sequence[Seat], stream: Stream, signature: Signature) -> int:
        if self.plan.lane_size is None and signature not in self._limits and len(seats) > 1:
            by_hand = self.plan.by_hand and _dense(seats[0])

            def try_minibatch(count: int) -> None:
                lane = _stack_lane(seats[:count], stream, by_hand)
                lane.open()
                lane.train(0)

            self._limits[signature] = members_that_fit(try_minibatch, stream.device)
        sizes = (self.plan.lane_size, self._limits.get(signature), len(seats))
        return min(size for size in sizes if size is not None)


def _dense(seat: Seat) -> bool:
    model = seat.member.model
    return dense_shape(model) is not None and len(trained_parameters(seat)) == len(
        list(model.parameters())
    )


def _names(seats: Sequence[Seat]) -> str:
    return "trials " + ", ".join(str(seat.member.id) for seat in seats)


def _stack_lane(seats: Sequence[Seat], stream: Stream, by_hand: bool) -> StackLane:
    return StackLane(seats, stream, DenseNetwork if by_hand else VmappedNetwork)
