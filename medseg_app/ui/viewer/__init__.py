"""Axial, coronal, sagittal and 3D views of a case; only this folder touches napari."""
