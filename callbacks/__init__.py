"""What happens when something changes: load, compute, draw."""
