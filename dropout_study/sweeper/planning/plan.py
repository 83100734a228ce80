"""What a sweep searches, what it fixes, and what a job of it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from omegaconf import DictConfig
from optuna.distributions import BaseDistribution

from dropout_study.config.keys import dotted_keys, normal_key
from dropout_study.config.overrides import plain_value, to_override, to_text
from dropout_study.errors import UserError
from dropout_study.search.conditions import Condition
from dropout_study.search.priors import Prior
from dropout_study.search.space import Params
from dropout_study.sweeper.planning.parameters import Parameter, Setting, same


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep searches, and the overrides that all its jobs share.

    Attributes:
        entries: parameters, and overrides of all jobs, in the order of a job's overrides.
        conditions: the conditions of parameters that have one, in stored values.
        priors: the priors of parameters that have one.
    """

    entries: tuple[Parameter | str, ...]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    priors: Mapping[str, Prior] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The searched parameters by name."""
        return {entry.name: entry for entry in self.entries if isinstance(entry, Parameter)}

    @cached_property
    def space(self) -> dict[str, BaseDistribution]:
        """The distributions of the parameters."""
        return {name: parameter.distribution for name, parameter in self.parameters.items()}

    @property
    def fixed(self) -> list[str]:
        """The overrides that all jobs share."""
        return [entry for entry in self.entries if isinstance(entry, str)]

    @cached_property
    def owners(self) -> dict[str, Parameter]:
        """The parameter that gives each searched key its values."""
        return {key: each for each in self.parameters.values() for key in each.keys}

    def values(self, params: Params) -> dict[str, Any]:
        """Returns a job's values, by dotted key, for the stored values of its trial."""
        return {
            key: plain_value(setting.element)
            for name, stored in params.items()
            for key, setting in self._settings(name, stored).items()
        }

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """The choices that are stored in another form -> what jobs get for them, as a text."""
        found = {
            name: {
                str(stored): to_text(row[name].element)
                for stored, row in each.choices.items()
                if name in row and not same(row[name].element, stored)
            }
            for name, each in self.parameters.items()
        }
        return {name: texts for name, texts in found.items() if texts}

    def check_stored(self, params: Params, *, suggested: bool) -> None:
        """Checks the parameters of a trial that the storage gives: they become a job's overrides.

        Args:
            params: in stored values.
            suggested: whether a ``custom_search_space`` may have added parameters.

        Raises:
            UserError: one is not searched, or has a value that it cannot have.
        """
        for name, stored in params.items():
            known = self.parameters.get(name)
            if known is None and not suggested:
                raise UserError(f"the storage has a trial with `{name}`, which is not searched")
            if known is not None and known.choices and stored not in known.choices:
                raise UserError(f"the storage has a trial with `{name}={stored}`, no choice of it")

    def job_overrides(self, params: Params) -> list[str]:
        """Returns the overrides of one trial's job."""
        given: list[str] = []
        for entry in self.entries:
            if isinstance(entry, str):
                given.append(entry)
            elif entry.name in params:
                settings = entry.settings(params[entry.name])
                given += [setting.override for setting in settings.values()]
        suggested = (name for name in params if name not in self.parameters)
        return [*given, *(to_override(name, params[name]) for name in suggested)]

    def _settings(self, name: str, stored: Any) -> Mapping[str, Setting]:
        if name in self.parameters:
            return self.parameters[name].settings(stored)
        return {name: Setting(name, stored)}  # suggested by the user's `custom_search_space`

    def fit(self, point: Mapping[str, Any]) -> tuple[Params, list[str]]:
        """Returns a point in stored values, and a text for each value that had to be changed.

        A value outside of a range becomes the nearest one inside. If a value is none of the
        choices, the sampler chooses. A pinned parameter keeps its value.

        Raises:
            UserError: a value is not a number but the parameter has only numbers.
        """
        params: dict[str, Any] = {}
        moved: list[str] = []
        given: dict[str, dict[str, Any]] = {}
        for written, value in point.items():
            owner = self.owners.get(normal_key(written))
            if owner is None:
                continue
            if not owner.pinned:
                given.setdefault(owner.name, {})[normal_key(written)] = value
        for name, values in given.items():
            parameter = self.parameters[name]
            if found := parameter.stored(values):
                params[name] = found[0]
                continue
            was = ", ".join(f"{key} {value}" for key, value in values.items())
            try:
                params[name] = parameter.nearest(values)
                moved.append(f"{was} -> {params[name]}")
            except LookupError:
                moved.append(f"{was} -> as the sampler chooses")
        return params, moved


def config_keys(config: DictConfig) -> list[str]:
    """Returns the names that can be searched in ``config``: its groups and its dotted keys."""
    groups = map(str, config.hydra.runtime.choices)
    return [*groups, *dotted_keys(config)]
