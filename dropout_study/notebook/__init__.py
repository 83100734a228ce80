"""The commands as functions, for notebooks and scripts: what ``import dropout_study`` offers."""

import warnings

# Optuna imports tqdm, which misses ipywidgets; no bar of tqdm is shown.
warnings.filterwarnings("ignore", "IProgress not found")
