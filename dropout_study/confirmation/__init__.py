"""Confirmation: the best configurations are trained again with fresh seeds and compared."""
