"""Configurations: composed, checked, explained. Knows Hydra, but no sweep."""
