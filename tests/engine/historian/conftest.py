"""Property tests are judged by their results, not by the load of the machine."""

from hypothesis import settings

settings.register_profile("historian", deadline=None)
settings.load_profile("historian")
