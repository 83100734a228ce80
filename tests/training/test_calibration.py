"""Brier score, expected calibration error and the accuracy of each class, by hand."""

import math

import pytest
import torch
from torch import Tensor

from dropout_study.training.metrics import ECE, LOSS, Brier, ClassAccuracy, Meter, mean_losses

CPU = torch.device("cpu")
ALL = {"loss": LOSS["loss"], "brier": Brier, "ece": ECE, "class": ClassAccuracy}


def scores(logits: Tensor, labels: Tensor, cuts: tuple[int, ...] = ()) -> list[dict[str, float]]:
    """logits [P, B, K], labels [B] or [P, B]; shown in the parts that ``cuts`` end."""
    meter = Meter(ALL, len(logits), CPU)
    start = 0
    for end in (*cuts, logits.shape[1]):
        part = logits[:, start:end], labels[..., start:end]
        meter.update(*part, mean_losses(*part))
        start = end
    return meter.compute()


def of_probabilities(rows: list[list[float]], labels: list[int]) -> dict[str, float]:
    return scores(torch.tensor([rows]).log(), torch.tensor(labels))[0]


def test_the_brier_score_is_that_of_its_formula() -> None:
    got = of_probabilities([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]], [0, 2])["brier"]

    first = 0.3**2 + 0.2**2 + 0.1**2
    second = 0.5**2 + 0.25**2 + 0.75**2
    assert got == pytest.approx((first + second) / 2, rel=1e-6)


@pytest.mark.parametrize(("rows", "score"), [([[1.0, 0.0]], 0), ([[0.0, 1.0]], 2)])
def test_the_brier_score_is_0_for_the_perfect_and_2_for_the_worst(rows, score) -> None:
    assert of_probabilities(rows, [0])["brier"] == pytest.approx(score)


def test_the_calibration_error_weighs_each_bin_by_its_examples() -> None:
    """Two bins: three examples of confidence .9, one right; one of .6, right."""
    got = of_probabilities([[0.9, 0.1]] * 3 + [[0.6, 0.4]], [0, 1, 1, 0])["ece"]

    assert got == pytest.approx(3 / 4 * abs(1 / 3 - 0.9) + 1 / 4 * abs(1 - 0.6), rel=1e-5)


def test_a_calibrated_network_has_no_calibration_error() -> None:
    """Of the ten examples of confidence q / 10, q are right; equal bins keep them apart."""
    rows, labels = [], []
    for q in (6, 7, 8, 9):
        rows += [[q / 10, 1 - q / 10]] * 10
        labels += [0] * q + [1] * (10 - q)

    assert of_probabilities(rows, labels)["ece"] == pytest.approx(0, abs=1e-6)


def test_a_confidence_at_the_edge_of_a_bin_belongs_to_the_bin_below() -> None:
    meter = Meter({"ece": lambda: ECE(bins=2)}, 1, CPU)
    logits = torch.tensor([[[0.0, 0.0], [0.0, math.log(0.4 / 0.6)]]])  # confidences .5 and .6
    meter.update(logits, torch.tensor([0, 1]), torch.zeros(1))

    # (0, .5] has one right example, (.5, 1] one wrong one.
    assert meter.compute()[0]["ece"] == pytest.approx((0.5 + 0.6) / 2, rel=1e-6)


def test_a_calibration_error_without_bins_is_refused() -> None:
    with pytest.raises(ValueError, match="bins must be at least 1, got 0"):
        ECE(bins=0)


def test_each_class_has_its_accuracy_and_one_without_examples_has_none() -> None:
    got = of_probabilities([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]], [0, 1, 1])

    assert [got["class_0"], got["class_1"]] == [1, 0.5]
    assert math.isnan(got["class_2"])


@pytest.mark.parametrize("own_labels", [False, True])
def test_every_member_has_its_own_numbers_however_the_split_is_cut(own_labels) -> None:
    logits = 2 * torch.randn(3, 50, 4)
    labels = torch.randint(4, (3, 50) if own_labels else (50,))

    got = scores(logits, labels, cuts=(7, 30))

    for member, row in enumerate(got):
        own = labels[member] if own_labels else labels
        assert row == pytest.approx(scores(logits[[member]], own)[0], rel=1e-5)
