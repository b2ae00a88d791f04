"""One subject a file; every function is at once a Python call, a subcommand and a menu entry."""
