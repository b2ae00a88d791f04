"""The one function that MedSeg calls, with the signature of version 2.18; it does as FAKE_PLAN says.

It knows where a body lies in patient mm, asks SimpleITK where the voxels of its image lie, and calls those
in the body the liver. So a wrong affine, a flip or a swap of axes moves the liver.
"""

import json
import os
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK


def totalsegmentator(
    input, output=None, ml=False, nr_thr_resamp=1, nr_thr_saving=6, fast=False, nora_tag="None",  # noqa: A002
    preview=False, task="total", roi_subset=None, statistics=False, radiomics=False, crop_path=None,
    body_seg=False, force_split=False, output_type="nifti", quiet=False, verbose=False, test=0,
    skip_saving=False, device="gpu", license_number=None, statistics_exclude_masks_at_border=True,
    no_derived_masks=False, v1_order=False, fastest=False, roi_subset_robust=None, stats_aggregation="mean",
    remove_small_blobs=False, statistics_normalized_intensities=False, robust_crop=False,
    higher_order_resampling_LEGACY=False, higher_order_resampling=False, save_probabilities=None,
    debug=False, report=None, statistics_extra=False, save_lowres=False, resampling_order=1,
    plans="nnUNetPlans", model_size="big",
):  # fmt: skip
    plan = json.loads(os.environ["FAKE_PLAN"])
    home = Path(os.environ["TOTALSEG_HOME_DIR"])
    told = {
        "task": task, "fast": fast, "device": device, "ml": ml, "output": output,
        "affine": input.affine.tolist(), "dtype": str(input.get_data_dtype()),
        "range": [float(input.get_fdata().min()), float(input.get_fdata().max())],
        "settings": json.loads((home / "config.json").read_text()), "home": str(home),
        "weights": os.environ["TOTALSEG_WEIGHTS_PATH"], "temporary": os.environ["TMPDIR"], "pid": os.getpid(),
    }  # fmt: skip
    Path(plan["record"]).write_text(json.dumps(told))
    print("Resampling...")
    for part in (1, 2):
        print(f"Predicting part {part} of 2 ...")
        for share in (0, 50, 100):
            print(f"\r{share:3d}%|###   | {share}/100", end="", file=sys.stderr)
            time.sleep(plan.get("seconds", 0.0))
        print(file=sys.stderr)
    _misbehave(plan.get("end", "well"))
    labels, affine = _labels(input, plan), input.affine.copy()
    if plan.get("end") == "elsewhere":
        affine[0, 3] += 2.0
    return nibabel.Nifti1Image(labels, affine)


def _misbehave(end):
    if end == "raise":
        raise ValueError("weights of the wrong kind")
    if end == "exit":
        print("this task is not openly available")
        sys.exit(1)
    if end == "memory":
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if end == "killed":
        os.kill(os.getpid(), 9)


def _labels(image, plan):
    path = Path(os.environ["TMPDIR"]) / "seen.nii.gz"
    nibabel.save(image, path)
    seen = SimpleITK.ReadImage(str(path))
    if plan.get("by_value"):
        inside = SimpleITK.GetArrayFromImage(seen).transpose(2, 1, 0) > 0
    else:
        index = np.stack(np.indices(image.shape), axis=-1).reshape(-1, 3).tolist()
        places = np.array([seen.TransformIndexToPhysicalPoint(one) for one in index])
        distance = np.linalg.norm((places - plan["centre"]) / np.array(plan["radii"]), axis=-1)
        inside = (distance <= 1).reshape(image.shape)
    return np.where(inside, np.uint8(5), np.uint8(0))
