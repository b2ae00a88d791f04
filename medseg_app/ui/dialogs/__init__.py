"""The few questions that are asked in a window of their own: export, settings, destructive acts."""
