"""How it looks: pure functions from data to Dash components and figures. Owns the ids."""
