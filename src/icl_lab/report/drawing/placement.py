"""Labels at the ends of curves, moved apart where they would overlap."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float] | None:
    """Positions nearest to the wanted ones (least squares) that keep a distance, in the same order.

    Args:
        wanted: Where the labels would like to be, in any order.
        gap: Smallest distance between two of them.
        low: Lowest position.
        high: Highest position.

    Returns:
        A position for each label, or none where there is no room for all.

    >>> spread([0.0, 1.0, 1.1], gap=0.5, low=0, high=2)
    [0.0, 0.8, 1.3]
    """
    if not wanted:
        return []
    if gap * (len(wanted) - 1) > high - low:
        return None
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Less its rank's share of the gaps, a label only has to stay in order: isotonic regression, by pooling neighbours.
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        pools.append((wanted[i] - rank * gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value, count), (below, others) = pools.pop(), pools.pop()
            pools.append(((value * count + below * others) / (count + others), count + others))
    flat = [value for value, count in pools for _ in range(count)]
    ceiling = high - gap * (len(wanted) - 1)
    positions = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        positions[i] = round(min(max(flat[rank], low), ceiling) + rank * gap, 9)
    return positions
