"""The ways to run jobs: in this process, in worker processes, in waves of a Hydra launcher."""

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

from dropout_study.config.explain import explain
from dropout_study.errors import UserError
from dropout_study.sweeper.current import SourceTrial, use_trial
from dropout_study.sweeper.jobs import JobRunner
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.source import Assignment
from dropout_study.sweeper.study_source import StudySource
from dropout_study.sweeper.workers.pool import Event, Worker, WorkerPool
from dropout_study.sweeper.workers.shares import Ask, Broken, Jobs, Of, Share
from dropout_study.sweeper.workers.worker import (
    Began,
    Died,
    DiskFault,
    Ended,
    Report,
    Verdict,
    run_to_outcome,
)
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

TICK_S = 0.25
HELD_UP_S = 1.0
"""The sweep itself takes less for a round, unless its storage is slow or away."""


def run_here(source: StudySource, runner: JobRunner) -> None:
    """Runs one job after the other in this process, where a debugger works."""
    while jobs := source.ask(1):
        with use_trial(SourceTrial(jobs[0], source)):
            outcome = run_to_outcome(runner, jobs[0], source.settings.objectives)
        runner.restore_log()
        if outcome is None:
            source.release(jobs[0])
        else:
            source.end(jobs[0], outcome)


def run_in_workers(
    source: StudySource, pool: WorkerPool[Assignment], trial_timeout: float | None
) -> None:
    """Keeps every worker busy: a worker whose trial ends gets the next one at once."""
    while True:
        began = time.monotonic()
        for worker in pool.idle():
            jobs = source.ask(1)
            if not jobs:
                break
            worker.assign(jobs[0])
        if not pool.busy():
            return
        for event in pool.events(TICK_S):
            _handle(source, event)
        source.tick()
        if trial_timeout is not None:
            if (held_up := time.monotonic() - began) > HELD_UP_S:  # as were who waits for an answer
                for worker in pool.busy():
                    worker.excuse(held_up)
            _end_overdue(source, pool, trial_timeout)


def run_in_shares(source: StudySource, pool: WorkerPool[Share], most: int) -> None:
    """Lets a launcher in every worker take its jobs from ``source``, up to ``most`` at a time."""
    while True:
        for worker in pool.idle():
            jobs = source.ask(1)
            if not jobs:
                break
            worker.assign(Share(jobs, most))
        if not pool.busy():
            return
        for event in pool.events(TICK_S):
            _handle_share(source, event)
        source.tick()


def _handle_share(source: StudySource, event: Event[Share]) -> None:
    worker, share, message = event
    if isinstance(message, Ask):
        jobs = source.ask(share.room(message.count))
        share.jobs += jobs
        worker.answer(Jobs(jobs, source.stopping))
    elif isinstance(message, Of):
        if isinstance(message.message, Ended):
            share.jobs.remove(message.assignment)
        _handle(source, (worker, message.assignment, message.message))
    elif isinstance(message, Died):
        for job in share.jobs:
            source.lost(job, message.reason)
    elif isinstance(message, DiskFault):
        raise message.error
    elif isinstance(message, Broken):
        raise UserError(message.reason)
    # Ended: none of its jobs is left


def _handle(source: StudySource, event: tuple[Worker[Any], Assignment, Any]) -> None:
    worker, assignment, message = event
    if isinstance(message, Began):
        worker.began()
    elif isinstance(message, Report):
        goes_on = source.report(assignment, message.value, message.step)
        may_continue = not goes_on and source.may_continue(assignment)
        abandoned = not goes_on and source.abandons(assignment)
        worker.answer(Verdict(goes_on, abandoned, may_continue, source.stopping))
    elif isinstance(message, Died):
        source.lost(assignment, message.reason)
    elif isinstance(message, DiskFault):
        raise message.error
    elif message.outcome is None:
        source.release(assignment)
    else:
        source.end(assignment, message.outcome)


def _end_overdue(source: StudySource, pool: WorkerPool[Assignment], trial_timeout: float) -> None:
    for worker in _overdue(pool.busy(), trial_timeout):
        assignment = worker.assignment
        assert assignment is not None
        pool.kill(worker)
        reason = f"ended after hydra.sweeper.trial_timeout={trial_timeout:g} s"
        source.end(assignment, Outcome(TrialState.FAIL, error=reason))


def _overdue(
    workers: Sequence[Worker[Assignment]], trial_timeout: float
) -> list[Worker[Assignment]]:
    """Returns the workers whose job runs too long, except those with an unread message."""
    late = [worker for worker in workers if worker.seconds > trial_timeout]
    return [worker for worker in late if not (worker.is_lost() or worker.channel.poll())]


def run_in_waves(source: StudySource, launcher: Launcher, size: int) -> list[Sequence[JobReturn]]:
    """Gives a Hydra launcher ``size`` jobs at a time; returns what the launcher returned.

    A launcher numbers its jobs consecutively, so a wave with gaps (in a resumed study) or with
    replicates is launched in parts.
    """
    returns: list[Sequence[JobReturn]] = []
    while wave := source.ask(size):
        for part in _parts(wave):
            overrides = [job.overrides for job in part]
            try:
                jobs = launcher.launch(overrides, initial_job_idx=part[0].number)
            except Exception as error:  # e.g. a job was killed; the study goes on
                log.warning("the launcher has failed: %s", explain(error))
                for job in part:
                    source.lost(job, f"its launcher has failed: {explain(error)}")
                continue
            returns.append(jobs)
            for job, returned in zip(part, jobs, strict=True):
                source.tell(job, returned)
    return returns


def _parts(wave: Sequence[Assignment]) -> Iterator[list[Assignment]]:
    """Splits a wave into parts with consecutive numbers, one replicate after the other."""
    ordered = sorted(wave, key=lambda job: (job.replicate or 0, job.number))
    numbered = enumerate(ordered)
    for _, run in groupby(numbered, key=lambda it: (it[1].replicate, it[1].number - it[0])):
        yield [job for _, job in run]
