"""This project's task: one trial, from its configuration to a trained network and its files."""
