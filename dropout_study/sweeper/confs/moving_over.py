"""Reads a ``hydra.sweeper`` that was written for Hydra's own Optuna plugin (1.1 to 1.4).

What has a clear meaning is rewritten, everything else is refused. docs/moving-over.md has the list.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from enum import Enum
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from yaml import YAMLError

from dropout_study.config.compose import as_given
from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError, argument_error
from dropout_study.search.storage.urls import masked
from dropout_study.sweeper.confs.samplers import GROUP, OWN, SAMPLERS

PROVIDER = "optuna_sweeper"  # of the official plugin's options
TARGETS = {
    "optuna.samplers.MOTPESampler": "optuna.samplers.TPESampler",
    **{
        f"hydra_plugins.hydra_optuna_sweeper.{old}": f"optuna.samplers.{new}"
        for old, new in (
            ("config.raise_motpe_removed", "TPESampler"),
            ("_impl.create_nsgaii_sampler", "NSGAIISampler"),
            ("_impl.create_nsgaiii_sampler", "NSGAIIISampler"),
        )
    },
}
GRID = "optuna.samplers.GridSampler"


def moved_over(config: DictConfig) -> tuple[DictConfig, list[str]]:
    """Returns ``config`` with ``hydra.sweeper`` in the new form, and the lines to write instead.

    There is one line for each rewritten setting. ``config`` itself is not changed.

    Raises:
        UserError: a setting of the official plugin has no counterpart.
    """
    moved = deepcopy(config)
    sweeper = moved.hydra.sweeper
    told: list[str] = []
    with read_write(moved.hydra), open_dict(moved.hydra):
        for name, read in (
            ("direction", _read_direction),
            ("storage", _read_storage),
            ("search_space", _read_search_space),
            ("sampler", _read_sampler),
        ):
            if name in sweeper and not OmegaConf.is_missing(sweeper, name):
                told += read(sweeper, _plain(sweeper[name]))
    return moved, told


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def with_own_sampler(config: DictConfig, loader: ConfigLoader) -> DictConfig:
    """Returns ``config``; if its sampler is the official plugin's, composed again with our own.

    Both plugins have ``hydra/sweeper/sampler=tpe``; which one Hydra finds depends on what is
    installed.
    """
    choice = config.hydra.runtime.choices.get(GROUP)
    repository = getattr(loader, "repository", None)
    if choice not in {*SAMPLERS, "motpe"} or repository is None:
        return config
    found = repository.load_config(f"{GROUP}/{choice}")
    if found is None or found.provider != PROVIDER:
        return config
    recorded = config.hydra.overrides
    given = [*as_given(recorded.hydra), *as_given(recorded.task)]
    kept = [each for each in given if not each.lstrip("+").startswith(f"{GROUP}=")]
    appended = "+hydra.sweeper.sampler."  # for keys that its options lack and ours have
    overrides = [f"+{each}" if each.startswith(appended) else each for each in kept]
    overrides.append(f"{GROUP}={OWN}{choice}")
    name = config.hydra.job.config_name
    again = loader.load_configuration(name, overrides, RunMode.MULTIRUN, from_shell=False)
    own = deepcopy(config)
    with read_write(own.hydra), open_dict(own.hydra):
        own.hydra.sweeper.sampler = again.hydra.sweeper.sampler
    return own


def _read_direction(sweeper: DictConfig, direction: Any) -> Iterator[str]:
    """Reads the official plugin's enumeration, which a structured configuration may contain."""
    names = [direction] if not isinstance(direction, list) else direction
    if any(isinstance(name, Enum) for name in names):
        plain = [name.name if isinstance(name, Enum) else name for name in names]
        sweeper.direction = plain if isinstance(direction, list) else plain[0]
    yield from ()


def _read_storage(sweeper: DictConfig, storage: Any) -> Iterator[str]:
    """Reads a storage by ``_target_`` as a URL."""
    if not isinstance(storage, Mapping):
        return
    sweeper.storage = _url(storage)
    if sweeper.storage is None:
        yield "leave out `hydra.sweeper.storage`: the storage is a file in the study's directory"
    else:
        yield "write the URL of the storage as `hydra.sweeper.storage`"


def _url(storage: Mapping[str, Any]) -> str | None:
    target = str(storage.get("_target_")).rpartition(".")[2]
    rest = {key: value for key, value in storage.items() if key != "_target_" and value is not None}
    if target == "InMemoryStorage" and not rest:
        return None
    url = str(rest.get("url"))
    if target == "RDBStorage" and rest.keys() == {"url"} and masked(url) == url:
        return url
    if target == "JournalStorage" and rest.keys() == {"log_storage"}:
        log = rest["log_storage"]
        file = isinstance(log, Mapping) and log.get("file_path")
        kind = str(log.get("_target_")).rpartition(".")[2] if file else ""
        if kind in ("JournalFileStorage", "JournalFileBackend") and log.keys() <= {
            "_target_",
            "file_path",
        }:
            return f"journal://{file}"
    raise argument_error(
        "hydra.sweeper.storage",
        {key: value for key, value in storage.items() if key != "url"},
        "must be a URL, or an RDBStorage with nothing but a url without a password, or a "
        "JournalStorage on a file",
        "write hydra.sweeper.storage=sqlite:///FILE, postgresql+psycopg://... or journal://FILE",
    )


def _read_search_space(sweeper: DictConfig, space: Any) -> Iterator[str]:
    """Reads ``search_space: {key: {type, low, high, step, log, choices}}`` as ``params``."""
    del sweeper.search_space
    if not space:
        return
    if not isinstance(space, Mapping):
        raise argument_error(
            "hydra.sweeper.search_space", space, "is unknown", "write hydra.sweeper.params"
        )
    if sweeper.get("params"):
        yield "leave out `hydra.sweeper.search_space`: `hydra.sweeper.params` is used"
        return
    sweeper.params = {key: _distribution(str(key), each) for key, each in space.items()}
    lines = ", ".join(f"{key}: {text}" for key, text in sweeper.params.items())
    yield f"write `hydra.sweeper.params: {{{lines}}}` for `hydra.sweeper.search_space`"


def _distribution(key: str, given: Any) -> str:
    """Returns an old distribution as a sweep of Hydra's grammar."""
    name = f"hydra.sweeper.search_space.{key}"
    kind = given.get("type") if isinstance(given, Mapping) else None
    if isinstance(kind, Enum):
        kind = kind.name
    if kind == "categorical" and isinstance(given.get("choices"), list) and given["choices"]:
        choices = [to_override("x", choice).partition("=")[2] for choice in given["choices"]]
        return f"choice({', '.join(choices)})"
    low, high = (given["low"], given["high"]) if _has_range(kind, given) else (None, None)
    if low is None or high is None:
        raise argument_error(
            name,
            given,
            "must have type int or float with low and high, or categorical with choices",
            f"write it in hydra.sweeper.params, as in '{key}: interval(0, 1)'",
        )
    return _interval(kind == "int", low, high, given.get("step"), bool(given.get("log")))


def _has_range(kind: Any, given: Any) -> bool:
    ends = [given.get("low"), given.get("high")] if kind in ("int", "float") else [None]
    return all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)


def _interval(whole: bool, low: float, high: float, step: float | None, log: bool) -> str:
    """Returns the text of a range that includes ``high``, as the old form did."""
    if whole:
        low, high, step = int(low), int(high), int(step or 1)
    if step and step != whole and not log:
        first, last, stride = (Decimal(str(number)) for number in (low, high, step))
        beyond = Decimal(1 if whole else "0.5")  # half a step: safe from rounding
        stop = first + ((last - first) // stride + beyond) * stride
        return f"range({low}, {stop}, {step})"
    text = f"int(interval({low}, {high}))" if whole else f"interval({low}, {high})"
    return f"tag(log, {text})" if log else text


def _read_sampler(sweeper: DictConfig, sampler: Any) -> Iterator[str]:
    """Reads samplers that Optuna has renamed, and a grid that was given to its sampler."""
    if not isinstance(sampler, dict):
        return
    target = sampler.get("_target_")
    if target in TARGETS:
        sampler["_target_"] = TARGETS[str(target)]
        if "n_ehvi_candidates" in sampler:
            sampler["n_ei_candidates"] = sampler.pop("n_ehvi_candidates")
        sweeper.sampler = sampler
        if sampler["_target_"].endswith("TPESampler"):
            yield "write hydra/sweeper/sampler=tpe for motpe: it takes several objectives, too"
    if target == GRID and "search_space" in sampler:
        yield from _read_grid(sweeper, sampler)


def _read_grid(sweeper: DictConfig, sampler: dict[str, Any]) -> Iterator[str]:
    grid = sampler.pop("search_space")
    sweeper.sampler = sampler
    if not grid:
        return
    if not isinstance(grid, Mapping) or sweeper.get("params"):
        raise UserError(
            "`hydra.sweeper.sampler.search_space` is not read: leave it out and write the grid in "
            "hydra.sweeper.params, as in 'x: choice(1, 2)'"
        )
    sweeper.params = {
        key: _distribution(str(key), {"type": "categorical", "choices": list(values)})
        for key, values in grid.items()
    }
    lines = ", ".join(f"{key}: {text}" for key, text in sweeper.params.items())
    yield f"write `hydra.sweeper.params: {{{lines}}}` for the sampler's search_space"


def left_aside(config: DictConfig, loader: ConfigLoader) -> list[str]:
    """Returns a warning if the project has its own ``hydra/sweeper/optuna.yaml``, not read here."""
    if config.hydra.runtime.choices.get("hydra/sweeper") != "optuna_study":
        return []
    repository = getattr(loader, "repository", None)
    try:
        found = repository and repository.load_config("hydra/sweeper/optuna")
    except (HydraException, OSError, ValueError, YAMLError):
        return []
    if not found or found.provider in (PROVIDER, "dropout_study"):
        return []
    return [
        f"{found.path} is not read; to keep its settings, write `defaults: [optuna_study, _self_]` "
        "in place of its `_target_` and defaults, and choose hydra/sweeper=optuna"
    ]
