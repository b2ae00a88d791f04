"""MedSeg turns CT and MRI studies into ground-truth segmentations."""
