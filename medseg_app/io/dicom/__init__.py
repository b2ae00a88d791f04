"""DICOM: scan folders, judge their geometry, load volumes, read and write SEG objects."""
