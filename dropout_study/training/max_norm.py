"""Max-norm: no hidden unit has incoming weights of a norm above a bound.

Srivastava et al. 2014, section 5.1: after an update, a unit's weights of a larger norm are scaled
back to the bound. Biases are not counted.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from dropout_study.errors import UserError


def hidden_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """Returns the weights of hidden units by their names, each [H, ...], a row for each unit.

    They are those of the Linear and convolution layers but the last one, which makes the logits.
    """
    layers = [
        (f"{name}.weight".lstrip("."), module.weight)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | _ConvNd) and not isinstance(module, _ConvTransposeNd)
    ]
    hidden = layers[:-1]
    return {n: w for n, w in hidden if isinstance(w, nn.Parameter) and w.requires_grad}


@torch.no_grad()
def limit_norms(weight: Tensor, bound: float | Tensor, *, members: bool = False) -> None:
    """Scales rows of a larger norm back to ``bound``, in place.

    Args:
        weight: [H, ...]; of P members, [P, H, ...].
        bound: the largest norm; of P members, a tensor [P].
        members: whether the first axis is that of members.
    """
    rows = weight.flatten(2 if members else 1)
    norms = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    bounds = bound.view(-1, 1, 1) if isinstance(bound, Tensor) else bound
    scale = (bounds / norms.clamp_min(1e-12)).clamp_max(1)
    weight.mul_(scale.view(*rows.shape[:-1], *[1] * (weight.dim() - rows.dim() + 1)))


def check_max_norm(model: nn.Module) -> None:
    """Raises UserError if ``model`` has no hidden units whose weights could be bounded."""
    if not hidden_weights(model):
        raise UserError(
            "`trainer.max_norm` bounds the weights of hidden units, and the model has no hidden "
            "Linear or convolution layer; use trainer.max_norm=null"
        )
