"""The organs of the phantom, one file each; every painter draws into a Canvas and labels what it drew."""
