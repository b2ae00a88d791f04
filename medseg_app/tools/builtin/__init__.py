"""One gesture a file; no gesture knows another."""
