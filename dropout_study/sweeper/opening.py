"""Opens the study of a sweep: a new one, one that resumes, or one that was made elsewhere."""

import logging
from collections.abc import Sequence
from functools import partial
from shutil import rmtree

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage

from dropout_study.config.keys import normal_key
from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.search.earlier import EarlierTrial, record_earlier, recorded_earlier
from dropout_study.search.identity import (
    IDENTITY_ATTR,
    await_identity,
    check_identity,
    record_identity,
)
from dropout_study.search.lease import Lease, is_used
from dropout_study.search.storage.lock import locked
from dropout_study.search.storage.open import open_storage
from dropout_study.search.study import create_study, enqueue_new, has_result
from dropout_study.sweeper.directory import check_owner
from dropout_study.sweeper.planning.adopted import adopt
from dropout_study.sweeper.planning.prepare import Prepared
from dropout_study.sweeper.planning.warm_start import earlier_trials
from dropout_study.sweeper.recorder import Recorder
from dropout_study.sweeper.samplers import SeededByTrial

log = logging.getLogger(__name__)


def open_study(
    url: str | None,
    ready: Prepared,
    sampler: SeededByTrial,
    pruner: BasePruner,
    paths: StudyPaths,
    recorder: Recorder,
    saved: DictConfig,
    earlier: Sequence[EarlierTrial] | None = None,
) -> tuple[optuna.Study, Lease]:
    """Creates or opens the study, checks that it is the same one, and enqueues its first points.

    Args:
        url: the storage's URL; None for a journal in the study's directory.
        ready: the sweep, planned and checked.
        sampler: the study's sampler.
        pruner: the study's pruner.
        paths: the paths of the study's directory.
        recorder: records the trials of a study that was made elsewhere.
        saved: the configuration for ``multirun.yaml``, which says whose the directory is.
        earlier: the trials of ``hydra.sweeper.warm_start``, if they have been read.

    Returns:
        The study, and this process's registration with it.

    Raises:
        UserError: the study was begun with other settings, or has another directory.
    """
    settings = ready.settings
    with locked(paths.study_lock):  # only one of several processes may create it
        storage = open_storage(url, paths.journal, wait_s=settings.storage_timeout)
        create = partial(
            create_study,
            storage,
            settings.study_name or paths.root.name,
            settings.directions,
            sampler,
            pruner,
        )
        study, created = create()
        check_owner(study, paths)
        if not created:
            await_identity(study)
        if IDENTITY_ATTR not in study.user_attrs:
            adopt(study, ready.plan, settings, recorder)
        identity = ready.identity()
        check = partial(
            check_identity,
            now=identity,
            extend=settings.on_change == "extend",
            may_change=[normal_key(key) for key in settings.may_change],
        )
        try:
            check(study)
        except UserError:
            if has_result(study) or is_used(study):
                raise
            _forget(study, storage, paths)
            study, _ = create()
            check(study)
        if settings.warm_start:
            sampler.learn_from(_earlier(study, ready, paths, earlier))
        enqueue_new(study, ready.first)
        lease = Lease(study)
        record_identity(study, identity)  # now processes on other machines go on, too
        with atomic_write(paths.multirun_yaml) as temporary:
            OmegaConf.save(saved, temporary)
    done = sum(t.state.is_finished() for t in study.get_trials(deepcopy=False))
    if done:
        name, total = study.study_name, settings.n_trials
        log.info("study `%s` resumes: %d of %d trials are finished", name, done, total)
    else:
        log.info("study `%s` begins: %s", study.study_name, settings.aim)
    return study, lease


def _forget(study: optuna.Study, storage: BaseStorage, paths: StudyPaths) -> None:
    """Removes a study without a result, and the directories of its failed trials."""
    name, count = study.study_name, len(study.get_trials(deepcopy=False))
    optuna.delete_study(study_name=name, storage=storage)
    for number in range(count):
        rmtree(paths.job(number).root, ignore_errors=True)
    log.info("study `%s` has no result yet: it begins again with the new settings", name)


def _earlier(
    study: optuna.Study, ready: Prepared, paths: StudyPaths, given: Sequence[EarlierTrial] | None
) -> Sequence[EarlierTrial]:
    """Returns the earlier trials that the study was begun with; records them in a new study.

    A study that resumes has those of its beginning, also where the earlier studies have changed.
    """
    known = recorded_earlier(study)
    if known is None:
        known = list(earlier_trials(ready, paths.root) if given is None else given)
        record_earlier(study, known)
    log.info("warm start: the sampler learns from %d trials of earlier studies", len(known))
    return known
