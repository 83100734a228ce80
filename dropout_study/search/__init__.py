"""Search spaces and studies on Optuna. Knows nothing of Hydra or torch."""
