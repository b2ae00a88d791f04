"""VoxelEngine: every voxel gets a class, whatever computes the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box, Index
from medseg_app.core.errors import ModelError
from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume

from .ahead import ComputeTile
from .body_crop import air, body_box, is_air, with_air
from .candidates import component_candidates, moved, semantic_candidates
from .contract import Precision, Request
from .device import compute_on, stitching
from .first_tile import known_before, tile_at, tile_candidates
from .fit import Fit, fit_volume
from .frame_image import image_by
from .model_card import ModelCard
from .precision import precision_of
from .preprocess import Preprocessing
from .preview import Preview
from .slab_labeller import SlabLabeller
from .slice_tiles import SliceTiles
from .sliding_window import mirrored, slide
from .suitable_grid import require_volume
from .tile_channels import MakeChannels, channels_on
from .tile_memory import with_fitting_tiles
from .tile_plan import TilePlan, TileSize, plan_fixed_tiles, plan_tiles
from .tile_run import Run

if TYPE_CHECKING:
    from torch import Tensor


ReadTile = Callable[[Box], "Tensor"]
"""A box of the image -> its channels (c, k, j, i), mirrored at the borders of the image."""


class Network(Protocol):
    """What computes the logits of a tile."""

    def on(self, device: str, precision: Precision) -> Run:
        """Channels of a tile (c, k, j, i) -> logits (n, k, j, i), on a device."""

    def at_once(self, device: str, precision: Precision) -> int:
        """How many tiles are best computed at the same time there, by as many threads."""


class VoxelEngine:
    """Semantic segmentation; classes of kind "instance" are split into connected components.

    slices: what a network for slices needs; None for one for volumes.
    """

    def __init__(self, card: ModelCard, network: Network, slices: SliceTiles | None = None) -> None:
        self.card = card
        self.network = network
        self.slices = slices

    def open(self, volume: Volume, device: str) -> VoxelSession:
        """Fit a volume to the frame of the model.

        Raises GeometryError for a single slice too, where the network looks at volumes.
        """
        if self.slices is None:
            require_volume(volume, self.card.name)
        fit = fit_volume(volume.geometry, self.card.grid)
        return VoxelSession(self, volume, fit, device)


class VoxelSession:
    """One volume in the frame of one model."""

    def __init__(self, engine: VoxelEngine, volume: Volume, fit: Fit, device: str) -> None:
        self._card, self._network, self._slices = engine.card, engine.network, engine.slices
        self._volume, self._fit, self._device = volume, fit, device

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """One candidate per class, or per connected component of it."""
        return compute_on(self._device, lambda device: self._propose(device, request, progress, preview))

    def _propose(self, device: str, request: Request, progress: Progress, preview: Preview) -> Proposal:
        request = replace(request, precision=precision_of(self._card, device, request.precision))
        labeller = with_fitting_tiles(
            device, lambda size: self._labelled(size, device, request, progress, preview)
        )
        candidates = tuple(self._candidates(labeller, request))
        progress(1.0)
        return Proposal(self._volume.id, candidates, self._card.identity, device, request.precision)

    def _candidates(self, labeller: SlabLabeller, request: Request) -> list[Candidate]:
        """What the slices that are decided hold: findings first."""
        labels, confidence = labeller.labels(), labeller.confidence()
        found = semantic_candidates(self._card, labels, labeller.mean_probabilities())
        if confidence is not None:
            least = request.min_score
            if least is None:
                least = self._card.thresholds.get("min_score", 0.0)
            found = [*component_candidates(self._card, labels, confidence, least), *found]
        return [moved(candidate, labeller.decided.start) for candidate in found]

    def _labelled(
        self, size: TileSize, device: str, request: Request, progress: Progress, preview: Preview
    ) -> SlabLabeller:
        """The volume's labels, computed in tiles of this size where the network takes any."""
        has_findings = self._card.gives_findings
        labeller = SlabLabeller(self._fit, sorted(self._card.labels), has_findings, device)
        compute = self._network.on(device, request.precision)
        image = image_by(device, self._fit, self._volume.voxels)
        maker = Preprocessing.from_json(self._card.preprocessing).measured(image, request.modality)
        body = body_box(image, self._card.grid.body_above)
        plan, read = self._tiles(body.shape, size, image, channels_on(device, maker))

        def chances(box: Box) -> Tensor:
            place = box.shifted(body.start)
            if is_air(image, place, self._card.grid.body_above):
                return air(len(self._card.labels) + 1, box.shape, device)
            return self._chances(compute(read(place)))

        with stitching():
            seen = self._at_focus(plan, body, chances, request, preview)
            slabs = slide(plan, seen, progress, self._network.at_once(device, request.precision))
            for slab in with_air(slabs, body, self._fit.model_shape):
                labeller.add(slab)
                preview(lambda: self._candidates(labeller, request))
        return labeller

    def _at_focus(
        self, plan: TilePlan, body: Box, compute: ComputeTile, request: Request, preview: Preview
    ) -> ComputeTile:
        """Computes tiles; that at which the reader looks now, to show it, and not again in its turn."""
        if request.focus_lps is None or plan.count == 1:
            return compute
        sample = self._fit.nearest_sample(self._volume.geometry.to_index(request.focus_lps))
        k, j, i = np.subtract(sample, body.start).tolist()
        box = tile_at(plan, (k, j, i))
        chances = compute(box)
        preview(lambda: tile_candidates(self._card, self._fit, box.shifted(body.start), chances))
        return known_before(compute, box, chances)

    def _tiles(
        self, shape: Index, size: TileSize, image: NDArray[Any], channels: MakeChannels
    ) -> tuple[TilePlan, ReadTile]:
        """Where the tiles of a part of this shape lie, and what gives the channels of one of the image."""
        grid, slices = self._card.grid, self._slices
        if slices is not None:
            return slices.plan(shape, size), lambda box: slices.read(image, box, channels)
        if grid.tile:
            plan = plan_fixed_tiles(shape, grid.tile, grid.overlap)
        else:
            plan = plan_tiles(shape, size, grid.patch)
        return plan, lambda box: channels(mirrored(image, box))

    def _chances(self, logits: Tensor) -> Tensor:
        """Probabilities (classes, k, j, i). Raises ModelError where the network is not that of the card."""
        count = len(self._card.labels) + 1
        if len(logits) != count:
            raise ModelError(
                f"The network of {self._card.name} gives {len(logits)} classes, its card {count}.",
                "Ask for a model whose card fits its network.",
            )
        return logits.softmax(dim=0)
