"""How labels are computed: pure functions on arrays, one operation a file."""
