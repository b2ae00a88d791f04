"""A stand-in with the names and signatures of nnInteractive 2.6 that MedSeg uses.

Its object is what is bright and near something that belongs to it, and near nothing that does not.
"""

import json
import os
from pathlib import Path

import numpy as np

REACH = 4


class nnInteractiveInferenceSession:  # noqa: N801
    def __init__(
        self, device, use_torch_compile=False, verbose=False, torch_n_threads=8, do_autozoom=True,
        interactions_storage="auto", enable_undo=True,
    ):  # fmt: skip
        self.license, self._calls = None, []
        self._note("device", str(device))

    def initialize_from_trained_model_folder(
        self, model_training_output_dir, use_fold=None, checkpoint_name="checkpoint_final.pth"
    ):
        assert list(Path(model_training_output_dir).glob(f"fold_*/{checkpoint_name}"))
        self.license = "CC BY-NC-SA 4.0"
        self._note("load", Path(model_training_output_dir).name)

    def set_image(self, image, image_properties=None):
        assert image.ndim == 4
        self._image, self.original_image_shape = image[0].copy(), image.shape
        self._marks = np.zeros(image.shape[1:], int)
        self._note("image", [list(image.shape), str(image.dtype), float(image.sum())])

    def set_target_buffer(self, target_buffer):
        assert target_buffer.ndim == 3
        self.target_buffer = target_buffer

    def reset_interactions(self, _preserve_undo=False):
        self._marks[:] = 0
        self.target_buffer.fill(0)
        self._note("reset", None)

    def add_point_interaction(
        self, coordinates, include_interaction, run_prediction=True, override_capability_checks=False
    ):
        self._note("point", [list(coordinates), include_interaction])
        self._mark(tuple(coordinates), include_interaction)

    def add_bbox_interaction(
        self, bbox_coords, include_interaction, run_prediction=True, override_capability_checks=False
    ):
        sizes = [stop - start for start, stop in bbox_coords]
        if 0 in sizes or 1 not in sizes:
            raise ValueError(f"not a 2D box: {bbox_coords}")
        self._note("box", [bbox_coords, include_interaction])
        self._mark(tuple(slice(*part) for part in bbox_coords), include_interaction)

    def add_scribble_interaction(
        self, scribble_image, include_interaction, run_prediction=True, override_capability_checks=False,
        interaction_bbox=None,
    ):  # fmt: skip
        if list(scribble_image.shape) != [stop - start for start, stop in interaction_bbox]:
            raise ValueError("image must match the box")
        self._note("scribble", [interaction_bbox, scribble_image.tolist(), include_interaction])
        place = tuple(slice(*part) for part in interaction_bbox)
        ink = np.zeros(self._marks.shape, bool)
        ink[place] = scribble_image > 0
        self._mark(ink, include_interaction)

    def _mark(self, place, belongs):
        from scipy import ndimage

        if os.environ.get("FAKE_FAILS"):
            raise RuntimeError("CUDA error")
        if not self._image.any():
            raise ValueError("Input image is entirely zero; cannot determine normalization statistics.")
        self._marks[place] = 1 if belongs else -1
        near = ndimage.binary_dilation(self._marks > 0, iterations=REACH)
        far = ndimage.binary_dilation(self._marks < 0, iterations=2)
        self.target_buffer[:] = near & ~far & (self._image > 0)

    def _note(self, what, value):
        self._calls.append([what, value])
        with Path(os.environ["FAKE_RECORD"]).open("a") as file:
            file.write(json.dumps([what, value]) + "\n")
