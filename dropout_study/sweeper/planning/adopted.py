"""Takes over a study that another program has begun, e.g. a script with ``study.optimize``."""

import optuna
from optuna.trial import FrozenTrial

from dropout_study.search.identity import check_adopted
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.recorder import Recorder
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState


def adopt(
    study: optuna.Study, plan: SweepPlan, settings: SweepSettings, recorder: Recorder
) -> None:
    """Takes over the trials of a study: they count as trials of it and appear in the table.

    Raises:
        UserError: the trials cannot be compared with those of this sweep.
    """
    open_ended = settings.custom_search_space is not None
    check_adopted(study, plan.space, settings.directions, open_ended=open_ended)
    for trial in study.get_trials(deepcopy=False):
        if trial.state.is_finished():
            record_stored(trial, plan, settings, recorder)


def record_stored(
    trial: FrozenTrial, plan: SweepPlan, settings: SweepSettings, recorder: Recorder
) -> None:
    """Records an ended trial of which only the storage knows."""
    values = tuple(trial.values or ())
    named = dict(zip(settings.objectives, values, strict=False))
    metrics = {**trial.user_attrs, **named}
    outcome = Outcome(TrialState(trial.state.name), values, metrics=metrics)
    recorder.record(Assignment(trial.number, [], plan.values(trial.params)), outcome)
