"""The tables of a study, made from its job directories: ``results.csv`` and others."""
