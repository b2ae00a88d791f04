"""Benchmarks: each of our operations beside what people use today, in one run."""
