"""Callbacks by which other training loops report to the running trial."""
