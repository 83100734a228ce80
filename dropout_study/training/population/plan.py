"""Divides members into buckets: which are stacked, how many at once, on how many threads."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from weakref import WeakKeyDictionary

import torch

from dropout_study.data.splits import Examples
from dropout_study.noise.attach import log_noise
from dropout_study.training.metrics import DEFAULT_METRICS, MetricTypes
from dropout_study.training.population.bucket import Bucket, ModuleBucket
from dropout_study.training.population.dense import DenseNetwork, dense_shape
from dropout_study.training.population.joined import JoinedStream
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.memory import members_that_fit
from dropout_study.training.population.networks import NetworkType, VmappedNetwork
from dropout_study.training.population.probe import probe
from dropout_study.training.population.stack import StackBucket
from dropout_study.training.population.stream import Stream, StreamKey
from dropout_study.training.population.traits import Signature, Traits, signature_of

log = logging.getLogger(__name__)

CPU_STACK = 4
"""Members of a stack on a CPU."""


@dataclass(frozen=True)
class Plan:
    """How a population is executed. All plans give the same curves, up to float rounding.

    Attributes:
        bucket_size: most members of a stack; None for as many as fit into memory.
        threads: buckets that run at once; torch's threads are divided among them.
        by_hand: whether to stack dense networks, with the hand-written passes.
        vmap: whether to stack all other networks too, by ``torch.func.vmap``.
    """

    bucket_size: int | None = None
    threads: int = 1
    by_hand: bool = True
    vmap: bool = True


def plan_for(device: torch.device, capacity: int) -> Plan:
    """Returns the fastest plan measured on this kind of device (docs/performance.md).

    On a CPU: a thread for each core, each with its own buckets, because a product split over
    threads waits for the slower one. Dense networks in stacks of 4, which saves calls and still
    fits into the cache. Other networks one by one, because vmap would slow them down. On an
    accelerator: one stack of all, because only large kernels use it fully.
    """
    if device.type != "cpu":
        return Plan()
    threads = max(1, min(torch.get_num_threads(), capacity))
    return Plan(bucket_size=CPU_STACK, threads=threads, vmap=False)


@dataclass
class Planner:
    """Makes buckets by a plan; remembers how members of each signature can be trained.

    Attributes:
        plan: the plan.
        train: the training examples.
        metrics: the makers of the metrics.
    """

    plan: Plan
    train: Examples
    metrics: MetricTypes = field(default_factory=lambda: DEFAULT_METRICS)
    _traits: dict[Signature, Traits] = field(default_factory=dict)
    _alone: WeakKeyDictionary[MemberState, Traits] = field(default_factory=WeakKeyDictionary)
    _told: set[str] = field(default_factory=set)
    _limits: dict[Signature, int] = field(default_factory=dict)
    _streams: dict[StreamKey, Stream] = field(default_factory=dict)
    _signatures: WeakKeyDictionary[MemberState, Signature] = field(
        default_factory=WeakKeyDictionary
    )

    def buckets(self, states: Sequence[MemberState]) -> list[Bucket]:
        """Returns buckets for the next epoch of ``states``."""
        self._streams = {key: Stream(self.train, key) for key in {s.stream_key for s in states}}
        self._signatures.clear()  # an epoch's beginning may have changed a model
        groups: dict[Signature, list[MemberState]] = {}
        for state in states:
            if state not in self._alone:
                groups.setdefault(self._signature(state), []).append(state)
        for signature, group in groups.items():
            self._find_out(group, signature)
        self._log_obstacles()
        buckets: list[Bucket] = [
            self._module(s, self._alone[s]) for s in states if s in self._alone
        ]
        for signature, group in groups.items():
            if group[0] not in self._alone:
                buckets += self._stacks(sorted(group, key=_epoch), signature)
        for bucket in buckets:
            bucket.stream.add_reader()
        return buckets

    def halves(self, bucket: Bucket) -> list[Bucket]:
        """Splits a bucket that did not fit into memory into two, and remembers the limit."""
        half = max(1, len(bucket.states) // 2)
        signature = self._signature(bucket.states[0])
        self._limits[signature] = half
        log.warning("out of memory with %d members at once; trying %d", len(bucket.states), half)
        return self._stacks(bucket.states, signature)

    def one_by_one(self, bucket: Bucket, error: Exception) -> list[Bucket]:
        """Returns a bucket for each single member of a bucket that raised ``error``."""
        log.warning("%s: trained one by one after: %r", _names(bucket.states), error)
        return [self._module(state, Traits()) for state in bucket.states]

    def _signature(self, state: MemberState) -> Signature:
        if state not in self._signatures:
            self._signatures[state] = signature_of(state)
        return self._signatures[state]

    def _find_out(self, states: Sequence[MemberState], signature: Signature) -> None:
        """Finds out how members of a signature are trained, and remembers it."""
        if signature not in self._traits:
            log_noise(states[0].member.model)
            stream = self._streams[states[0].stream_key]
            self._traits[signature] = probe(states[0], stream, self._networks(states[0]))
        if self._traits[signature].network is None:
            self._alone.update(dict.fromkeys(states, self._traits[signature]))

    def _networks(self, state: MemberState) -> list[NetworkType]:
        """Returns the ways to stack members like this one, the fastest first."""
        dense: list[NetworkType] = [DenseNetwork] if self.plan.by_hand and _dense(state) else []
        return [*dense, VmappedNetwork] if self.plan.vmap else dense

    def _log_obstacles(self) -> None:
        """Logs why members are trained one by one: a line for each reason, once."""
        obstacles: dict[str, list[MemberState]] = {}
        for state, traits in self._alone.items():
            if traits.obstacle is not None and traits.obstacle not in self._told:
                obstacles.setdefault(traits.obstacle, []).append(state)
        for obstacle, states in obstacles.items():
            self._told.add(obstacle)
            log.info("%s: trained one by one: %s", _names(states), obstacle)

    def _module(self, state: MemberState, traits: Traits) -> Bucket:
        return ModuleBucket(
            state,
            self._streams[state.stream_key],
            self.metrics,
            global_draws=traits.global_draws,
            changes_images=traits.changes_images,
        )

    def _stacks(self, states: Sequence[MemberState], signature: Signature) -> list[Bucket]:
        network = self._traits[signature].network
        if network is None:
            raise RuntimeError("members that are not stacked have no stack")
        limit = self._limit(states, signature, network)
        parts = _parts(states, limit, self.plan.threads)
        return [StackBucket(p, self._stream_of(p), self.metrics, network) for p in parts]

    def _stream_of(self, states: Sequence[MemberState]) -> Stream | JoinedStream:
        """Returns the common stream of ``states``, or their streams joined."""
        streams = [self._streams[state.stream_key] for state in states]
        return streams[0] if len(set(streams)) == 1 else JoinedStream(streams)

    def _limit(
        self, states: Sequence[MemberState], signature: Signature, network: NetworkType
    ) -> int:
        """Returns how many members a stack may have, by the plan or by the free memory."""
        if self.plan.bucket_size is None and signature not in self._limits and len(states) > 1:

            def try_minibatch(count: int) -> None:
                streams = JoinedStream(
                    [self._streams[state.stream_key] for state in states[:count]]
                )
                bucket = StackBucket(states[:count], streams, self.metrics, network)  # the most
                bucket.open()
                bucket.train(0)

            try:
                self._limits[signature] = members_that_fit(try_minibatch, self.train.labels.device)
            except torch.cuda.OutOfMemoryError:
                self._limits[signature] = 1
            except Exception:  # the bucket gets the same error and handles it
                log.debug("the memory of a stack could not be measured", exc_info=True)
        limits = (self.plan.bucket_size, self._limits.get(signature), len(states))
        return min(limit for limit in limits if limit is not None)


def _parts(states: Sequence[MemberState], limit: int, threads: int) -> list[Sequence[MemberState]]:
    """Splits ``states`` into equal parts of at most ``limit``, enough to keep all threads busy."""
    least = -(-len(states) // limit)
    count = min(len(states), -(-least // threads) * threads)
    ends = [len(states) * part // count for part in range(count + 1)]
    return [states[start:end] for start, end in pairwise(ends)]


def _epoch(state: MemberState) -> tuple[int, int]:
    """The sort key of members: those of one stream come next to each other."""
    return state.stream_key.seed, state.stream_key.epoch


def _dense(state: MemberState) -> bool:
    trained = len(state.trained_parameters)
    model = state.member.model
    return dense_shape(model) is not None and trained == len(list(model.parameters()))


def _names(states: Sequence[MemberState]) -> str:
    return "trials " + ", ".join(str(state.member.id) for state in states)
