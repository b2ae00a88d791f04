"""Files: DICOM, NIfTI, NRRD, MHA and the case file; every export is read back and compared."""
