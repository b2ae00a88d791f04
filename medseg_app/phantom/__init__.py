"""Made-up patients with known truth, in numpy alone."""
