"""Composes and checks configurations, and explains their errors. Uses Hydra; imports no sweep."""
