"""The line of a single run."""

import pytest

from dropout_study.task.progress import BESIDE, brief


@pytest.mark.parametrize(("columns", "count"), [(200, 6), (80, 1), (BESIDE + 5, 0)])
def test_metrics_are_whole_or_absent_and_the_objective_comes_first(epoch, columns, count):
    line = brief(epoch(3), columns - BESIDE)
    assert len(line) <= columns - BESIDE
    words = line.split()
    assert len(words) == 3 * count
    assert words[:3] == ["val", "accuracy", "0.6000"][: len(words)]


def test_a_run_without_validation_shows_what_it_has(epoch):
    line = brief(epoch(3, val_loss=None, val_accuracy=None), 100)
    assert "val" not in line
    assert line.startswith("train accuracy 0.5000")
