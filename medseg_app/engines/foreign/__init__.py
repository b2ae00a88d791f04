"""Models of other programs: read as data, converted once, and kept as MedSeg's own model folders."""
