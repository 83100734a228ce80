"""What is trained again: which configurations, and with which seeds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.report.view import BOOK_RATES, Arm, StudyView, short

NULL = "null_check"


@dataclass(frozen=True)
class Configuration:
    """One configuration of the confirmation.

    Attributes:
        name: of its directory and in the table: "trial_8", "book", "no_dropout", "null_check".
        description: what it is, for a reader.
        config: of a trial; the seed is set run by run.
        seeds: the runs' seeds.
        twin: of the null check, the name of the configuration that it repeats.
    """

    name: str
    description: str
    config: DictConfig
    seeds: tuple[int, ...]
    twin: str = ""


@dataclass(frozen=True)
class Plan:
    """The configurations, the best first, and which of them the others are compared with."""

    configurations: list[Configuration]
    references: Mapping[str, str] = field(default_factory=dict)  # "book" -> a configuration's name


def plan_confirmation(view: StudyView, top: int, seeds: int) -> Plan:
    """Returns the ``top`` configurations by validation, the references and the null check.

    The references are the best trials with the book's rates and without dropout; one that was not
    tried is the best trial with its rates replaced. All are trained with the same ``seeds`` fresh
    seeds. The null check is the first reference once more with as many other seeds: its true
    difference is zero, so its interval shows what the procedure cannot tell apart.

    Raises:
        UserError: no trial is complete, or the configuration of one is lost.
    """
    best = view.best
    if view.front:
        raise UserError(
            f"the study has several objectives ({', '.join(view.objectives)}), so none of its "
            "configurations is the best; only a study with one objective can be confirmed"
        )
    if best is None:
        raise UserError("no trial of the study is complete, so there is nothing to confirm")
    fresh, other = _fresh_seeds(view, seeds)
    found: dict[str, Configuration] = {}
    for rank, arm in enumerate(view.top(top), start=1):
        found[_name(arm)] = _of_trial(view, arm, f"{_ordinal(rank)} by validation", fresh)
    references: dict[str, str] = {}
    for reference, tried, rates in _references(view):
        if tried is not None:
            name = _name(tried)
            before = f"{found[name].description}, " if name in found else ""
            found[name] = _of_trial(view, tried, f"{before}{_words(reference)}", fresh)
        else:
            name = reference
            found[name] = _with_rates(view, best, reference, rates, fresh)
        references[reference] = name
    if not references:
        references["best"] = _name(best)
    twin = found[next(iter(references.values()))]
    null = Configuration(NULL, f"{twin.name} again, other seeds", twin.config, other, twin.name)
    return Plan([*found.values(), null], references)


def _references(view: StudyView) -> Iterator[tuple[str, Arm | None, dict[str, float]]]:
    """Yields the references that make sense of this model: those of rates that it has."""
    names = {short(name): name for name in view.rates}
    if set(BOOK_RATES) <= set(names):
        rates = {key: BOOK_RATES.get(name, 0.0) for name, key in names.items()}
        yield "book", view.book, rates
    if names:
        yield "no_dropout", view.no_dropout, dict.fromkeys(view.rates, 0.0)


def _fresh_seeds(view: StudyView, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns two sets of ``n`` seeds that no trial had; more of them begin with the same."""
    used = {int(seed) for seed in view.trials["seed"].dropna()}
    fresh = list(islice((seed for seed in count() if seed not in used), 2 * n))
    return tuple(fresh[::2]), tuple(fresh[1::2])


def _of_trial(view: StudyView, arm: Arm, role: str, seeds: tuple[int, ...]) -> Configuration:
    return Configuration(_name(arm), role, trial_config(view, arm.number), seeds)


def _with_rates(
    view: StudyView, best: Arm, name: str, rates: Mapping[str, float], seeds: tuple[int, ...]
) -> Configuration:
    config = trial_config(view, best.number)
    for key, rate in rates.items():
        OmegaConf.update(config, key, rate)
    return Configuration(name, f"trial {best.number} with {_words(name)}", config, seeds)


def trial_config(view: StudyView, number: int) -> DictConfig:
    """Returns the configuration of a trial as Hydra recorded it.

    Raises:
        UserError: it is lost or damaged.
    """
    path = StudyPaths(view.tables.root).job(number).config_yaml
    try:
        config = OmegaConf.load(path)
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise UserError(f"the configuration of trial {number} cannot be read: {error}") from error
    if not isinstance(config, DictConfig) or "trainer" not in config:
        raise UserError(f"{path} is no configuration of a trial: it has no `trainer`")
    with open_dict(config):
        config.pop("search_space", None)
    return config


def _name(arm: Arm) -> str:
    return f"trial_{arm.number}"


def _words(reference: str) -> str:
    return "the book's rates" if reference == "book" else "no dropout"


def _ordinal(rank: int) -> str:
    return {1: "best", 2: "second", 3: "third"}.get(rank, f"{rank}th")
