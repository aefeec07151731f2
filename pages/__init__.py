"""What is on a page. Loaded by Dash itself; nobody imports it."""
