"""Trials of earlier studies, which a sampler learns from and which are no trials of its study."""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from dropout_study.search.internals import StorageView, on_storage, storage_of
from dropout_study.search.space import SearchSpace

EARLIER_ATTR = "warm_start"
"""Attribute of a study with the earlier trials; and of each of them, with where it comes from."""


@dataclass(frozen=True)
class EarlierTrial:
    """A complete trial of another study, as a point of the present search space.

    Attributes:
        source: the other study's directory and the trial's number there: "outputs/first/3".
        params: stored values of the present space.
        values: of the objectives.
    """

    source: str
    params: Mapping[str, Any]
    values: Sequence[float]


def recorded_earlier(study: optuna.Study) -> list[EarlierTrial] | None:
    """Returns the earlier trials that a study was begun with; None if none were recorded."""
    found = study.user_attrs.get(EARLIER_ATTR)
    return None if found is None else [EarlierTrial(**each) for each in found]


def record_earlier(study: optuna.Study, trials: Sequence[EarlierTrial]) -> None:
    """Records earlier trials with the study, so that it can resume when their own is gone."""
    study.set_user_attr(EARLIER_ATTR, [asdict(each) for each in trials])


def as_trials(earlier: Sequence[EarlierTrial], space: SearchSpace) -> list[FrozenTrial]:
    """Returns earlier trials as Optuna's; without those outside of ``space``, which may be newer.

    They have the number -1, Optuna's own for a trial of no study.
    """
    found: list[FrozenTrial] = []
    for each in earlier:
        with suppress(ValueError, KeyError):
            found.append(
                create_trial(
                    values=list(each.values),
                    params=dict(each.params),
                    distributions={name: space[name] for name in each.params},
                    user_attrs={EARLIER_ATTR: each.source},
                )
            )
    return found


def beside_own(study: optuna.Study, earlier: list[FrozenTrial]) -> optuna.Study:
    """Returns a view of ``study`` in which earlier trials come before its own."""
    return on_storage(study, _WithEarlier(storage_of(study), earlier))


class _WithEarlier(StorageView):
    """A storage that shows earlier trials before those of the study."""

    def __init__(self, storage: BaseStorage, earlier: list[FrozenTrial]) -> None:
        super().__init__(storage)
        self._earlier = earlier

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Returns the earlier trials, which are complete, then those of the study."""
        own = self._storage.get_all_trials(study_id, deepcopy=deepcopy, states=states)
        return [*(self._earlier if states is None or TrialState.COMPLETE in states else []), *own]
