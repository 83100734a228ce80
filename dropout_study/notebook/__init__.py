"""The commands as functions, for notebooks and scripts: what ``import dropout_study`` offers."""
