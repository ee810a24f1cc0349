"""Memory for the large results of the native operators, used again from call to call.

Fresh memory costs a page fault for every 4 KiB, which for a wide scan is as long as the scan itself takes. Blocks are
therefore kept when the tensors in them are gone, never more of them than were once in use together; large pages, where
the system has them, make even the first use cheap.
"""

import mmap
import sys
from math import prod
from threading import Lock

import torch
from torch import Tensor

WORTH_KEEPING = 1 << 20  # bytes; below that the allocator of PyTorch has memory at hand
PAGE = 1 << 21  # bytes of a large page
ROUGHLY = 1.5  # a block may be this many times larger than what is put into it


class Blocks:
    """Memory blocks that hold one tensor each, or none."""

    def __init__(self) -> None:
        self._blocks: list[mmap.mmap] = []
        self._most_in_use = 0
        self._lock = Lock()

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """An uninitialised tensor in a block that no tensor lies in."""
        size = prod(shape) * dtype.itemsize
        with self._lock:
            block = self._idle_block(size) or self._new_block(size)
            return torch.frombuffer(block, dtype=dtype, count=prod(shape)).view(shape)

    def _idle(self) -> list[mmap.mmap]:
        # The list, the loop variable and the argument of the call refer to a block; a tensor in it would too.
        return [block for block in self._blocks if sys.getrefcount(block) == 3]

    def _idle_block(self, size: int) -> mmap.mmap | None:
        fitting = [block for block in self._idle() if size <= len(block) <= ROUGHLY * size]
        return min(fitting, key=len, default=None)

    def _new_block(self, size: int) -> mmap.mmap:
        idle = self._idle()
        in_use = sum(map(len, self._blocks)) - sum(map(len, idle)) + size
        self._most_in_use = max(self._most_in_use, in_use)
        spare = self._most_in_use - in_use
        for block in reversed(idle):
            spare -= len(block)
            if spare < 0:
                self._blocks.remove(block)
        new = mmap.mmap(-1, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE)
        if hasattr(mmap, "MADV_HUGEPAGE") and size >= PAGE:
            new.madvise(mmap.MADV_HUGEPAGE)
        self._blocks.append(new)
        return new


_blocks = Blocks()


def empty(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """`torch.empty` on the CPU, for results that are large and short-lived."""
    if prod(shape) * dtype.itemsize < WORTH_KEEPING:
        return torch.empty(shape, dtype=dtype)
    return _blocks.empty(shape, dtype)
