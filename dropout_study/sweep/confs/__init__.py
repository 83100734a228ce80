"""The configurations of the sweeper, its samplers and its pruners, as Hydra shows them."""
