"""From composed configs to trials and sweeps: everything that knows Hydra."""
