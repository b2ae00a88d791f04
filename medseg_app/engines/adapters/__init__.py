"""One engine a file, reached by its entry-point name only; never imported by each other."""
