"""``dropout-study-rerun DIR N``: a trial repeated from its directory."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from command_line import SMALL, run_command

from dropout_study.cli.rerun import rerun as rerun_command
from dropout_study.cli.train import main
from dropout_study.errors import UserError
from dropout_study.task.rerun import rerun_trial

CONFIG = ".hydra/config.yaml"


@pytest.fixture(scope="module")
def grids() -> list[Path]:
    """The grid that the first test makes and the others copy."""
    return []


@pytest.fixture
def study(grids, tmp_path, tmp_path_factory, monkeypatch, capfd) -> Path:
    """A grid of three: two trials that end and one that diverges."""
    if not grids:
        grid = tmp_path_factory.mktemp("made") / "grid"
        words = ["hydra/sweeper=basic", f"hydra.sweep.dir={grid}", "optimizer.lr=0.5,0.1,1e9"]
        run_command(main, ["--multirun", *words, *SMALL], capfd)
        states = [json.loads((grid / f"{n}/metrics.json").read_text())["state"] for n in range(3)]
        assert states == ["COMPLETE", "COMPLETE", "FAIL"]
        grids.append(grid)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(grids[0], "grid")
    return Path("grid")


@pytest.fixture
def rerun(capfd):
    return lambda *words: run_command(rerun_command, list(map(str, words)), capfd)


def change(study: Path, number: int, **values) -> None:
    edit(study / str(number) / "metrics.json", **values)


def edit(path: Path, **values) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def files(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_trial_is_repeated_to_the_last_digit_whatever_its_end(study, rerun, number):
    before = files(study)
    ended = rerun(study, number)
    assert (ended.out, ended.code) == (f"trial {number}: same\n", 0), ended.err
    assert files(study) == before


def test_a_pruned_trial_is_repeated_as_far_as_it_ran(study, rerun):
    """Of two epochs, one: as a pruner leaves it."""
    history = study / "1" / "history.csv"
    head, first, _ = history.read_text().splitlines()
    history.write_text(f"{head}\n{first}\n")
    row = dict(zip(head.split(","), first.split(","), strict=True))
    names = [n for n in row if n not in ("epoch", "seconds")]
    change(
        study,
        1,
        **{"state": "PRUNED", "epochs_run": 1, "best_epoch": 1, "images": 384},
        **{name: float(row[name]) for name in names},
        value=float(row["val_accuracy"]),
    )
    assert rerun(study, 1).out == "trial 1: same\n"


def test_other_numbers_are_shown_with_what_else_differs(study, rerun):
    change(study, 0, test_accuracy=0.125)
    provenance = study / "0" / "provenance.json"
    facts = json.loads(provenance.read_text())
    facts["packages"]["torch"] = "1.0"
    provenance.write_text(json.dumps(facts))
    ended = rerun(study, 0)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == "trial 0: different"
    assert lines[1].startswith("  test_accuracy: recorded 0.125, now ")
    assert lines[2].startswith("  packages.torch: recorded 1.0, now 2.")
    assert len(lines) == 3


def test_a_member_of_a_population_is_the_same_up_to_rounding(study, rerun):
    record = json.loads((study / "0" / "metrics.json").read_text())
    change(study, 0, train_loss=record["train_loss"] * (1 + 1e-7))
    assert rerun(study, 0).code == 1
    hydra = study / "0" / ".hydra" / "hydra.yaml"
    text = hydra.read_text()
    assert "hydra._internal.core_plugins.basic_launcher.BasicLauncher" in text
    hydra.write_text(text.replace("basic_launcher.BasicLauncher", "x.PopulationLauncher"))
    ended = rerun(study, 0)
    assert (ended.code, ended.out.split(" (")[0]) == (0, "trial 0: same up to rounding")
    change(study, 0, test_accuracy=0.125)
    assert rerun(study, 0).code == 1


def test_an_epoch_that_differs_is_named(study, rerun):
    history = study / "0" / "history.csv"
    lines = history.read_text().splitlines()
    first = lines[1].split(",")
    first[1] = "7.5"
    history.write_text("\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n")
    assert "epoch 1 train_loss: recorded 7.5, now " in rerun(study, 0).out


def test_a_failure_that_does_not_come_again_is_a_difference(study, rerun):
    change(study, 0, state="FAIL", error="its worker was killed")
    ended = rerun(study, 0)
    assert ended.code == 1
    assert "  state: recorded FAIL, now COMPLETE" in ended.out
    assert "  error: recorded its worker was killed, now " in ended.out


def test_each_replicate_is_repeated(study, rerun):
    trial = study / "9"
    trial.mkdir()
    (study / "0").rename(trial / "replicate_0")
    (study / "1").rename(trial / "replicate_1")
    (trial / "metrics.json").write_text('{"state": "COMPLETE", "value": 0.5, "n": 2}')
    ended = rerun(study, 9)
    assert ended.out == "trial 9/replicate_0: same\ntrial 9/replicate_1: same\n"


def test_a_trial_that_was_not_trained_is_repeated_from_its_twin(study, rerun):
    (study / "3").mkdir()
    (study / "3" / "metrics.json").write_bytes((study / "0" / "metrics.json").read_bytes())
    change(study, 3, trial=3, job_dir="3", duplicate_of=0)
    assert rerun(study, 3).out == "trial 0: same\n"


@pytest.mark.parametrize("epochs", ["mean_last_2", "best_epoch"])
def test_the_numbers_are_of_the_same_epochs_and_objective(tmp_path, monkeypatch, capfd, epochs):
    monkeypatch.chdir(tmp_path)
    words = [f"trainer.objective={epochs}", "trainer.epochs=4", "optimizer.lr=0.5"]
    words += ["hydra.sweeper.objective=val_loss", "hydra.sweeper.direction=minimize"]
    words += ["hydra.sweeper.n_trials=1", "hydra.sweeper.n_jobs=0", "hydra.sweep.dir=s"]
    ended = run_command(main, ["--multirun", *SMALL, *words, "model.dropout1=choice(0.1)"], capfd)
    assert ended.code == 0, ended.err
    facts = json.loads(Path("s/0/provenance.json").read_text())
    assert facts["objective"] == {"name": "val_loss", "minimize": True}
    Path("s/0/.hydra/hydra.yaml").unlink()
    (again,) = rerun_trial(Path("s"), 0)
    assert again.numbers == []


def test_the_files_of_the_repeated_run_can_be_kept(study, rerun, tmp_path):
    assert rerun(study, 0, "--keep", tmp_path / "kept").code == 0
    assert (tmp_path / "kept" / "0" / "history.csv").is_file()


def test_threads_are_those_of_the_record_and_then_as_before(study):
    provenance = study / "0" / "provenance.json"
    facts = json.loads(provenance.read_text())
    provenance.write_text(json.dumps({**facts, "device": "cpu, 2 threads", "threads": 2}))
    (run,) = rerun_trial(study, 0)
    assert run.setting == []  # the repeated run had two threads as well
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path, "grid has no trial 7; there is: 0, 1, 2"),
        (lambda trial: (trial / "metrics.json").unlink(), "trial 0 has not ended"),
        (lambda trial: (trial / "metrics.json").write_text("{"), "metrics.json is damaged"),
        (lambda trial: (trial / "metrics.json").write_text("[]"), "metrics.json is damaged"),
        (lambda trial: edit(trial / "metrics.json", duplicate_of="two"), "duplicate_of is not a"),
        (lambda trial: edit(trial / "metrics.json", duplicate_of=8), "trial 8 has not ended"),
        (lambda trial: (trial / ".hydra/config.yaml").unlink(), "config.yaml is missing"),
        (lambda trial: (trial / ".hydra/config.yaml").write_text("a: ["), "is damaged"),
        (lambda trial: (trial / "history.csv").write_text("epoch\nx"), "history.csv is damaged"),
        (
            lambda trial: (trial / ".hydra/config.yaml").write_text("x: 1"),
            "is not a run of dropout-study",
        ),
    ],
)
def test_what_cannot_be_repeated_is_refused_in_one_line(study, rerun, spoil, words):
    spoil(study / "0")
    ended = rerun(study, 7 if "trial 7" in words else 0)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("dropout-study-rerun: ")
    assert words in line


def test_a_directory_that_is_not_there_is_refused(told):
    assert "nowhere is no directory" in told(lambda: list(rerun_trial(Path("nowhere"), 0)))
    with pytest.raises(UserError):
        next(rerun_trial(Path("nowhere"), 0))


def program(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of this package in a process of its own, as its user does."""
    name, *rest = words
    code = f"from dropout_study.cli.{name} import {ENTRY.get(name, name)} as run; run()"
    command = [sys.executable, "-c", code, *rest]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


ENTRY = {"train": "main"}
STUDY = [
    *("--multirun", "hydra.sweeper.n_trials=3", "hydra.sweeper.study_name=s", "report=none"),
    *("trainer.epochs=2", "model.dropout1=interval(0,0.5)", "model.dropout2=0.3", "+a=1"),
]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["workers", "population", "run", "confirmation"])
def test_whatever_a_default_command_trained_is_the_same_again(tmp_path, monkeypatch, how):
    """Real processes with their own thread counts, as the commands choose them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    small = ["data=synthetic", "data.n_train=600", "data.val_size=100", "model.hidden1=32"]
    small += ["model.hidden2=32", "optimizer.lr=0.1", "trainer.batch_size=64"]
    if how == "run":
        made = program("train", *small, "trainer.epochs=2", "hydra.run.dir=one")
        told = [program("rerun", "one")]
    elif how == "population":
        made = program("train", *STUDY, *small, "hydra/launcher=population")
        told = [program("rerun", "outputs/s", str(n)) for n in range(3)]
    else:
        made = program("train", *STUDY, *small, "hydra.sweeper.n_jobs=2")
        told = [program("rerun", "outputs/s", "0")]
    if how == "confirmation":
        made = program("confirm", "outputs/s", "top=1", "seeds=2")
        runs = sorted(Path("outputs/s/confirmation").glob("*/*"))[::3]
        told = [program("rerun", str(run)) for run in runs]
    assert made.returncode == 0, made.stderr
    for ended in told:
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ": same" in ended.stdout


def test_a_run_that_cannot_be_built_now_says_why_in_its_last_line(study, rerun):
    config = study / "0" / CONFIG
    config.write_text(config.read_text().replace("dropout_study.models.MLP", "gone.Net"))
    ended = rerun(study, 0, "--trust")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == "trial 0: not repeated"
    assert lines[-1].startswith("It cannot be trained now: ")
    assert "gone" in lines[-1]
    assert len(lines) < 5


def test_a_study_without_a_number_is_refused(study, rerun):
    assert "is a study; give the number of a trial" in rerun(study).err
