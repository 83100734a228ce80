"""Numbers and verdicts as a report tells them."""

import pytest

from dropout_study.report.amounts import verdict


@pytest.mark.parametrize(
    ("p", "n", "count", "told"),
    [
        (0.03, 10, 1, ": beyond the noise"),
        (0.2, 10, 1, ": within the noise"),
        (0.25, 3, 1, ": undecided, with n = 3 no p-value is below 0.250"),
        (1.0, 6, 2, ": undecided, with n = 6 no p-value is below 0.062"),
        (1.0, 6, 1, ": within the noise"),
        (1.0, 2, 8, ": undecided, with n = 2 no p-value is below 1.000"),
    ],
)
def test_few_seeds_cannot_tell(p, n, count, told):
    assert verdict(p, n, count) == told
