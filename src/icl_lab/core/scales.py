"""Scales: the same question asked at three sizes.

`smoke` takes seconds and proves that everything runs, `small` takes minutes to an hour on two CPU cores and shows the
published finding, `paper` has the published sizes and wants a GPU.
"""

from typing import Literal, get_args

Scale = Literal["smoke", "small", "paper"]
SCALES: tuple[Scale, ...] = get_args(Scale)
