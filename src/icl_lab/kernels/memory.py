"""Memory for the large results of the native operators, used again from call to call.

Fresh memory costs a page fault for every 4 KiB, which takes a wide scan as long as its arithmetic does. A block is
therefore kept when the tensor in it is gone; together the blocks are never larger than what was once in use at a time.
Large pages, where the system has them, make the first use cheap too.
"""

import mmap
import weakref
from contextlib import suppress
from math import prod
from threading import Lock

import torch
from torch import Tensor

WORTH_KEEPING = 1 << 20  # bytes; less than that PyTorch's allocator has at hand
ROUGHLY = 1.5  # a block may be this many times as large as the tensor put into it


class Blocks:
    """Memory blocks that hold one tensor each, or none."""

    def __init__(self) -> None:
        # A tensor may die at any time, in any thread: its block comes back by an atomic `append`, without the lock.
        self._idle: list[mmap.mmap] = []
        self._lock = Lock()
        self._total = 0
        self._most_in_use = 0

    @property
    def total(self) -> int:
        """Bytes of all blocks."""
        return self._total

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """An uninitialised tensor in a block of its own, which comes back when the last view of the tensor is gone."""
        size = prod(shape) * dtype.itemsize
        with self._lock:
            block = self._take_idle(size) or self._map(size)
        view = memoryview(block)  # what the tensor's storage refers to; nothing else does
        weakref.finalize(view, self._idle.append, block).atexit = False
        return torch.frombuffer(view, dtype=dtype, count=prod(shape)).view(shape)

    def _take_idle(self, size: int) -> mmap.mmap | None:
        for block in reversed(self._idle):  # the last one used is the likeliest to be in a cache
            if size <= len(block) <= ROUGHLY * size:
                self._idle.remove(block)
                return block
        return None

    def _map(self, size: int) -> mmap.mmap:
        """A new block, in place of idle ones where there would be too many."""
        most = max(self._most_in_use, self._total - sum(map(len, self._idle)) + size)
        while self._idle and self._total + size > most:
            self._total -= len(self._idle.pop(0))
        try:
            block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, OverflowError):
            raise MemoryError(f"no memory for a result of {size:,} bytes") from None
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a kernel may have been built without large pages
                block.madvise(mmap.MADV_HUGEPAGE)
        self._most_in_use = most
        self._total += size
        return block


_blocks = Blocks()


def empty(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """`torch.empty` on the CPU, for results that may be large and do not live long; large ones cannot be resized.

    Raises:
        MemoryError: The system has none left.
    """
    if prod(shape) * dtype.itemsize < WORTH_KEEPING:
        return torch.empty(shape, dtype=dtype)
    return _blocks.empty(shape, dtype)
