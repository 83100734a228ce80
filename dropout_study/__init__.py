"""What do dropout rates, learning rate and epochs do to a network's test accuracy?"""

__version__ = "0.1.0"
