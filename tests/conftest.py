import signal

from hypothesis import settings

# No test is timed: a machine that is busy with something else is no defect.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Run in the background of a shell, we would hand down to every program we start that it ignores
# interrupts, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
