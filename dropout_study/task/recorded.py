"""The configuration of a run as its directory records it, before objects are built from it.

A study's directory is data, maybe from somebody else. Its configurations name the classes of a
network, and to build it is to run what they name. So they may name the classes of this package and
of torch, and what the present command names itself; anything else must be allowed by ``trusting``.
See SECURITY.md.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dropout_study.config.instantiate import located
from dropout_study.errors import UserError
from dropout_study.paths import conf_dir
from dropout_study.task.job_files import JobFiles
from dropout_study.training.measures.base import Measure
from dropout_study.training.metrics import Metric

log = logging.getLogger(__name__)

GROUPS = (
    "data",
    "lr_schedule",
    "model",
    "noise",
    "optimizer",
    "schedule",
    "search_space",
    "trainer",
)
"""Groups of ``conf/`` whose pages name what a trial may be built of."""
PLACES = (
    *("torch.nn.", "torch.optim.", "torchvision.models."),
    *(f"dropout_study.{room}." for room in ("models", "noise", "training")),
)
"""Where classes may come from, if they are of these ``KINDS``."""
KINDS = (nn.Module, Optimizer, LRScheduler, Metric, Measure)
OTHERS = (
    "dropout_study.noise.",
    "dropout_study.search.pruners.",
    "optuna.pruners.",
    "optuna.samplers.",
)
"""Where any class may come from: schedules, and what a search space names."""
ZOO = "torchvision.models."
"""Its functions make networks."""
PACKAGES = {
    *("dropout_study", "hydra", "omegaconf", "optuna", "torch", "torchvision"),
    *sys.stdlib_module_names,
}
"""Naming one of these names a class, not all that can be found there."""
PLAIN = re.compile(r"\$\{(hydra:)?[\w.\[\]-]+\}")
"""An interpolation that takes a value of the configuration itself."""


@dataclass(frozen=True)
class Trust:
    """What recorded configurations may name beside the classes of this package and of torch.

    Attributes:
        everything: whether they may name anything.
        named: what the present command names itself.
    """

    everything: bool = False
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: DictConfig) -> "Trust":
        """Returns the trust in what the configuration of the present command names."""
        plain = OmegaConf.to_container(config, resolve=False)
        return cls(named=frozenset(each for each in targets(plain) if isinstance(each, str)))

    def allows(self, target: object) -> bool:
        """Returns whether a recorded configuration may name ``target``."""
        if self.everything or (isinstance(target, str) and target in self.named):
            return True
        if not isinstance(target, str):
            return False
        own = {each.partition(".")[0] for each in self.named} - PACKAGES
        mine = target.partition(".")[0] in own and _is_at_home(_found(target), target)
        return mine or _is_ours(target)


_trust: ContextVar[Trust] = ContextVar("trust", default=Trust())  # noqa: B039  # it is frozen


@contextmanager
def trusting(trust: Trust) -> Iterator[None]:
    """Lets ``recorded_config`` return what ``trust`` allows while the block runs."""
    token = _trust.set(trust)
    try:
        yield
    finally:
        _trust.reset(token)


def recorded_config(files: JobFiles) -> DictConfig:
    """Returns the configuration in a job's directory, from which objects may be built.

    Raises:
        JobFileError: it is missing or damaged.
        UserError: it names what is neither of this package nor allowed.
    """
    plain, path, trust = files.config(), files.paths.config_yaml, _trust.get()
    if plain.get("tracker") is not None:
        plain["tracker"] = None  # a tracker gets a trial only once
    for text in _texts(plain):
        strange = PLAIN.sub("", text)
        if "${" in strange and not trust.everything:
            raise _refusal(path, f"asks for `{text}`")
    for target in targets(plain):
        if not isinstance(target, str):
            continue  # it names nothing that could run; what builds the object says so
        if not trust.allows(target):
            raise _refusal(path, f"names `{target}`{_where(target)}, not of this package or torch")
        if not _is_ours(target):
            _tell(target)
    config = OmegaConf.create(plain)
    assert isinstance(config, DictConfig)
    return config


def targets(node: Any) -> Iterator[Any]:
    """Yields all that a configuration names to be called."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        for key, value in node.items():
            if key == "measure" and isinstance(value, list):  # `trainer.measure` names classes
                yield from (each for each in value if isinstance(each, str) and "." in each)
            yield from targets(value)
    elif isinstance(node, list):
        for each in node:
            yield from targets(each)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in below:
        yield from _texts(each)


def _is_ours(target: str) -> bool:
    """Returns whether a page of ``conf/`` names the target, or it is a class of ``KINDS``."""
    if target in _pages():
        return True
    if not target.startswith((*PLACES, *OTHERS)):
        return False
    found = _found(target)
    if isinstance(found, type) and _is_at_home(found, target):
        return issubclass(found, KINDS) or found.__module__.startswith(OTHERS)
    return target.startswith(ZOO) and "._" not in target and _is_at_home(found, target)


def _found(target: str) -> object:
    """Returns what a dotted path names; None if it names nothing."""
    try:
        return located(target)
    except Exception:  # an import may raise anything
        return None


def _is_at_home(found: object, target: str) -> bool:
    """Returns whether a target is defined where it is found: ``torch.os.system`` is not."""
    home, root = getattr(found, "__module__", None), target.partition(".")[0]
    return callable(found) and isinstance(home, str) and home.partition(".")[0] == root


@cache
def _pages() -> frozenset[str]:
    """Returns what the pages of ``conf/`` name."""
    pages = [page for group in GROUPS for page in (conf_dir() / group).glob("*.yaml")]
    found = (re.findall(r"_target_: ([\w.]+)", page.read_text(encoding="utf-8")) for page in pages)
    return frozenset(name for names in found for name in names)


def _refusal(path: Path, what: str) -> UserError:
    return UserError(f"{path} {what}; if you trust this directory, add --trust")


def _where(target: object) -> str:
    """Returns the file of a target's top module, found without importing it."""
    root = str(target).partition(".")[0]
    with suppress(ImportError, ValueError, AttributeError):
        spec = find_spec(root)
        if spec is not None and spec.origin not in (None, "built-in", "frozen"):
            return f" ({spec.origin})"
    return ""


@cache
def _tell(target: str) -> None:
    """Says once where code comes from that is not this package's."""
    log.warning("the study is built with %s%s", target, _where(target))
