"""Confirmation: the best configurations trained again with fresh seeds, and what that tells."""
