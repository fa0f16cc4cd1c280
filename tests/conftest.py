from hypothesis import settings

# No test is timed: a machine that is busy with something else is no defect.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
