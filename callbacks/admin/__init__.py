"""What happens on the admin page, a module for each of its tabs."""

from callbacks.admin import act, config, connect, frame, jobs, sources, system, users

__all__ = ["act", "config", "connect", "frame", "jobs", "sources", "system", "users"]
