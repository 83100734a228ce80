"""How good is the configuration of the best predicted mean? Simulated studies with noise.

    python benchmarks/likely_best.py --studies 25

For each function, noise and number of trials: the mean distance to the optimum, in standard
deviations of the function over the space, of the best trial, of the tried point of the best
predicted mean, and of the best predicted point of 4,096 of the whole space; and the share of trials
whose true value lies in the prediction plus or minus 1.96 standard deviations.
"""

import argparse

import numpy as np
import optuna
from scipy.stats import qmc

from dropout_study.stats import Array, fit_gaussian_process, without_outliers

FUNCTIONS = {
    "valley": lambda x: (
        -0.3 * (x[..., 0] - 0.3) ** 2
        - 0.2 * (x[..., 1] - 0.5) ** 2
        - 1.5 * (x[..., 2] - 0.6) ** 2
        + 0.1 * x[..., 3]
    ),
    "hill": lambda x: np.exp(-((x - [0.2, 0.6, 0.4, 0.8]) ** 2 @ np.array([2, 1, 8, 0.5]))),
    "waves": lambda x: (
        0.3 * np.sin(3 * x[..., 0])
        + 0.2 * np.cos(4 * x[..., 1] - 1)
        - 2 * np.abs(x[..., 2] - 0.5) ** 1.5
    ),
}
GRID = qmc.Sobol(4, seed=0).random(2**13)


def study(function, noise: float, n: int, seed: int) -> tuple[Array, Array]:
    """Returns the points [n, 4] that TPE tries, and their noisy values [n]."""
    draw = np.random.default_rng(seed)
    search = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    points, values = np.empty((n, 4)), np.empty(n)
    for i in range(n):
        trial = search.ask()
        points[i] = [trial.suggest_float(str(j), 0, 1) for j in range(4)]
        values[i] = function(points[i]) + noise * draw.normal()
        search.tell(trial, values[i])
    return points, values


def one(function, noise: float, n: int, seed: int) -> tuple[float, ...]:
    """Returns the true values of the three choices, and the coverage."""
    points, values = study(function, noise, n, seed)
    process = fit_gaussian_process(points, *without_outliers(values))
    mean, sd = process.predict(points)
    truth, grid = function(points), GRID[:4096]
    chosen = grid[process.predict(grid)[0].argmax()]
    covered = float((np.abs(truth - mean) < 1.96 * sd).mean())
    return truth[values.argmax()], truth[mean.argmax()], function(chosen), covered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=25, help="for each row")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("| function | noise | trials | best seen | best predicted | of the space | coverage |")
    print("|---|---|---|---|---|---|---|")
    for name, function in FUNCTIONS.items():
        everywhere = function(GRID)
        top, spread = everywhere.max(), everywhere.std()
        for noise in (0.1, 0.3):
            for n in (20, 40):
                rows = [one(function, noise * spread, n, seed) for seed in range(arguments.studies)]
                *values, covered = np.mean(rows, axis=0)
                far = " | ".join(f"{(top - value) / spread:.3f}" for value in values)
                print(f"| {name} | {noise} | {n} | {far} | {covered:.2f} |")


if __name__ == "__main__":
    main()
