"""The page for those who look after the installation: sources, jobs, users, configuration, retention, system, connecting."""
