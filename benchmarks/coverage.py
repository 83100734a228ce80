"""How often a nominal 95 % interval of a mean over seeds contains the true mean.

    python benchmarks/coverage.py --studies 2000

Simulates studies of n seeds from known distributions and prints, for each, the share of studies
that are covered by BCa at its nominal level, by BCa as this package uses it, and by Student's t.
"""

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dropout_study.stats.intervals import LEVEL, expanded_level

Draws = NDArray[np.float64]
RESAMPLES = 1_999
DISTRIBUTIONS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Draws], float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
    "negative Gumbel": (lambda rng, size: -rng.gumbel(size=size), -float(np.euler_gamma)),
    "Student's t, 5 df": (lambda rng, size: rng.standard_t(5, size=size), 0.0),
}


def bca_coverage(samples: Draws, truth: float, level: float) -> float:
    """samples: [studies, n] -> share of studies whose BCa interval contains ``truth``."""
    result = stats.bootstrap(
        (samples,),
        np.mean,
        axis=-1,
        confidence_level=level,
        n_resamples=RESAMPLES,
        method="BCa",
        batch=100,
        random_state=np.random.default_rng(0),
    )
    interval = result.confidence_interval
    return float(np.mean((interval.low <= truth) & (truth <= interval.high)))


def student_coverage(samples: Draws, truth: float) -> float:
    """samples: [studies, n] -> share of studies whose t interval contains ``truth``."""
    n = samples.shape[1]
    half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * samples.std(axis=1, ddof=1) / np.sqrt(n)
    return float(np.mean(np.abs(samples.mean(axis=1) - truth) <= half))


def main() -> None:
    """Prints a row for each distribution and number of seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[8, 10, 20])
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    print("seeds, values: BCa, BCa as used, Student's t")
    for n in arguments.seeds:
        for name, (draw, truth) in DISTRIBUTIONS.items():
            samples = draw(rng, (arguments.studies, n))
            shares = (
                bca_coverage(samples, truth, LEVEL),
                bca_coverage(samples, truth, expanded_level(n)),
                student_coverage(samples, truth),
            )
            print(f"{n}, {name}: {', '.join(f'{share:.3f}' for share in shares)}", flush=True)


if __name__ == "__main__":
    main()
