"""The group ``hydra/sweeper/pruner``: Optuna's pruners with Optuna's own defaults, and two more.

The comment at each field describes it. A step is the step that the task reports, in this project a
completed epoch. A field without a default must be given. Any other class is used by
``pruner=custom`` and ``hydra.sweeper.pruner._target_``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from dropout_study.sweeper.confs.store import store


@dataclass
class NopPrunerConf:
    """``pruner=none``: every trial runs to its end."""

    _target_: str = "optuna.pruners.NopPruner"


@dataclass
class MedianPrunerConf:
    """``pruner=median``: stop a trial whose best value so far is below the others' median."""

    _target_: str = "optuna.pruners.MedianPruner"
    n_startup_trials: int = 5  # trials that finish before any is pruned
    n_warmup_steps: int = 0  # steps of each trial at which it is not pruned
    interval_steps: int = 1  # steps between two checks
    n_min_trials: int = 1  # other trials that must have reached a step to be compared at it


@dataclass
class PercentilePrunerConf:
    """``pruner=percentile``: stop a trial that is not among the best ``percentile`` %."""

    _target_: str = "optuna.pruners.PercentilePruner"
    percentile: float = MISSING  # of trials that go on at a step, 0 to 100: 25.0 keeps a quarter
    n_startup_trials: int = 5  # trials that finish before any is pruned
    n_warmup_steps: int = 0  # steps of each trial at which it is not pruned
    interval_steps: int = 1  # steps between two checks
    n_min_trials: int = 1  # other trials that must have reached a step to be compared at it


@dataclass
class SuccessiveHalvingPrunerConf:
    """``pruner=successive_halving``: at each rung the best 1/reduction_factor go on (ASHA).

    Rung k lies at min_resource * reduction_factor^(min_early_stopping_rate + k) steps (Li et al.
    2020, A System for Massively Parallel Hyperparameter Tuning).
    """

    _target_: str = "optuna.pruners.SuccessiveHalvingPruner"
    min_resource: int | str = "auto"  # steps to the first rung; auto: 1/100 of the first trial's
    reduction_factor: int = 4  # one in so many trials goes on from a rung
    min_early_stopping_rate: int = 0  # leave out that many of the lowest rungs
    bootstrap_count: int = 0  # trials that reach a rung before any goes on; not with auto


@dataclass
class PauseAndPromotePrunerConf:
    """``pruner=pause_and_promote``: at each rung all but the best 1/reduction_factor pause (ASHA).

    A paused trial waits. It is promoted, and continues, once it is among the best of its rung; so
    none is lost because few others had come so far. Rung k lies at min_resource *
    reduction_factor^k steps (Li et al. 2020, A System for Massively Parallel Hyperparameter
    Tuning). Trials that still wait when the study ends are pruned.
    """

    _target_: str = "dropout_study.search.pruners.promotion.PauseAndPromotePruner"
    min_resource: int = 1  # steps to the first rung
    reduction_factor: int = 4  # one in so many trials goes on from a rung
    max_resource: int | None = None  # steps of the longest trial: no rung there; null: not known


@dataclass
class LearningCurvePrunerConf:
    """``pruner=learning_curves``: stop a trial that will probably not end as the best.

    Its end is predicted from its own curve and from those of complete trials.
    """

    _target_: str = "dropout_study.search.pruners.learning_curves.LearningCurvePruner"
    min_chance: float = 0.05  # a trial with a smaller chance of beating the best is stopped
    n_startup_trials: int = 5  # trials that are complete before any is stopped, at least 5
    n_warmup_steps: int = 0  # steps of each trial at which it is not stopped


@dataclass
class HyperbandPrunerConf:
    """``pruner=hyperband``: successive halving with several first rungs (Li et al. 2018)."""

    _target_: str = "optuna.pruners.HyperbandPruner"
    min_resource: int = 1  # steps to the lowest rung
    max_resource: int | str = "auto"  # steps of the longest trial; auto: of the first complete one
    reduction_factor: int = 3  # one in so many trials goes on from a rung
    bootstrap_count: int = 0  # trials that reach a rung before any goes on; not with auto


@dataclass
class PatientPrunerConf:
    """``pruner=patient``: lets a trial go on while it improves, otherwise asks another pruner.

    ``hydra/sweeper/pruner@hydra.sweeper.pruner.wrapped_pruner=hyperband`` wraps another.
    """

    _target_: str = "optuna.pruners.PatientPruner"
    defaults: list[Any] = field(
        default_factory=lambda: ["_self_", {"/hydra/sweeper/pruner@wrapped_pruner": "median"}]
    )
    wrapped_pruner: Any = None  # the other pruner; null: stop a trial that does not improve
    patience: int = MISSING  # steps without improvement after which it is asked
    min_delta: float = 0.0  # a gain no greater than this is no improvement


@dataclass
class ThresholdPrunerConf:
    """``pruner=threshold``: stop a trial whose value leaves the bounds; give at least one bound."""

    _target_: str = "optuna.pruners.ThresholdPruner"
    lower: float | None = None  # a value below it stops the trial
    upper: float | None = None  # a value above it stops the trial
    n_warmup_steps: int = 0  # steps of each trial at which it is not pruned
    interval_steps: int = 1  # steps between two checks


@dataclass
class WilcoxonPrunerConf:
    """``pruner=wilcoxon``: stop a trial that a signed-rank test finds worse than the best.

    For values that are means over problem instances: a step is an instance, not an epoch.
    """

    _target_: str = "optuna.pruners.WilcoxonPruner"
    p_threshold: float = 0.1  # stop at p-values below it; a larger threshold stops more trials
    n_startup_steps: int = 2  # steps of each trial at which it is not pruned


PRUNERS = {
    "none": NopPrunerConf,
    "median": MedianPrunerConf,
    "percentile": PercentilePrunerConf,
    "successive_halving": SuccessiveHalvingPrunerConf,
    "pause_and_promote": PauseAndPromotePrunerConf,
    "learning_curves": LearningCurvePrunerConf,
    "hyperband": HyperbandPrunerConf,
    "patient": PatientPrunerConf,
    "threshold": ThresholdPrunerConf,
    "wilcoxon": WilcoxonPrunerConf,
}


def register_pruners() -> None:
    """Makes the options of ``hydra/sweeper/pruner`` known to Hydra."""
    other = {"_target_": MISSING}  # no fields: other classes have other arguments
    options: Mapping[str, type | Mapping[str, Any]] = {**PRUNERS, "custom": other}
    for name, conf in options.items():
        store("hydra/sweeper/pruner", name, conf)
