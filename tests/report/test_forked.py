"""Figures are drawn in several processes."""

import os
import sys

import pytest

from dropout_study.report import forked
from dropout_study.report.forked import forked_map


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    """Two cores and no torch, whose threads would forbid to fork."""
    monkeypatch.setattr(forked, "cores", lambda: 2)
    monkeypatch.delitem(sys.modules, "torch", raising=False)


def test_results_come_in_the_order_of_the_items_from_two_processes():
    results = forked_map(lambda item: (item, os.getpid()), [3, 1, 2])
    assert [item for item, _ in results] == [3, 1, 2]
    (first, second, third) = (pid for _, pid in results)
    assert first == third == os.getpid() != second


def test_an_error_is_raised_whatever_process_it_happens_in():
    with pytest.raises(ZeroDivisionError):
        forked_map(lambda item: 1 / item, [1, 0])


def test_one_item_needs_no_process():
    assert forked_map(lambda _: os.getpid(), [1]) == [os.getpid()]
