"""The first convolution of a network for colour photographs, made to see grey slices (torch).

Such networks were shown red, green and blue, each less its mean and over its deviation. Here they are shown
any number of channels, windows of a slice and of its neighbours, with values from -1 to 1:

    from 3 channels on   channel n takes the filters of red, green, blue, red, ... in turn, divided by how
                         many channels take that colour (three neighbouring slices: one colour each)
    1 or 2 channels      each takes the sum of all colours, divided by the number of channels

Scale and shift of the photographs' values go into the filters and into the running mean of the norm behind
them. So where all channels show the same slice, the network computes what it would compute on that slice as
a grey photograph; only at the border of the image is mid grey around it instead of the photographs' mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue for values from 0 to 1; all weights of torchvision's are made for them."""
COLOURS = 3


def grey_stem(filters: Tensor, running_mean: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """Filters (n, 3, j, i) and running mean (n) for photographs -> the same for so many channels of -1..1."""
    mean, deviation = (torch.tensor(values, dtype=filters.dtype) for values in (MEAN, DEVIATION))
    shift = (filters.sum(dim=(2, 3)) * ((0.5 - mean) / deviation)).sum(dim=1)
    scaled = filters * (0.5 / deviation)[:, None, None]
    return _spread(scaled, channels), running_mean - shift


def _spread(filters: Tensor, channels: int) -> Tensor:
    if channels < COLOURS:
        return filters.sum(dim=1, keepdim=True).repeat(1, channels, 1, 1) / channels
    colours = torch.arange(channels) % COLOURS
    takers = torch.bincount(colours).to(filters.dtype)
    return filters[:, colours] / takers[colours][:, None, None]
