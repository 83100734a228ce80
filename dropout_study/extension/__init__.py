"""Trains the best trials of a study on, to more epochs."""
