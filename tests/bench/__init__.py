"""Figures as ratios within one run: `make bench`, or `make bench ONLY=name`.

Each module here has `FIGURES: dict[name, function(database_url) -> figure]`; a figure is a dict with the keys
name, value, unit, reference, ratio, goal, ok.
"""
