"""Load, compute, save: the steps that a clock, a button or a worker runs. Safe to run twice."""
