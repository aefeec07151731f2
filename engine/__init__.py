"""What things mean: records, figures, limits and decisions. Values in, values out; knows no other room."""
