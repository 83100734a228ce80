"""What is needed to repeat a study: commands, seeds, versions, commit, device and data."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.report.language import say
from dropout_study.report.view import StudyView
from dropout_study.search.storage.urls import masked
from dropout_study.task.job_files import JobFileError, JobFiles, recorded_data, trained_runs

UNKNOWN = "not recorded"
SWEEP_ONLY = ("hydra.mode=",)


def reproduction(view: StudyView) -> list[tuple[str, str]]:
    """Returns what is needed to repeat the study, as (name, text) in the order of the page."""
    paths = StudyPaths(view.tables.root)
    first = view.best.number if view.best else int(view.trials["trial"].iloc[0])
    numbers = [first, *paths.numbers()]
    rows = [("the study", sweep_command(view.tables.config))]
    if view.best is not None:
        rows += [
            (say("its best trial, {name}", name=name), command)
            for name, command in _best(paths, first)
        ]
    rows.append(("this report", f"dropout-study-report {shlex.quote(str(paths.root))}"))
    rows.append(("started in", _started_in(view.tables.config)))
    return [*rows, *_seeds(view), *_environment(paths, numbers)]


def sweep_command(config: Mapping[str, Any]) -> str:
    """Returns the command of the sweep, from the overrides that Hydra recorded."""
    try:
        given = config["hydra"]["overrides"]
        overrides = [*given["task"], *given["hydra"]]
    except (KeyError, TypeError):
        return UNKNOWN
    overrides = [o for o in overrides if not o.startswith(SWEEP_ONLY)]
    return _command([*_config_options(config), "--multirun", *overrides])


def _best(paths: StudyPaths, number: int) -> Iterator[tuple[str, str]]:
    """Yields the name and the command of each run that a trial's numbers come from."""
    try:
        runs = trained_runs(paths, number)
    except JobFileError:
        runs = [paths.job(number)]
    for job in runs:
        yield str(job.root.relative_to(paths.root)), trial_command(job)


def trial_command(job: JobPaths) -> str:
    """Returns the command that trains one trial alone."""
    files = JobFiles(job)
    try:
        overrides = files.overrides()
    except JobFileError:
        return UNKNOWN
    return _threads(files) + _command([*_config_options(files.hydra(default={})), *overrides])


def _threads(files: JobFiles) -> str:
    """Returns the assignment for the same number of threads: it changes the order of sums."""
    on_cpu = str(files.provenance(default={}).get("device")).startswith("cpu")
    threads = files.threads()
    return f"OMP_NUM_THREADS={threads} " if on_cpu and threads else ""


def _config_options(config: Any) -> list[str]:
    """Returns the ``--config-dir`` and ``--config-name`` of the command, from Hydra's record.

    A directory below the working directory of the command is given relative to it.
    """
    try:
        runtime, name = config["hydra"]["runtime"], config["hydra"]["job"]["config_name"]
        sources, start = runtime["config_sources"], runtime["cwd"]
        given = [Path(s["path"]) for s in sources if s["provider"] == "command-line"]
    except (KeyError, TypeError):
        return []
    options = [] if name in (None, "config") else ["--config-name", str(name)]
    for path in given:
        near = path.relative_to(start) if path.is_relative_to(start) else path
        options += ["--config-dir", str(near)]
    return options


def _started_in(config: Mapping[str, Any]) -> str:
    hydra = config.get("hydra")
    return _get(hydra.get("runtime") if isinstance(hydra, dict) else None, "cwd")


def _command(words: list[str]) -> str:
    """Returns the words quoted for a shell, with the password of a storage URL masked."""
    return shlex.join(["dropout-study", *map(masked, words)])


def _seeds(view: StudyView) -> list[tuple[str, str]]:
    config = view.tables.config
    data, hydra = config.get("data"), config.get("hydra")
    sweeper = hydra.get("sweeper") if isinstance(hydra, dict) else None
    sampler = sweeper.get("sampler") if isinstance(sweeper, dict) else None
    return [
        ("seeds of the trials", ", ".join(map(str, sorted(view.seeds))) or UNKNOWN),
        ("seed of the splits", _get(data, "split_seed")),
        ("seed of the sampler", _get(sampler, "seed")),
    ]


def _get(node: Any, key: str) -> str:
    return str(node[key]) if isinstance(node, dict) and key in node else UNKNOWN


def _environment(paths: StudyPaths, numbers: list[int]) -> list[tuple[str, str]]:
    """Returns the rows on what the first run that has recorded it was trained with."""
    found = next(recorded_data(paths, numbers), None)
    facts = found[0].provenance() if found else {}
    data = found[1] if found else None
    packages = facts.get("packages")
    given = packages if isinstance(packages, dict) else {}
    rows = [("python", facts.get("python"))]
    rows += [("packages", ", ".join(f"{name} {version}" for name, version in given.items()))]
    rows += [(key, facts.get(key)) for key in ("commit", "device", "platform")]
    sizes = data and say(
        "{train:,} train, {val:,} validation, {test:,} test",
        train=data.train,
        val=data.val,
        test=data.test,
    )
    rows += [("images", sizes), ("SHA-256 of the images and labels", data and data.sha256)]
    return [(name, str(text) if text else UNKNOWN) for name, text in rows]
