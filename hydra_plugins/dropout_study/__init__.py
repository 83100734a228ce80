"""Hydra plugins of dropout_study: thin classes; their code is in ``dropout_study``."""
