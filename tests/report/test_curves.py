from pathlib import Path

import pytest
from matplotlib.figure import Figure

from dropout_study.paths import JobPaths
from dropout_study.report.curves import (
    Curve,
    draw_learning_curves,
    learning_curves,
    save_learning_curves,
)
from dropout_study.task.history import HistoryFile
from dropout_study.task.job_files import JobFiles, Row


@pytest.fixture
def history_csv(tmp_path: Path, epoch) -> Path:
    """Three epochs as a run leaves them."""
    write = HistoryFile(tmp_path / "history.csv")
    for number in (1, 2, 3):
        write(epoch(number, test_accuracy=number / 10))
    return tmp_path / "history.csv"


def rows(root: Path) -> list[Row]:
    return JobFiles(JobPaths(root)).history()


def test_the_curves_are_the_books_and_the_validation_accuracy(history_csv):
    curves = learning_curves(rows(history_csv.parent))
    assert [curve.label for curve in curves] == [
        *("train loss", "train accuracy", "validation accuracy", "test accuracy")
    ]
    assert curves[-1] == Curve("test accuracy", [1, 2, 3], [0.1, 0.2, 0.3])
    assert curves[0].values == [1, 1 / 2, 1 / 3]


def test_without_validation_there_is_no_curve_of_it(tmp_path, epoch):
    write = HistoryFile(tmp_path / "history.csv")
    write(epoch(1, val_loss=None, val_accuracy=None))
    labels = [curve.label for curve in learning_curves(rows(tmp_path))]
    assert labels == ["train loss", "train accuracy", "test accuracy"]


def test_the_drawing_shows_every_curve_over_epochs(history_csv):
    ax = Figure().add_subplot()
    curves = learning_curves(rows(history_csv.parent))
    draw_learning_curves(curves, ax)
    drawn = [
        Curve(line.get_label(), list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines
    ]
    assert drawn == curves
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylim()[0] == 0
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == len(curves)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [c.label for c in curves]


def test_a_single_epoch_shows_as_a_point(tmp_path, epoch):
    HistoryFile(tmp_path / "history.csv")(epoch(1))
    ax = Figure().add_subplot()
    draw_learning_curves(learning_curves(rows(tmp_path)), ax)
    assert all(line.get_marker() == "." for line in ax.lines)


def test_the_picture_is_a_png_whatever_its_name(history_csv, tmp_path):
    path = tmp_path / ".curves.png.tmp"
    save_learning_curves(rows(history_csv.parent), path, "mlp fashion_mnist sgd")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_history_is_whole_after_every_epoch(history_csv, tmp_path):
    lines = history_csv.read_text().splitlines()
    assert lines[0] == (
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy,seconds"
    )
    assert lines[1] == "1,1.0,0.5,0.9,0.6,0.8,0.1,2.0"
    assert len(lines) == 4
    assert [path.name for path in tmp_path.glob("*history*")] == ["history.csv"]
