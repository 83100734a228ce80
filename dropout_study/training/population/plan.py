"""How members are put on lanes: which are stacked, how many at once, on how many threads."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from weakref import WeakKeyDictionary

import torch

from dropout_study.data import Examples
from dropout_study.training.population.dense import DenseNetwork, dense_shape
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.lane import Lane, ModuleLane
from dropout_study.training.population.memory import members_that_fit
from dropout_study.training.population.networks import (
    VmappedNetwork,
    trained_parameters,
)
from dropout_study.training.population.seat import Seat
from dropout_study.training.population.stack import NetworkType, StackLane
from dropout_study.training.population.stream import Stream, StreamKey
from dropout_study.training.population.traits import Signature, Traits, signature_of, traits_of

log = logging.getLogger(__name__)

CPU_STACK = 4
"""Members of a stack on a CPU."""


@dataclass(frozen=True)
class Plan:
    """An execution. All plans train the same curves, up to float rounding.

    Attributes:
        lane_size: members of a stack at most; None for as many as fit into memory.
        threads: lanes that run at once; they divide torch's threads among them.
        by_hand: stack dense networks, with the hand-written passes.
        vmap: stack all other networks too, by ``torch.func.vmap``.
    """

    lane_size: int | None = None
    threads: int = 1
    by_hand: bool = True
    vmap: bool = True


def plan_for(device: torch.device, capacity: int) -> Plan:
    """Returns the plan that measured best on this kind of device (docs/performance.md).

    On a CPU: a thread a core, each with its own lanes, since a product split over threads waits
    for the slower one; dense networks in stacks of 4, which saves calls and still fits into the
    cache; others as modules, which vmap would slow down. On an accelerator: one stack of all,
    since a kernel must be large to fill it.
    """
    if device.type != "cpu":
        return Plan()
    threads = max(1, min(torch.get_num_threads(), capacity))
    return Plan(lane_size=CPU_STACK, threads=threads, vmap=False)


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
    _streams: dict[StreamKey, Stream] = field(default_factory=dict)
    _signatures: WeakKeyDictionary[Seat, Signature] = field(default_factory=WeakKeyDictionary)

    def lanes(self, seats: Sequence[Seat]) -> list[Lane]:
        """Returns lanes for the next epoch of ``seats``."""
        lanes: list[Lane] = []
        groups: dict[Signature, list[Seat]] = {}
        self._streams = {key: Stream(self.train, key) for key in {s.stream_key for s in seats}}
        for seat in seats:
            groups.setdefault(self._signature(seat), []).append(seat)
        for signature, group in groups.items():
            lanes += self._group_lanes(sorted(group, key=_epoch), signature)
        for lane in lanes:
            lane.stream.add_reader()
        return lanes

    def halves(self, lane: Lane) -> list[Lane]:
        """Returns two lanes for the members of one that did not fit, and remembers the limit."""
        half = max(1, len(lane.seats) // 2)
        signature = self._signature(lane.seats[0])
        self._limits[signature] = half
        log.warning("out of memory with %d members at once; trying %d", len(lane.seats), half)
        return self._group_lanes(lane.seats, signature)

    def one_by_one(self, lane: Lane, error: Exception) -> list[Lane]:
        """Returns a plain lane for each member of one that raised ``error``."""
        log.warning("%s: trained one by one after: %r", _names(lane.seats), error)
        return [ModuleLane(seat, self._streams[seat.stream_key]) for seat in lane.seats]

    def _signature(self, seat: Seat) -> Signature:
        if seat not in self._signatures:
            self._signatures[seat] = signature_of(seat)
        return self._signatures[seat]

    def _group_lanes(self, seats: Sequence[Seat], signature: Signature) -> list[Lane]:
        dense = self.plan.by_hand and _dense(seats[0])
        traits = self._known_traits(seats, signature, self.plan.vmap and not dense)
        if traits.obstacle is not None or not (dense or self.plan.vmap):
            return [
                ModuleLane(seat, self._streams[seat.stream_key], traits.global_draws)
                for seat in seats
            ]
        network = DenseNetwork if dense else VmappedNetwork
        limit = self._limit(seats, signature, network)
        parts = _parts(seats, limit, self.plan.threads)
        return [StackLane(part, self._stream_of(part), network) for part in parts]

    def _stream_of(self, seats: Sequence[Seat]) -> Stream | JoinedStream:
        """Returns the one stream of ``seats``, or theirs side by side."""
        streams = [self._streams[seat.stream_key] for seat in seats]
        return streams[0] if len(set(streams)) == 1 else JoinedStream(streams)

    def _known_traits(self, seats: Sequence[Seat], signature: Signature, vmapped: bool) -> Traits:
        if signature not in self._traits:
            minibatch = self._streams[seats[0].stream_key].minibatch(0)
            traits = traits_of(seats[0], minibatch, vmapped)
            self._traits[signature] = traits
            if traits.obstacle is not None:
                log.info("%s: trained one by one: %s", _names(seats), traits.obstacle)
        return self._traits[signature]

    def _limit(self, seats: Sequence[Seat], signature: Signature, network: NetworkType) -> int:
        """Returns how many members a stack may have: the plan's word, or what memory allows."""
        if self.plan.lane_size is None and signature not in self._limits and len(seats) > 1:

            def try_minibatch(count: int) -> None:
                streams = JoinedStream([self._streams[seat.stream_key] for seat in seats[:count]])
                lane = StackLane(seats[:count], streams, network)  # it needs the most
                lane.open()
                lane.train(0)

            try:
                self._limits[signature] = members_that_fit(try_minibatch, self.train.labels.device)
            except torch.OutOfMemoryError:
                self._limits[signature] = 1
            except Exception:  # the lane will meet it again, and knows what to do
                log.debug("the memory of a stack could not be measured", exc_info=True)
        limits = (self.plan.lane_size, self._limits.get(signature), len(seats))
        return min(limit for limit in limits if limit is not None)


def _parts(seats: Sequence[Seat], limit: int, threads: int) -> list[Sequence[Seat]]:
    """Cuts ``seats`` into equal parts of at most ``limit``, as many as keep all threads busy."""
    least = -(-len(seats) // limit)
    count = min(len(seats), -(-least // threads) * threads)
    ends = [len(seats) * part // count for part in range(count + 1)]
    return [seats[start:end] for start, end in pairwise(ends)]


def _epoch(seat: Seat) -> tuple[int, int]:
    """Sorts members of one stream next to each other."""
    return seat.stream_key.seed, seat.stream_key.epoch


def _dense(seat: Seat) -> bool:
    trained = len(trained_parameters(seat))
    model = seat.member.model
    return dense_shape(model) is not None and trained == len(list(model.parameters()))


def _names(seats: Sequence[Seat]) -> str:
    return "trials " + ", ".join(str(seat.member.id) for seat in seats)
