"""What an extension trains: the best trials of a study, each with more epochs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from dropout_study.checks import check_whole
from dropout_study.confirmation.plan import best_of
from dropout_study.errors import UserError, argument_error
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.report.view import Arm, StudyView
from dropout_study.results.study import study_config
from dropout_study.task.job_files import JobFileError, JobFiles, trained_runs
from dropout_study.task.recorded import recorded_config
from dropout_study.task.shared_epochs import SharedEpochs, depends_on_epochs
from dropout_study.trial import Objective

EPOCHS = "trainer.epochs"
LAUNCHER = "hydra_plugins.dropout_study.population_launcher.PopulationLauncher"
"""As what the runs are trained, whatever the study's launcher was."""


@dataclass(frozen=True)
class Extended:
    """A run of a trial, with more epochs.

    Attributes:
        number: the trial's number in the study.
        source: the paths of the run in the study.
        paths: its own paths.
        config: its configuration.
        record: the record of the run in the study.
        objective: what the trial is judged by.
    """

    number: int
    source: JobPaths
    paths: JobPaths
    config: DictConfig
    record: dict[str, Any]
    objective: Objective

    @property
    def name(self) -> str:
        """Its directory within the extension's."""
        return str(self.paths.root.relative_to(self.paths.root.parents[self._depth]))

    @property
    def _depth(self) -> int:
        return 0 if self.paths.root.name == str(self.number) else 1

    def prepare(self) -> str:
        """Writes what Hydra would write of the job, and copies the state of the study's run.

        Returns:
            Why the run is trained from its beginning; an empty text if it is not.
        """
        hydra = OmegaConf.create(JobFiles(self.source).hydra(default={}))
        OmegaConf.update(hydra, "hydra.launcher._target_", LAUNCHER, force_add=True)
        for path, content in (
            (self.paths.config_yaml, self.config),
            (self.paths.overrides_yaml, OmegaConf.create(self._overrides())),
            (self.paths.hydra_yaml, hydra),
        ):
            with atomic_write(path) as temporary:
                OmegaConf.save(content, temporary)
        if self.paths.resume.is_file():
            return ""
        if depends_on_epochs(self.config):
            return "a schedule depends on the number of epochs"
        copied = SharedEpochs().take_over(self.source.root, self.paths.root)
        return "" if copied else "the study has not kept its state (trainer.resume=keep)"

    def _overrides(self) -> list[str]:
        given = JobFiles(self.source).overrides(default=[])
        others = [each for each in given if each.lstrip("+").partition("=")[0] != EPOCHS]
        return [*others, f"{EPOCHS}={self.config.trainer.epochs}"]


def plan_extension(view: StudyView, top: int, epochs: int) -> tuple[StudyPaths, list[Extended]]:
    """Returns the directory of the extension and its runs, those of the best trial first.

    The best are those of the highest objective, a validation metric; trials that differ only in
    their epochs count once.

    Raises:
        UserError: an argument cannot be used, or the study has nothing to extend.
    """
    check_whole("top", top, low=1)
    best_of(view)
    root = view.tables.root
    paths = StudyPaths(root / f"extended_{epochs}")
    runs = [
        run
        for arm in _distinct(view)[:top]
        for run in _runs_of(view, StudyPaths(root), arm, epochs, paths)
    ]
    with atomic_write(_made(paths).multirun_yaml) as temporary:
        config = OmegaConf.create(dict(study_config(StudyPaths(root))))
        OmegaConf.update(config, EPOCHS, epochs)
        OmegaConf.save(config, temporary)
    return paths, runs


def _made(paths: StudyPaths) -> StudyPaths:
    paths.root.mkdir(exist_ok=True)
    return paths


def _distinct(view: StudyView) -> list[Arm]:
    """Returns the configurations, the best first; of those that differ in epochs only the best."""
    names = [name for name in view.settings if name != EPOCHS]
    found: dict[tuple[str, ...], Arm] = {}
    for arm in view.top(len(view.complete)):
        row = arm.trials.iloc[0]
        found.setdefault(tuple(str(row[name]) for name in names), arm)
    return list(found.values())


def _runs_of(
    view: StudyView, study: StudyPaths, arm: Arm, epochs: int, extension: StudyPaths
) -> Iterator[Extended]:
    number = arm.number
    for source in trained_runs(study, number):
        files = JobFiles(source)
        try:
            config, record = recorded_config(files), files.metrics()
        except JobFileError as error:
            raise UserError(f"trial {number} cannot be extended: {error}") from error
        if not OmegaConf.is_dict(config.get("trainer")):
            raise UserError(f"{source.config_yaml} is not the configuration of a trial")
        if epochs <= config.trainer.epochs:
            rule = f"must be more than trial {number} has, {config.trainer.epochs}"
            raise argument_error("epochs", epochs, rule)
        with open_dict(config):
            config.trainer.epochs = epochs
            config.trainer.setdefault("resume", "epochs")
        replicate = source.root.name if source.root.parent.name.isdecimal() else ""
        own = JobPaths(Path(extension.job(number).root, replicate))
        yield Extended(number, source, own, config, record, view.objective.of_trial)
