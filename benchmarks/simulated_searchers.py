"""Searchers for a simulated clock: this project's own, plain Optuna, and those of other programs.

A space is given in this project's words: dotted key -> choice(...), int(interval(...)), ...
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from hydra import compose, initialize
from hydra.core.global_hydra import GlobalHydra
from optuna.distributions import BaseDistribution
from simulated import Job

from dropout_study.paths import StudyPaths
from dropout_study.search.asktell import AskTell
from dropout_study.search.conditions import suggest
from dropout_study.search.lease import Lease
from dropout_study.search.shared.files import SharedFiles
from dropout_study.search.study import create_study
from dropout_study.sweeper.display.live import SweepDisplay
from dropout_study.sweeper.ended_trials import EndedTrials
from dropout_study.sweeper.open_trials import OpenTrials, jobs_of
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.planning.planned import plan_sweep
from dropout_study.sweeper.samplers import SeededByTrial, build_pruner
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.source import Assignment
from dropout_study.sweeper.study_source import StudySource
from dropout_study.trial import TrialState

Space = Mapping[str, str]
MANY = 1_000_000  # trials: more than any budget allows


class NoFiles:
    """A ``Recorder`` for trials without job directories."""

    def begin(self, job: Assignment) -> None: ...
    def record(self, job: Assignment, outcome: Outcome) -> None: ...
    def copy(
        self, number: int, params: Mapping[str, Any], twin: int, state: TrialState
    ) -> None: ...
    def update(self) -> None: ...
    def merge(self, number: int, runs: Sequence[Assignment]) -> Outcome:
        raise NotImplementedError  # of replicates, which these searches do not have


class Ours:
    """A study as ``hydra/sweeper=optuna_study`` runs it, without files.

    Args:
        space: what is searched.
        overrides: of Hydra's configuration, as on the command line.
        storage: of the study; None for one in memory.
    """

    def __init__(
        self, space: Space, *overrides: str, storage: optuna.storages.BaseStorage | None = None
    ) -> None:
        settings, plan = settings_of(overrides), plan_of(tuple(space.items()))
        study, _ = create_study(
            storage or optuna.storages.InMemoryStorage(),
            f"simulated {uuid4().hex[:8]}",
            settings.directions,
            SeededByTrial(settings.sampler, plan.space),
            build_pruner(settings.pruner),
        )
        with tempfile.NamedTemporaryFile() as lock:
            asktell = AskTell(
                study,
                n_trials=settings.n_trials,
                suggest=lambda trial: suggest(trial, plan.space, {}, {}),
                lease=Lease(study),
                lock=Path(lock.name),
            )
        display = SweepDisplay.of(study, settings, None, asktell.budget, lambda _: None)
        files = NoFiles()
        ended = EndedTrials(
            asktell,
            settings,
            plan,
            constraints=(),
            callbacks=(),
            recorder=files,
            display=display,
            shared=SharedFiles(study, StudyPaths(Path()), used=False),
        )
        jobs = partial(jobs_of, plan=plan, settings=settings, base_seed=0)
        self.source = StudySource(
            asktell,
            settings,
            trials=OpenTrials(jobs),
            ended=ended,
            recorder=files,
            display=display,
        )
        self._steps: dict[int, int] = {}  # of the trials that have reported, to be continued

    def ask(self) -> Job | None:
        if not (jobs := self.source.ask(1)):
            return None
        return Job(jobs[0].params, jobs[0], self._steps.get(jobs[0].number, 0))

    def report(self, job: Job, value: float, step: int) -> bool:
        self._steps[job.key.number] = step
        return self.source.report(job.key, value, step)

    def end(self, job: Job, value: float, *, pruned: bool) -> None:
        state = TrialState.PRUNED if pruned else TrialState.COMPLETE
        self.source.end(job.key, Outcome(state, (value,)))


def settings_of(overrides: Sequence[str]) -> SweepSettings:
    """Returns the sweeper's settings for overrides of a command line."""
    logging.getLogger("dropout_study").setLevel(logging.WARNING)
    with initialize(config_path=None, version_base="1.3"):
        given = ["hydra/sweeper=optuna_study", f"hydra.sweeper.n_trials={MANY}", *overrides]
        return SweepSettings.from_config(compose(overrides=given, return_hydra_config=True))


@cache
def plan_of(space: tuple[tuple[str, str], ...]) -> SweepPlan:
    """Returns the plan of a sweep that searches ``space``."""
    with initialize(config_path=None, version_base="1.3"):
        return plan_sweep(dict(space), [], GlobalHydra.instance().config_loader())


class PlainOptuna:
    """``study.ask`` and ``study.tell``.

    Args:
        space: what is searched.
        sampler: of the study.
        pruner: of the study.
        direction: of the study.
    """

    def __init__(
        self,
        space: Space,
        sampler: optuna.samplers.BaseSampler,
        pruner: optuna.pruners.BasePruner | None = None,
        direction: str = "minimize",
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(sampler=sampler, pruner=pruner, direction=direction)
        self._space: dict[str, BaseDistribution] = plan_of(tuple(space.items())).space

    def ask(self) -> Job:
        trial = self.study.ask(self._space)
        return Job(trial.params, trial)

    def report(self, job: Job, value: float, step: int) -> bool:
        job.key.report(value, step)
        return not job.key.should_prune()

    def end(self, job: Job, value: float, *, pruned: bool) -> None:
        state = optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE
        self.study.tell(job.key, None if pruned else value, state)


class OtherProgram:
    """A searcher in another environment: ``simulated_peer.py``, told by lines of JSON.

    Args:
        python: of the other environment.
        name: of the searcher.
        space: what is searched: whole numbers from low to high, or texts.
        seed: of the searcher.
        trials: about how many will be run.

    Attributes:
        seconds: that its process has used of a processor.
    """

    def __init__(
        self,
        python: Path,
        name: str,
        space: Mapping[str, Sequence[Any]],
        seed: int,
        trials: int,
    ) -> None:
        script = Path(__file__).with_name("simulated_peer.py")
        self._process = subprocess.Popen(
            [str(python), str(script), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send({"space": space, "seed": seed, "trials": trials})

    def _send(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        if not (line := self._process.stdout.readline()):
            sys.exit(f"{' '.join(self._process.args)} has ended, its error stands above")
        answer: dict[str, Any] = json.loads(line)
        self.seconds = answer["seconds"]
        return answer

    def ask(self) -> Job:
        asked = self._send({"do": "ask"})
        return Job(asked["params"], asked["key"])

    def report(self, job: Job, value: float, step: int) -> bool:
        raise NotImplementedError  # it is told ends alone

    def end(self, job: Job, value: float, *, pruned: bool) -> None:
        self._send({"do": "tell", "key": job.key, "value": value})

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
