"""The configurations of the sweeper, its samplers and its pruners, registered with Hydra."""
