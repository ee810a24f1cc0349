"""Which prompts share a batch: those of one length, so that no recurrent model ever reads padding.

Where padding does no harm (attention that looks only back, read at the last token of each prompt), lengths may be mixed
as long as the padding costs less than another batch would.
"""

from collections.abc import Sequence


def buckets(lengths: Sequence[int], *, most: int, slack: int = 0) -> list[list[int]]:
    """Group positions by length, shortest first.

    Args:
        lengths: Tokens of each prompt.
        most: Tokens a batch may hold, padding included; a prompt that is longer is a batch of its own.
        slack: Tokens of padding that a batch may hold.

    >>> buckets([3, 2, 3, 5], most=100)
    [[1], [0, 2], [3]]
    >>> buckets([3, 2, 3, 5], most=100, slack=2)
    [[1, 0, 2], [3]]
    >>> buckets([3, 3, 3], most=6)
    [[0, 1], [2]]
    """
    found: list[list[int]] = []
    padding = 0
    for at in sorted(range(len(lengths)), key=lambda at: lengths[at]):
        if found:
            batch = found[-1]
            more = padding + len(batch) * (lengths[at] - lengths[batch[-1]])
            if more <= slack and (len(batch) + 1) * lengths[at] <= most:
                batch.append(at)
                padding = more
                continue
        found.append([at])
        padding = 0
    return found
