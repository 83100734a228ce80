"""Studies on Optuna's storages: open, ask, tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import distribution_to_json
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState as OptunaState

from dropout_study.errors import UserError
from dropout_study.search.space import Params, SearchSpace

SPACE_ATTR = "search_space"


def open_storage(storage: str | None, journal: Path) -> BaseStorage | str:
    """Returns the storage at a database URL, or the journal file of the study's directory."""
    return storage if storage else JournalStorage(JournalFileBackend(str(journal)))


def open_study(
    *,
    storage: BaseStorage | str,
    name: str,
    direction: Literal["maximize", "minimize"],
    sampler: BaseSampler,
    space: SearchSpace,
) -> optuna.Study:
    """Creates the study, or opens it if it exists and searched the same space.

    Raises:
        UserError: the study exists with another search space.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction=direction,
        sampler=sampler,
        load_if_exists=True,
    )
    texts = {key: distribution_to_json(distribution) for key, distribution in space.items()}
    before = study.user_attrs.get(SPACE_ATTR)
    if before is None:
        study.set_user_attr(SPACE_ATTR, texts)
    elif before != texts:
        changed = sorted(k for k in {*before, *texts} if before.get(k) != texts.get(k))
        raise UserError(
            f"study `{name}` has searched another space: {', '.join(changed)} differ; give this "
            "sweep its own name with hydra.sweeper.study_name=NAME, or use the old search space"
        )
    return study


def finished(study: optuna.Study) -> int:
    """Returns how many trials are over, whatever their end."""
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def enqueue_new(study: optuna.Study, points: Sequence[Params]) -> None:
    """Enqueues the points that the study has not been given yet."""
    for point in points:
        study.enqueue_trial(dict(point), skip_if_exists=True)


def ask(study: optuna.Study, space: SearchSpace) -> tuple[optuna.Trial, dict[str, Any]]:
    """Returns a new trial and its params, in the order of ``space``."""
    trial = study.ask(fixed_distributions=dict(space))
    return trial, {key: trial.params[key] for key in space}


def tell(study: optuna.Study, trial: optuna.Trial, value: float | None, error: str) -> None:
    """Ends a trial: COMPLETE with its value, or FAIL with the reason."""
    if error:
        trial.set_user_attr("error", error)
        study.tell(trial, state=OptunaState.FAIL)
    else:
        study.tell(trial, value)


def best_trial(study: optuna.Study) -> optuna.trial.FrozenTrial | None:
    """Returns the trial with the best value, or None before the first is complete."""
    try:
        return study.best_trial
    except ValueError:
        return None
