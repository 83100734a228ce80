"""The table while a study grows: as if it were made from scratch after every step."""

import json
import multiprocessing
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_study import Params, sampled, write_trial

from dropout_study.paths import StudyPaths
from dropout_study.results import live_table
from dropout_study.results.live_table import ResultsTable
from dropout_study.results.table import write_results


def add(root: Path, number: int, state: str = "COMPLETE", params: Params | None = None) -> None:
    write_trial(root, number, state, sampled(number) if params is None else params, 0, {})


def from_scratch(root: Path) -> bytes:
    kept = (root / "results.csv").read_bytes()
    made = write_results(root).read_bytes()
    (root / "results.csv").write_bytes(kept)
    return made


def start(root: Path, draw: random.Random) -> None:
    number = draw.randrange(40)
    if not (root / str(number)).exists():
        extra = {"model.extra": "a"} if draw.random() < 0.2 else {}
        add(root, number, "RUNNING", {**sampled(number), **extra})


def finish(root: Path, draw: random.Random) -> None:
    jobs = StudyPaths(root).jobs()
    running = [number for number, job in jobs if not job.metrics_json.exists()]
    if running:
        number = draw.choice(running)
        shutil.rmtree(root / str(number))
        state = draw.choice(["COMPLETE", "PRUNED", "FAIL"])
        more = draw.choice([{}, {"optimizer.momentum": 0.5}, {"model.extra": 'b,"c"'}])
        add(root, number, state, {**sampled(number), **more})


def remove(root: Path, draw: random.Random) -> None:
    if numbers := StudyPaths(root).numbers()[1:]:
        shutil.rmtree(root / str(draw.choice(numbers)))


def retry(root: Path, _: random.Random) -> None:
    for _number, job in StudyPaths(root).jobs():
        if '"FAIL"' in (job.metrics_json.read_text() if job.metrics_json.exists() else ""):
            job.metrics_json.unlink()


def nothing(root: Path, _: random.Random) -> None:
    (root / "results.csv").unlink(missing_ok=True)


STEPS: list[Callable[[Path, random.Random], None]] = [start, start, finish, remove, retry, nothing]


@pytest.mark.parametrize("seed", range(5))
def test_an_update_writes_what_is_written_from_scratch(tmp_path, seed):
    draw = random.Random(seed)
    add(tmp_path, 3)
    table = ResultsTable(tmp_path)
    for _ in range(40):
        draw.choice(STEPS)(tmp_path, draw)
        assert table.update().read_bytes() == from_scratch(tmp_path)


def edit(root: Path, draw: random.Random) -> None:
    _, job = draw.choice(StudyPaths(root).jobs())
    if job.metrics_json.exists() and job.metrics_json.read_text() != "{":
        record = json.loads(job.metrics_json.read_text())
        job.metrics_json.write_text(json.dumps({**record, "value": draw.random(), "note": "new"}))


def damage(root: Path, draw: random.Random) -> None:
    _, job = draw.choice(StudyPaths(root).jobs())
    job.metrics_json.write_text("{")


def test_finished_trials_that_somebody_edits_are_noticed_in_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(live_table, "ROUNDS", 1)
    draw = random.Random(0)
    add(tmp_path, 3)
    table = ResultsTable(tmp_path)
    for _ in range(60):
        draw.choice([*STEPS, edit, damage])(tmp_path, draw)
        assert table.update().read_bytes() == from_scratch(tmp_path)


def test_a_new_trial_costs_reading_that_trial_alone(tmp_path, monkeypatch):
    for number in range(20):
        add(tmp_path, number)
    table = ResultsTable(tmp_path)
    table.update()
    read: list[int] = []
    original = live_table.read_record
    monkeypatch.setattr(
        live_table,
        "read_record",
        lambda number, job: (read.append(number), original(number, job))[1],
    )
    add(tmp_path, 20)
    add(tmp_path, 21, "RUNNING")
    table.update()
    table.update()
    assert read == [20, 21]


def keep_updating(root: Path, first: int) -> None:
    table = ResultsTable(root)
    for number in range(first, first + 10):
        add(root, number)
        table.update()


def test_processes_that_write_one_table_lose_no_trial(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=keep_updating, args=(tmp_path, first)) for first in (0, 10, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["trial", *map(str, range(30))]


def test_a_full_disk_leaves_the_old_table_and_no_other_file(tmp_path, monkeypatch):
    add(tmp_path, 0)
    table = ResultsTable(tmp_path)
    old = table.update().read_bytes()
    add(tmp_path, 1)
    write = Path.write_bytes

    def full_disk(path: Path, data: bytes) -> int:
        write(path, data[:50])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full_disk)
        with pytest.raises(OSError, match="No space left"):
            table.update()
    assert (tmp_path / "results.csv").read_bytes() == old
    assert not list(tmp_path.glob(".results.csv*"))
    assert table.update().read_bytes() == from_scratch(tmp_path) != old


def test_a_study_that_is_removed_is_an_error_and_does_not_come_back(tmp_path):
    root = tmp_path / "study"
    root.mkdir()
    add(root, 0)
    table = ResultsTable(root)
    table.update()
    shutil.rmtree(root)
    with pytest.raises(FileNotFoundError):
        table.update()
    assert not root.exists()
