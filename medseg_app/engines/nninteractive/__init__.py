"""nnInteractive, where its package or its client is installed: one object by points, boxes and scribbles."""
