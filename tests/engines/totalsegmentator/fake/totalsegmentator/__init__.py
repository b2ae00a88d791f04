"""A stand-in with the names, signatures and tables of TotalSegmentator 2.18 that MedSeg uses."""
