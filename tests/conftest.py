import signal

from hypothesis import settings

# No test is timed: a machine that is busy with something else is no defect.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Run in the background of a shell, we would hand down to every program we start that it ignores
# these, which some tests send.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
