"""Gives a model's noise layers their draws while the model trains.

The model keeps its objects: a plain ``nn.Dropout`` stays the same object, with its hooks.
Subclasses of ``nn.Dropout`` are not touched: they are the user's own noise.
"""

import logging
from collections.abc import Sequence
from types import TracebackType

import torch
from torch import Tensor, nn

from dropout_study.checks import check_share
from dropout_study.noise.dropout import TorchDropout
from dropout_study.noise.known import check_rates, rate_of, set_rate
from dropout_study.noise.layer import NoiseLayer, NoiseSource, Number
from dropout_study.noise.none import NoNoise
from dropout_study.noise.schedules.base import Schedule
from dropout_study.noise.source import Noise

log = logging.getLogger(__name__)


class SeededSource:
    """Gives layers the draws of a ``Noise``, and their own numbers."""

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def draw(self, layer: NoiseLayer, shape: torch.Size, device: torch.device) -> Tensor:
        """Returns the next draws of the layer, on the noise's own device."""
        return self._noise.next_draw(layer.number, shape, layer.kind)

    def numbers(self, layer: NoiseLayer) -> tuple[Number, ...] | None:
        """Returns the layer's own numbers."""
        return layer.numbers() if layer.p else None


class ModelNoise:
    """The noise layers of a model, connected to a source of draws until ``close``.

    Layers are numbered in the order of ``model.modules()``, also those of rate 0, so that a layer's
    number does not depend on a rate.

    Args:
        model: any module; ``nn.Dropout`` and this project's layers get their draws from ``source``.
        source: a ``Noise``, or an object that gives draws and numbers.

    Raises:
        UserError: a layer's rate cannot be used.
    """

    def __init__(self, model: nn.Module, source: Noise | NoiseSource) -> None:
        check_rates(model)
        self._model = model
        self._scheduled = False
        self._borrowed: list[nn.Module] = []
        self._seeded: list[NoiseLayer] = []
        self._own = own_rates(model)
        for module in model.modules():
            if type(module) is nn.Dropout:
                module.__class__ = TorchDropout
                self._borrowed.append(module)
            if isinstance(module, NoiseLayer):
                module.number = len(self._seeded)
                module.source = SeededSource(source) if isinstance(source, Noise) else source
                self._seeded.append(module)

    @property
    def layers(self) -> dict[str, NoiseLayer]:
        """The layers by their names; one may have several."""
        named = self._model.named_modules(remove_duplicate=False)
        return {name: layer for name, layer in named if isinstance(layer, NoiseLayer)}

    def begin_epoch(self, epoch: int, epochs: int, schedule: Schedule | None = None) -> None:
        """Tells the model that an epoch begins, as the function ``begin_epoch`` does."""
        self._scheduled = self._scheduled or schedule is not None
        begin_epoch(self._model, self._own, epoch, epochs, schedule)

    def close(self) -> None:
        """Restores the layers."""
        for layer in self._seeded:
            vars(layer).pop("source", None)
            vars(layer).pop("number", None)
        if self._scheduled:
            for module, rate in self._own:
                set_rate(module, rate)
        for module in self._borrowed:
            module.__class__ = nn.Dropout
        self._own.clear()
        self._seeded.clear()
        self._borrowed.clear()

    def __enter__(self) -> "ModelNoise":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def own_rates(model: nn.Module) -> list[tuple[nn.Module, float]]:
    """Returns the modules of ``model`` that have a rate, each with its present one."""
    rates = ((module, rate_of(module)) for module in model.modules())
    return [(module, rate) for module, rate in rates if rate is not None]


def begin_epoch(
    model: nn.Module,
    own: Sequence[tuple[nn.Module, float]],
    epoch: int,
    epochs: int,
    schedule: Schedule | None = None,
) -> None:
    """Tells ``model`` that an epoch begins, before its first minibatch.

    Sets each layer's rate by ``schedule``. Then calls ``begin_epoch(epoch, epochs)`` of every
    module of the model that has such a method.

    Args:
        model: any module.
        own: ``own_rates`` of the model, from before a schedule changed them.
        epoch: the epoch's number, from 1.
        epochs: the number of epochs.
        schedule: the schedule of the rates; None does not change them.

    Raises:
        UserError: the schedule's rate cannot be used.
    """
    if schedule is not None:
        name = f"the scheduled rate of epoch {epoch}"
        for module, rate in own:
            scheduled = schedule(rate, epoch, epochs)
            if isinstance(module, NoiseLayer):
                module.p = scheduled
                module.check(name)
            else:
                set_rate(module, check_share(name, scheduled))
    for module in model.modules():
        begin = getattr(module, "begin_epoch", None)
        if callable(begin):
            begin(epoch, epochs)


def describe_noise(model: nn.Module) -> str:
    """Returns one line: which layers have seeded noise, and which draw from torch's generator."""
    named = {name or "the model": m for name, m in model.named_modules() if rate_of(m) is not None}
    seeded = [name for name, module in named.items() if _is_seeded(module)]
    silent = [name for name in seeded if isinstance(named[name], NoNoise)]
    others = [f"{name} ({type(m).__name__})" for name, m in named.items() if name not in seeded]
    noisy = [name for name in seeded if name not in silent]
    parts = [f"seeded noise in layers {', '.join(noisy)}"] if noisy else []
    if silent:
        parts.append(f"no noise (rate 0) in layers {', '.join(silent)}")
    if others:
        parts.append(f"drawn from torch's global generator: {', '.join(others)}")
    return "; ".join(parts)


def penalties(model: nn.Module, examples: int) -> list[Tensor]:
    """Returns what the noise layers of ``model`` add to the loss of a minibatch."""
    layers = (module for module in model.modules() if isinstance(module, NoiseLayer))
    return [found for layer in layers if (found := layer.penalty(examples)) is not None]


def _is_seeded(module: nn.Module) -> bool:
    return isinstance(module, NoiseLayer) or type(module) is nn.Dropout


_told: set[str] = set()


def log_noise(model: nn.Module) -> None:
    """Logs ``describe_noise``, each line once a process."""
    line = describe_noise(model)
    if line and line not in _told:
        _told.add(line)
        log.info("%s", line)
