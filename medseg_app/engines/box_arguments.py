"""What a card may say about a DETR or an RT-DETR with masks; plain numbers and words, no torch."""

from __future__ import annotations

from dataclasses import dataclass

from .query_arguments import CHOICES, MOST_LAYERS, STAGES, is_size

MASK_CELL = 16
"""The U-Net inside a box halves its edge four times."""


@dataclass(frozen=True)
class BoxArguments:
    """What a card says about a network for images (in_channels, j, i).

    num_classes counts the background. width: of the transformer. queries: the most findings in a slice.
    encoder_layers: of attention over the coarsest stage. decoder_layers: each improves the boxes of the one
    before. head_width: channels per head of attention. expansion: how much wider the layers are inside.
    body_width: channels of the backbone's first stage, a ResNet with four stages, each twice as wide as the
    one before. depths: layers of each. layer: "basic" (18, 34) or "bottleneck" (50 and more). norm: "group"
    or, for weights that were learnt with batches, "frozen".
    mask_edge: pixels of a box as the U-Net inside it sees it, a multiple of 16. mask_width: channels of its
    first level. Raises ValueError where no network can be built from them.
    """

    in_channels: int
    num_classes: int
    width: int = 96
    queries: int = 20
    encoder_layers: int = 1
    decoder_layers: int = 3
    head_width: int = 16
    expansion: int = 4
    body_width: int = 32
    depths: tuple[int, ...] = (2, 2, 2, 2)
    layer: str = "basic"
    norm: str = "group"
    mask_edge: int = 48
    mask_width: int = 16

    def __post_init__(self) -> None:
        layers = (*self.depths, self.encoder_layers, self.decoder_layers)
        widths = (self.width, self.head_width, self.expansion, self.body_width, self.mask_width)
        counts = (self.in_channels, self.num_classes - 1, self.queries, self.mask_edge)
        if not all(map(is_size, (*layers, *widths, *counts))):
            raise ValueError("sizes are whole numbers from 1, and classes are two at least")
        if len(self.depths) != len(STAGES) or max(layers) > MOST_LAYERS:
            raise ValueError(f"depths are four numbers, and no part has more than {MOST_LAYERS} layers")
        if self.mask_edge % MASK_CELL or self.width % self.head_width:
            raise ValueError(f"mask_edge is a multiple of {MASK_CELL}, width one of head_width")
        for word in ("layer", "norm"):
            if getattr(self, word) not in CHOICES[word]:
                raise ValueError(f"{word} is one of {', '.join(map(str, CHOICES[word]))}")

    @property
    def body_widths(self) -> list[int]:
        """Channels of each stage of the backbone."""
        return [self.body_width * 2**n for n in range(len(STAGES))]
