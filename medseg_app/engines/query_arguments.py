"""What a card may say about a Mask2Former or a MaskFormer; plain numbers and words, no torch."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("stage1", "stage2", "stage3", "stage4")
"""Of the backbone, in transformers' words."""
MOST_LAYERS = 64
"""In one part of the network. A card that asks for more would fill the memory with empty layers."""
CHOICES = {
    "stride": (2, 4),
    "backbone": ("swin", "resnet"),
    "layer": ("basic", "bottleneck"),
    "norm": ("group", "frozen"),
}


@dataclass(frozen=True)
class Arguments:
    """What a card says about a network for images (in_channels, j, i).

    num_classes counts the background. width: of both decoders, a multiple of 32. queries: the most
    findings in a slice. decoder_layers: each improves the answers of the one before. backbone: "swin" or
    "resnet", with four stages, each twice as wide as the one before. body_width: channels of the first.
    stride: pixels per place of the first stage and of the masks, 4 as in the papers or 2 for small findings.

    The others are as in weights that were published, or small: depths, layers of each stage. window: edge of
    Swin's windows in tokens. layer: of a ResNet, "basic" (18, 34) or "bottleneck" (50 and more). norm: of a
    ResNet, "group" or, for weights that were learnt with batches, "frozen". encoder_layers: of Mask2Former's
    decoder of pixels. head_width: channels per head of attention. expansion: how much wider the decoder is
    inside its layers. Raises ValueError where no network can be built from them.
    """

    in_channels: int
    num_classes: int
    width: int = 64
    queries: int = 20
    decoder_layers: int = 4
    backbone: str = "swin"
    body_width: int = 32
    stride: int = 4
    depths: tuple[int, ...] = (2, 2, 2, 2)
    window: int = 8
    layer: str = "basic"
    norm: str = "group"
    encoder_layers: int = 2
    head_width: int = 16
    expansion: int = 4

    def __post_init__(self) -> None:
        layers = (*self.depths, self.encoder_layers, self.decoder_layers)
        sizes = (self.in_channels, self.width, self.queries, self.body_width, self.window, self.head_width)
        if not all(is_size(size) for size in (*layers, *sizes, self.expansion, self.num_classes - 1)):
            raise ValueError("sizes are whole numbers from 1, and classes are two at least")
        if len(self.depths) != len(STAGES) or max(layers) > MOST_LAYERS:
            raise ValueError(f"depths are four numbers, and no part has more than {MOST_LAYERS} layers")
        for word, known in CHOICES.items():
            if getattr(self, word) not in known:
                raise ValueError(f"{word} is one of {', '.join(map(str, known))}")

    @property
    def body_widths(self) -> list[int]:
        """Channels of each stage of the backbone."""
        return [self.body_width * 2**n for n in range(len(STAGES))]


def is_size(value: object) -> bool:
    """Whether it is a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
