"""A study's report, served on this machine while the study runs."""
