"""The sweeper: a study's trials, asked of Optuna and run as Hydra jobs, whatever the task is."""
