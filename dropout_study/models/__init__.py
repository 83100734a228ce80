"""Networks.

A model is any ``nn.Module`` that maps images [B, C, H, W] to logits [B, K]. A config names it by
``_target_``. Its plain ``nn.Dropout`` layers get seeded noise without a change of the model.
"""

from dropout_study.models.lenet import LeNet
from dropout_study.models.linear import SoftmaxRegression
from dropout_study.models.mlp import MLP
from dropout_study.models.mlp_deep import DeepMLP

__all__ = ["MLP", "DeepMLP", "LeNet", "SoftmaxRegression"]
