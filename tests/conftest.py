"""What all tests need of the process they run in."""

import signal

# A command in the background of a shell without job control has Ctrl-C switched off, and its children inherit that:
# what the tests say of Ctrl-C would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
