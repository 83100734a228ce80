"""Marks of tests that one generation of a library cannot pass."""

import optuna
import pytest

optuna_5 = pytest.mark.skipif(
    not hasattr(optuna.Trial, "set_constraint"), reason="needs Optuna 5 or newer"
)
