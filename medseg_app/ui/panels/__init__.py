"""The panels beside the image."""
