"""TotalSegmentator (Apache-2.0), where its package is installed: its tasks, its weights, a run of it."""
