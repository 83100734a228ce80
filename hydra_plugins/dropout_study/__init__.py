"""Hydra plugins of dropout_study: doors only, what they do lives in ``dropout_study``."""
