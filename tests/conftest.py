"""What all tests need of the process they run in."""

import signal
from pathlib import Path

from jaxtyping import install_import_hook

SOURCES = Path(__file__).parents[1] / "src"

# A command in the background of a shell without job control has Ctrl-C switched off, and its children inherit that:
# what the tests say of Ctrl-C would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def modules_that_name_shapes() -> list[str]:
    """The modules of the package whose signatures give the shapes of arrays; of all others mypy knows what there is."""
    named = (path for path in sorted(SOURCES.rglob("*.py")) if "from jaxtyping import" in path.read_text())
    return [".".join(path.relative_to(SOURCES).with_suffix("").parts) for path in named]


# Every call into these modules is checked against its signature, shapes included, as the tests run.
install_import_hook(modules_that_name_shapes(), "tests.checker")
