"""The virtual pharmaceutical plant: a pure, seeded function of time.

`site.SITE` says what there is, `plant.Plant` what it does.
"""
