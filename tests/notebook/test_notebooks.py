"""The notebooks of ``docs/notebooks``: they run, and stand there as they have run."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dropout_study as ds
from dropout_study.report.figures import study_figures

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LIMIT_S = 600
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_are_three():
    names = [path.stem for path in NOTEBOOKS]
    assert names == ["book_exercises", "first_sweep", "own_model_and_data"]


@every_notebook
def test_it_stands_as_it_has_run_with_its_pictures_and_no_path_of_a_machine(path):
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"], "no warning"
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    texts = [output for output in outputs if "image/png" not in output.get("data", {})]
    assert not re.search(r"[\s\"'(]/\w+/", json.dumps(texts).replace("</", "")), "a path"
    assert path.stat().st_size < 500_000


@every_notebook
def test_it_uses_what_the_package_offers(path):
    source = "\n".join("".join(cell["source"]) for cell in code_cells(path))
    used = set(re.findall(r"\bds\.(\w+)", source))
    assert {"train", "UserError"} & used
    assert used <= set(ds.__all__)
    drawn = set(re.findall(r"\.figure\(\"(\w+)\"\)", source))
    assert drawn <= {spec.name for spec in study_figures()}


@pytest.mark.slow
@every_notebook
def test_it_runs(path, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(path, as_version=4)
    surroundings = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=LIMIT_S, resources=surroundings).execute()


SWEEP = """
import dropout_study as ds
study = ds.sweep(
    ["data=synthetic", "search_space=quickstart", "search_space.n_trials=40", "trainer.epochs=300"]
)
"""


@pytest.fixture
def sweeping(tmp_path) -> Iterator[tuple[Any, Any, str]]:
    """A kernel in which a sweep runs that has completed a trial; its client; the cell's name."""
    kernels = pytest.importorskip("jupyter_client.manager")
    manager, client = kernels.start_new_kernel(cwd=str(tmp_path))
    sent = client.execute(SWEEP)
    wait_for(lambda: "COMPLETE" in states(tmp_path))
    yield manager, client, sent
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def states(directory: Path) -> list[str]:
    table = directory / "outputs" / "quickstart" / "results.csv"
    lines = table.read_text().splitlines() if table.is_file() else []
    return [line.split(",")[1] for line in lines]


@pytest.mark.slow
def test_an_interrupt_of_the_kernel_stops_the_sweep_and_keeps_its_trials(sweeping, tmp_path):
    manager, client, sent = sweeping
    manager.interrupt_kernel()
    while (reply := client.get_shell_msg(timeout=LIMIT_S))["parent_header"]["msg_id"] != sent:
        pass  # an answer to what the client has asked before
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert "the same call continues the study" in reply["content"]["evalue"]
    assert 0 < states(tmp_path).count("COMPLETE") < 40
    assert "FAIL" not in states(tmp_path)


@pytest.mark.slow
def test_a_sweep_ends_with_the_kernel_that_has_started_it(sweeping, tmp_path):
    manager, _client, _sent = sweeping
    psutil = pytest.importorskip("psutil")
    kernel = psutil.Process(manager.provisioner.pid)
    started = kernel.children(recursive=True)
    assert any("dropout_study.notebook.child" in process.cmdline() for process in started)
    kernel.kill()
    _, alive = psutil.wait_procs(started, timeout=LIMIT_S)
    assert not alive
    assert "COMPLETE" in states(tmp_path)
