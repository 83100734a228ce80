"""Search spaces and studies, with Optuna. Imports neither Hydra nor torch."""
