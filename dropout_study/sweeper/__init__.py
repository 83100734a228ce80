"""The sweeper: asks Optuna for trials and runs them as Hydra jobs, for any task."""
