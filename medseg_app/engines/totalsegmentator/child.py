"""The process in which TotalSegmentator runs; started by run.py.

A process of its own, for TotalSegmentator starts further ones, which our engine worker may not, changes
nnU-Net under its feet, and can be stopped in no other way than by ending it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import threading
import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import EngineError
from medseg_app.core.volume import Volume
from medseg_app.engines.process_tree import end_children

from .order import ERROR, LABELS, Order

ENOUGH_VALUES = 4095
"""TotalSegmentator rounds what it resamples to whole numbers; MR with fewer values would lose contrast."""
AFFINE_TOLERANCE_MM = 1e-3


def main() -> None:
    """Run the order that stands on standard input, whose end is the word to stop."""
    order: Order = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, args=(order,), daemon=True).start()
    try:
        np.save(order.private / LABELS, run(order))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - its package may fail in any way, or end itself
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        (order.private / ERROR).write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        _end(1)
    _end(0)


def run(order: Order) -> NDArray[np.uint8]:
    """Labels (k, j, i) of the volume of an order."""
    from totalsegmentator.python_api import totalsegmentator

    image = image_of(order.volume.open(), order.offer.modality)
    result = totalsegmentator(
        image, None, ml=True, task=order.offer.task, fast=order.offer.fast, device=order.device,
        nr_thr_saving=1, skip_saving=True,
    )  # fmt: skip
    return labels_of(result, image)


def image_of(volume: Volume, modality: str) -> Any:
    """The volume as a NIfTI image in memory: axes (i, j, k), RAS, straightened as ITK wants it."""
    import nibabel

    affine = volume.geometry.straightened().affine_ras_ijk
    return nibabel.Nifti1Image(_values(volume.voxels, modality).transpose(2, 1, 0), affine)


def labels_of(result: Any, image: Any) -> NDArray[np.uint8]:
    """Labels (k, j, i) of a result. Raises EngineError where it does not lie on the grid of the image."""
    if result.shape != image.shape or np.abs(result.affine - image.affine).max() > AFFINE_TOLERANCE_MM:
        raise EngineError(
            f"TotalSegmentator gave labels on another grid ({result.shape}) than its image ({image.shape})."
        )
    return np.ascontiguousarray(np.asanyarray(result.dataobj).transpose(2, 1, 0), dtype=np.uint8)


def _values(voxels: NDArray[Any], modality: str) -> NDArray[Any]:
    """The voxels; MR with few values stretched, which its networks, who normalise it, do not notice."""
    if modality != "MR" or voxels.dtype.kind != "f":
        return voxels
    least, most = float(voxels.min()), float(voxels.max())
    if not 0 < most - least < ENOUGH_VALUES:
        return voxels
    return (voxels - least) * np.float32(ENOUGH_VALUES / (most - least))


def _end_with_parent(order: Order) -> None:
    # Not by sys.stdin, whose lock would be held when Python ends.
    while os.read(0, 1):
        pass
    end_children(os.getpid())
    shutil.rmtree(order.temporary, ignore_errors=True)
    _end(1)


def _end(code: int) -> None:
    """End at once, with all that was started: taking down the libraries of nnU-Net can hang for ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    end_children(os.getpid())
    os._exit(code)


if __name__ == "__main__":
    main()
