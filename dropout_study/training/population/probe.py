"""Finds out how members can be trained: trains copies on one minibatch, stacked and not stacked."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from dropout_study.data.splits import Examples
from dropout_study.training.generators import generator_states, kept_generators
from dropout_study.training.metrics import LOSS, Scores
from dropout_study.training.population.bucket import ModuleBucket
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import NetworkType
from dropout_study.training.population.stack import StackBucket
from dropout_study.training.population.stream import Minibatch, Stream
from dropout_study.training.population.traits import Traits, comparable, declared_obstacle

ROUNDING = 1e-3
"""Two ways of computing an update may differ by this share of the update, in float32."""
COARSE_ROUNDING = 0.1
"""The same in bfloat16, and if CUDA may round products to TF32."""


def probe(state: MemberState, stream: Stream, networks: Sequence[NetworkType]) -> Traits:
    """Trains copies of a member on its first minibatch, and returns what was found.

    A copy trained as a module and a stacked copy must have the same loss, parameters, buffers,
    noise draws and loss in evaluation mode, up to rounding. The member itself, its optimizer and
    all generators do not change.

    Args:
        state: any member of the signature.
        stream: the minibatches of its epoch; a full one is used.
        networks: ways to stack members like this one; the first correct one is taken.
    """
    given = stream.minibatch(0)
    try:
        with kept_generators(given.labels.device):
            return _Probe(state, stream, given).run(networks)
    except Exception as error:  # of the user's module; it fails again in its own bucket
        told = f"the model cannot be tried: {_first_line(error)}"
        return Traits(obstacle=told, global_draws=True)


class _Probe:
    """A member trained as a module, to be compared with a stack."""

    def __init__(self, state: MemberState, stream: Stream, given: Minibatch) -> None:
        self._state = state
        self._stream = stream
        self._given = given
        self._minibatch = self._fresh_minibatch()
        self._copy = _copy_of(state, stream.device)
        self._bucket = ModuleBucket(self._copy, stream, LOSS)
        self._before = {k: v.clone() for k, v in _tensors(self._copy).items()}

    def run(self, networks: Sequence[NetworkType]) -> Traits:
        """Trains a copy as a module and then, if nothing prevents it, another one stacked."""
        self._bucket.open()
        attributes = _attributes(self._copy.member.model)
        generators = generator_states(self._stream.device)
        self._bucket.train_on(self._minibatch)
        traits = Traits(
            global_draws=generators != generator_states(self._stream.device),
            changes_images=self._minibatch.images._version > 0,
        )
        obstacle = (
            _seen_obstacle(traits)
            or self._changed_buffer()
            or self._changed_attribute(attributes)
            or declared_obstacle(self._state)
        )
        differences = []
        for network in networks if obstacle is None else ():
            difference = self._difference(network)
            if difference is None:
                return replace(traits, network=network)
            differences.append(difference)
        return replace(traits, obstacle=next(iter(differences), obstacle))

    def _difference(self, network: NetworkType) -> str | None:
        """Returns what a stack computes differently; None if nothing."""
        copy, minibatch = _copy_of(self._state, self._stream.device), self._fresh_minibatch()
        stack = StackBucket([copy], self._stream, LOSS, network)
        try:
            with _no_fallback():
                stack.open()
                stack.train_on(minibatch)
                got = [*stack.finish(), *stack.evaluate(self._examples())]
        except Exception as error:  # whatever a user's module raises under vmap
            return f"the model does not run stacked: {_first_line(error)}"
        finally:
            stack.close()
        want = [*self._bucket.finish(), *self._bucket.evaluate(self._examples())]
        if minibatch.drawn != self._minibatch.drawn:
            return "stacked, the model draws different noise"
        return self._other_scores(got, want) or self._other_tensor(copy)

    def _other_scores(self, got: Scores, want: Scores) -> str | None:
        for when, scores, alone in zip(("training", "evaluation"), got, want, strict=True):
            loss, right = scores["loss"], alone["loss"]
            if not _near(torch.tensor(loss), torch.tensor(right), self._tolerance(), scale=right):
                return f"stacked, the loss in {when} is {loss:.6g}, not {right:.6g}"
        return None

    def _other_tensor(self, copy: MemberState) -> str | None:
        got, want = _tensors(copy), _tensors(self._copy)
        for name, before in self._before.items():
            update = (want[name] - before).double().nan_to_num(0, 0, 0).norm().item()
            weight = before.double().norm().item()
            scale = update + 1e-6 / self._tolerance() * weight  # what the weight itself rounds to
            if not _near(got[name], want[name], self._tolerance(), scale):
                return f"stacked, an update changes `{name}` differently"
        return None

    def _changed_buffer(self) -> str | None:
        model = self._copy.member.model
        for name, buffer in model.named_buffers():
            if name not in self._before or not torch.equal(buffer, self._before[name]):
                owner = type(model.get_submodule(name.rpartition(".")[0])).__name__
                return f"{owner} changes its buffer `{name}` as it trains"
        return None

    def _changed_attribute(self, before: dict[str, Hashable]) -> str | None:
        for name, value in _attributes(self._copy.member.model).items():
            if name not in before or before[name] != value:
                return f"the model changes its attribute `{name}` as it trains"
        return None

    def _fresh_minibatch(self) -> Minibatch:
        return Minibatch(self._given.images.clone(), self._given.labels, self._given.noise)

    def _examples(self) -> Examples:
        return Examples(self._given.images, self._given.labels)

    def _tolerance(self) -> float:
        tf32 = torch.get_float32_matmul_precision() != "highest"
        coarse = self._state.member.settings.bfloat16 or (
            self._stream.device.type == "cuda" and tf32
        )
        return COARSE_ROUNDING if coarse else ROUNDING


def _copy_of(state: MemberState, device: torch.device) -> MemberState:
    """Returns a copy in which every noise layer that can be is on: it may be in other members."""
    model, optimizer = deepcopy((state.member.model, state.member.optimizer))
    settings = replace(
        state.member.settings, lr_schedule=None, measures={}
    )  # the rate is copied as it is
    member = replace(
        state.member, model=model, optimizer=optimizer, settings=settings, measuring=None
    )
    copy = MemberState(member, device)
    for layer in copy.layers.values():
        layer.p = layer.p or (0.0 if layer.off else 0.5)
    return copy


def _tensors(state: MemberState) -> dict[str, Tensor]:
    model = state.member.model
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: tensor.detach() for name, tensor in named}


def _attributes(model: nn.Module) -> dict[str, Hashable]:
    """Returns the attributes of the model's modules besides parameters, buffers and modules."""
    own = {"_parameters", "_buffers", "_modules", "source"}
    return {
        f"{name}.{key}".lstrip("."): comparable(value)
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if key not in own
    }


def _seen_obstacle(traits: Traits) -> str | None:
    if traits.global_draws:
        return "the model draws from torch's global generator, numpy's or Python's"
    return "the model changes the images that it is given" if traits.changes_images else None


def _near(got: Tensor, want: Tensor, tolerance: float, scale: float) -> bool:
    """Returns whether two results agree; numbers that are not finite in both count as equal."""
    if not torch.equal(got.isfinite(), want.isfinite()):
        return False
    difference = (got - want).double().nan_to_num(0, 0, 0).norm().item()
    return difference <= tolerance * abs(scale) or not isfinite(scale)


@contextmanager
def _no_fallback() -> Iterator[None]:
    """Makes vmap raise an error at an operation that it would run member by member.

    torch has no public switch for it; its warning comes only once a process.
    """
    functorch: Any = torch._C._functorch
    before = functorch._is_vmap_fallback_enabled()
    functorch._set_vmap_fallback_enabled(False)
    try:
        yield
    finally:
        functorch._set_vmap_fallback_enabled(before)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
