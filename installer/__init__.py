"""Sets MedSeg up on a bare machine; needs nothing but Python's standard library."""
