"""Pruners beside Optuna's own."""
