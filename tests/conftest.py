"""For all tests: properties are tested with the same examples on every machine, however slow it is."""

from hypothesis import settings

settings.register_profile("psephos", deadline=None, derandomize=True, database=None)
settings.load_profile("psephos")
