"""The state of a training between two epochs, as one file without code: safetensors and JSON.

Every draw is a function of (seed, purpose, epoch, iteration, layer). So the position of the draws
is the number of epochs, and the state is what has changed since the training was built: parameters,
buffers, the optimizer's state, and plain attributes of the objects.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dropout_study.files import atomic_write
from dropout_study.noise.known import rate_of
from dropout_study.training.population.traits import comparable

OWN = {"_parameters", "_buffers", "_modules", "training", "source", "number"}
"""Attributes of a module that are kept in another way, or belong to an epoch."""
RATES = {"p", "dropout"}
"""Attributes of a noise layer that the schedule sets before every epoch."""
OPTIMIZERS = {"state", "param_groups", "step", "_opt_called"}
"""Attributes of an optimizer that are in its ``state_dict``, or that torch's schedulers set."""
GENERATORS = (torch.Generator, random.Random, np.random.Generator, np.random.RandomState)


class StateError(Exception):
    """A state cannot be kept, or a kept one cannot be used; the message says why."""


@dataclass
class State:
    """Tensors by name, and JSON values that refer to them.

    Attributes:
        tensors: all tensors of the state.
        values: everything else; a tensor in it is ``["tensor", NAME]``.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Writes the file, whole or not at all; ``facts`` are plain values beside the state."""
        content = {name: t.detach().cpu() for name, t in self.tensors.items()}
        content = {  # each in memory of its own: the file has no shared tensors
            name: t.clone(memory_format=torch.contiguous_format) for name, t in content.items()
        }
        texts = {"facts": json.dumps(facts), "values": json.dumps(self.values)}
        texts["checksum"] = _checksum(content, texts)
        with atomic_write(path, durable=False) as temporary:
            try:
                save_file(content, str(temporary), metadata=texts)
            except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
                raise StateError(f"a tensor cannot be written: {error}") from error

    @classmethod
    def read(cls, path: Path) -> "tuple[State, dict[str, Any]]":
        """Returns the state and the facts of a file.

        Raises:
            StateError: the file is damaged.
        """
        try:
            with safe_open(path, framework="pt") as opened:
                texts = opened.metadata() or {}
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            if texts.pop("checksum") != _checksum(tensors, texts):  # after a power cut, say
                raise ValueError("its checksum is another one")
            return cls(tensors, json.loads(texts["values"])), dict(json.loads(texts["facts"]))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise StateError(f"it is damaged: {reason or type(error).__name__}") from error

    def put(self, name: str, value: object) -> Any:
        """Adds the tensors in ``value`` under ``name``; returns the JSON form of ``value``.

        Raises:
            StateError: it is neither a tensor nor a plain value, nor made of these.
        """
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, Tensor):
            while name in self.tensors:
                name += "'"
            self.tensors[name] = value
            return ["tensor", name]
        if isinstance(value, tuple | list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return [kind, *(self.put(f"{name}.{i}", item) for i, item in enumerate(value))]
        if isinstance(value, dict):
            items = value.items()
            return ["dict", *([self.put("", k), self.put(f"{name}.{k}", v)] for k, v in items)]
        raise StateError(f"{name} is a {type(value).__name__}, neither a tensor nor a plain value")

    def get(self, form: Any) -> Any:
        """Returns the value of a JSON form that ``put`` has made."""
        if not isinstance(form, list):
            return form
        kind, *items = form
        if kind == "tensor":
            return self.tensors[items[0]]
        if kind == "dict":
            return {self.get(key): self.get(item) for key, item in items}
        made = [self.get(item) for item in items]
        return tuple(made) if kind == "tuple" else made

    def equals(self, other: "State") -> bool:
        """Returns whether two states are equal, bit for bit."""
        names = self.tensors.keys()
        return (
            json.dumps(self.values) == json.dumps(other.values)
            and names == other.tensors.keys()
            and all(_same_bits(self.tensors[name], other.tensors[name]) for name in names)
        )


class Trained:
    """What changes in a training: its network, its optimizer and further objects.

    Made before the first epoch: an attribute is kept if it has changed since.

    Args:
        model: the network.
        optimizer: of its parameters.
        others: further objects by name, its measures say.
    """

    def __init__(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, others: Mapping[str, object]
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._others = others
        self._before = {name: comparable(value) for name, value in self._attributes().items()}

    def state(self) -> State:
        """Returns the present state. Its tensors are those of the training, not copies.

        Raises:
            StateError: a part of it is neither a tensor nor a plain value.
        """
        state = State()
        named = [*self._model.named_parameters(), *self._model.named_buffers()]
        model = {name: tensor.detach() for name, tensor in named}
        parts = {
            "model": model,
            "extra": {n: module.get_extra_state() for n, module in self._with_extra_state()},
            "optimizer": self._optimizer.state_dict(),
            "attributes": self._changed(),
        }
        state.values = {name: state.put(name, part) for name, part in parts.items()}
        return state

    def restore(self, state: State) -> None:
        """Gives model, optimizer and attributes a state.

        Raises:
            StateError: it does not fit, or the objects cannot be given this state.
        """
        try:
            self._restore({name: state.get(form) for name, form in state.values.items()})
            same = self.state().equals(state)
        except Exception as error:  # whatever a user's own optimizer raises
            reason = " ".join(str(error).split())
            raise StateError(f"it does not fit: {reason or type(error).__name__}") from error
        if not same:
            raise StateError("model or optimizer do not take all of it")

    @torch.no_grad()
    def _restore(self, parts: Mapping[str, Any]) -> None:
        own = dict([*self._model.named_parameters(), *self._model.named_buffers()])
        for name, tensor in parts["model"].items():
            own[name].copy_(tensor)
        for name, module in self._with_extra_state():
            module.set_extra_state(parts["extra"][name])
        self._optimizer.load_state_dict(parts["optimizer"])
        owners = self._owners()
        for name, value in parts["attributes"].items():
            owner, _, attribute = name.rpartition("/")
            setattr(owners[owner], attribute, value)

    def _with_extra_state(self) -> list[tuple[str, nn.Module]]:
        usual = nn.Module.get_extra_state
        named = self._model.named_modules()
        return [(name, module) for name, module in named if type(module).get_extra_state != usual]

    def _owners(self) -> dict[str, object]:
        named = {f"layer {name}".strip(): module for name, module in self._model.named_modules()}
        return {**named, "the optimizer": self._optimizer, **self._others}

    def _attributes(self) -> dict[str, object]:
        return {
            f"{owner}/{name}": value
            for owner, each in self._owners().items()
            for name, value in getattr(each, "__dict__", {}).items()
            if name not in _left_out(each)
        }

    def _changed(self) -> dict[str, object]:
        """Returns the attributes that training has changed, if they are plain values."""
        changed: dict[str, object] = {}
        for name, value in self._attributes().items():
            told = " ".join(reversed(name.split("/")))
            if isinstance(value, GENERATORS):
                raise StateError(f"attribute {told} is a generator of random numbers")
            if comparable(value) != self._before.get(name, self):
                try:
                    json.dumps(value)
                except (TypeError, ValueError) as error:
                    raise StateError(
                        f"training changes attribute {told}, a {type(value).__name__}, which is "
                        "neither a tensor nor a plain value"
                    ) from error
                changed[name] = value
        return changed


def _left_out(owner: object) -> set[str]:
    if isinstance(owner, torch.optim.Optimizer):
        return OPTIMIZERS
    if isinstance(owner, nn.Module):
        return OWN | RATES if rate_of(owner) is not None else OWN
    return set()


def _same_bits(one: Tensor, other: Tensor) -> bool:
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and torch.equal(_bytes(one), _bytes(other))


def _checksum(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    """Returns the CRC-32 of the texts and of the tensors' bytes."""
    found = crc32(repr(sorted(texts.items())).encode())
    for _, tensor in sorted(tensors.items()):
        found = crc32(_bytes(tensor).numpy().data, found)
    return str(found)


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
