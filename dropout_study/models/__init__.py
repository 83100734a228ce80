"""Networks, and the noise of their dropout layers.

A model is any ``nn.Module`` that maps images [B, C, H, W] to logits [B, K]; a config names it by
``_target_``, and its plain ``nn.Dropout`` layers need no edit.
"""

from dropout_study.models.lenet import LeNet
from dropout_study.models.linear import SoftmaxRegression
from dropout_study.models.mlp import MLP
from dropout_study.models.mlp_deep import DeepMLP
from dropout_study.models.noise import Dropout, Noise, use_noise

__all__ = ["MLP", "DeepMLP", "Dropout", "LeNet", "Noise", "SoftmaxRegression", "use_noise"]
