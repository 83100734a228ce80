"""A disk that is full, read-only or emptied in mid-sweep: said clearly, and the study goes on."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, children, ended, wait_until


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can be mounted by root alone")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def resumed(study: FaultyStudy, n_trials: int) -> None:
    code, printed = study.run()
    assert code == 0, printed
    assert study.column("state") == ["COMPLETE"] * n_trials
    assert [trial.state.name for trial in study.trials()] == ["COMPLETE"] * n_trials


@pytest.mark.parametrize("count", [1, 2], ids=["alone", "shared"])
def test_a_full_disk(small_disk: Path, count: int):
    study = FaultyStudy(small_disk / "study", "hydra.sweeper.n_trials=10", "epoch_s=0.1")
    processes = [study.start() for _ in range(count)]
    wait_until((study.paths.job(2).root / "app.log").exists, "the third trial")
    ballast = small_disk / "ballast"
    fill(ballast)
    for code, printed in map(ended, processes):
        assert code == 1, printed
        assert "the study cannot go on: [Errno 28] No space left on device" in printed
        assert "resume with: python" in printed
        assert "app.py --multirun" in printed
        assert "Traceback" not in printed
    assert not any(trial.state.name == "FAIL" for trial in study.trials())
    ballast.unlink()
    resumed(study, 10)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)


def test_a_directory_that_becomes_read_only(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=6", "epoch_s=0.02")
    process = study.start()
    wait_until((study.paths.job(2).root / "app.log").exists, "the third trial")
    frozen = [str(study.paths.root), str(study.paths.journal)]
    change = subprocess.run(["chattr", "+i", *frozen], check=False, capture_output=True)
    try:
        code, printed = ended(process)
    finally:
        subprocess.run(["chattr", "-i", *frozen], check=False, capture_output=True)
    if change.returncode:
        pytest.skip("only root, on some file systems, can freeze a directory against root")
    assert code == 1, printed
    assert "the study cannot go on: [Errno 1] Operation not permitted" in printed
    assert "resume with: python" in printed
    assert "app.py --multirun" in printed
    assert "Traceback" not in printed
    resumed(study, 6)


def test_a_directory_that_is_removed(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=6", "epoch_s=0.02")
    process = study.start()
    wait_until((study.paths.job(2).root / "app.log").exists, "the third trial")
    study.paths.root.rename(tmp_path / "moved")
    code, printed = ended(process)
    assert code == 1, printed
    assert "the study cannot go on: [Errno 2] No such file or directory" in printed
    assert "Traceback" not in printed
    assert children(process) == []
    if study.paths.root.exists():  # made again by a job that was beginning
        shutil.rmtree(study.paths.root)
    (tmp_path / "moved").rename(study.paths.root)
    resumed(study, 6)


def test_a_table_that_is_deleted_open_elsewhere_or_in_the_way(tmp_path: Path):
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=8", "epoch_s=0.02")
    table = study.paths.results_csv
    process = study.start()
    wait_until(table.exists, "the table")
    with table.open() as reader:
        table.unlink()
        wait_until(table.exists, "the table again")
        assert reader.read().startswith("trial,state")
    table.rename(tmp_path / "taken")
    table.mkdir()
    (table / "in the way").touch()
    wait_until((study.paths.job(5).root / "app.log").exists, "further trials")
    shutil.rmtree(table)
    code, printed = ended(process)
    assert code == 0, printed
    assert "the table is not written (it is made again after the next trial)" in printed
    assert study.column("state") == ["COMPLETE"] * 8
