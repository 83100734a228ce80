"""Processes on one study as on several machines: no common disk, one real server."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from faulty_study import FaultyStudy, ended

SERVERS = [
    pytest.param("POSTGRES", marks=pytest.mark.postgres),
    pytest.param("MYSQL", marks=pytest.mark.mysql),
]


@dataclass
class Server:
    """A database server, which other processes of the test reach by ``url``."""

    kind: str
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = os.environ[f"DROPOUT_STUDY_{self.kind}"]

    @property
    def password(self) -> str:
        return self.url.partition("://")[2].partition("@")[0].partition(":")[2]

    def control(self, word: str) -> None:
        program = os.environ[f"DROPOUT_STUDY_{self.kind}_CONTROL"]
        subprocess.run([program, word], check=True, timeout=120, stdout=subprocess.DEVNULL)


class Machines:
    """A study whose processes have no common disk."""

    def __init__(self, root: Path, *overrides: str, count: int) -> None:
        name = f"study-{uuid4().hex[:8]}"
        given = (*overrides, f"hydra.sweeper.study_name={name}", "hydra.sweeper.n_jobs=1")
        self.studies = [
            FaultyStudy(root / f"machine{i}" / name, *given, url="${oc.env:STUDY_URL}")
            for i in range(count)
        ]
        for study in self.studies:
            study.paths.root.parent.mkdir()

    def start(self) -> list[subprocess.Popen[str]]:
        return [study.start() for study in self.studies]

    def check_same(self, n_trials: int) -> None:
        """The whole study is on each machine: none twice, none lost, the same table."""
        tables = {study.paths.results_csv.read_bytes() for study in self.studies}
        best = {study.paths.optimization_results_yaml.read_bytes() for study in self.studies}
        assert (len(tables), len(best)) == (1, 1)
        for study in self.studies:
            assert study.column("trial") == [str(number) for number in range(n_trials)]
            assert set(study.column("state")) == {"COMPLETE"}
            for number in range(n_trials):
                assert study.paths.job(number).config_yaml.is_file()

    @property
    def logs(self) -> list[Path]:
        """Where the trials of each machine say that they begin."""
        return [study.paths.workers_log for study in self.studies]

    @property
    def begun(self) -> list[int]:
        """The numbers of the trials that were begun, each as often as it was."""
        lines = [
            line for log in self.logs if log.is_file() for line in log.read_text().splitlines()
        ]
        return sorted(int(line.split()[1]) for line in lines)


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    ends = [ended(process) for process in processes]
    assert [code for code, _ in ends] == [0] * len(ends), ends
    return [printed for _, printed in ends]
