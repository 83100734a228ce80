"""Networks.

A model is any ``nn.Module`` that maps images [B, C, H, W] to logits [B, K]; a config names it by
``_target_``, and its plain ``nn.Dropout`` layers need no edit.
"""

from dropout_study.models.lenet import LeNet
from dropout_study.models.linear import SoftmaxRegression
from dropout_study.models.mlp import MLP
from dropout_study.models.mlp_deep import DeepMLP

__all__ = ["MLP", "DeepMLP", "LeNet", "SoftmaxRegression"]
