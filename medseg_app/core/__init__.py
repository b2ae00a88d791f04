"""What a case is: geometry, volumes, segments, voxel edits and their history."""
