"""The test suite; it mirrors the packages."""

from hypothesis import HealthCheck, settings

# No test may depend on the wall clock or on chance: a failure on one machine is one on all.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
