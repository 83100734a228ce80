"""The pictures of docs/dropout.md: what each noise layer, schedule and depth profile does.

The layers and schedules are those of conf/noise and conf/schedule. A new page there has a picture.
"""

from dropout_study.report.noise_pictures.draw import draw_noise_pictures, noise_makers, schedules
from dropout_study.report.noise_pictures.layers import Responses, draw_responses, responses
from dropout_study.report.noise_pictures.rates import rates_over_epochs, rates_over_layers

__all__ = [
    "Responses",
    "draw_noise_pictures",
    "draw_responses",
    "noise_makers",
    "rates_over_epochs",
    "rates_over_layers",
    "responses",
    "schedules",
]
