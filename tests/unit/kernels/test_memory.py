"""Blocks of memory: no two tensors share one, a tensor's block is used again only when it is gone, and few are kept."""

import gc
import threading

import torch

from icl_lab.kernels.memory import Blocks

SHAPE = (256, 1024)
BYTES = 4 * 256 * 1024


def test_tensors_that_live_together_share_nothing() -> None:
    blocks = Blocks()
    tensors = [blocks.empty(SHAPE, torch.float32).fill_(i) for i in range(5)]
    assert all((tensor == i).all() for i, tensor in enumerate(tensors))
    assert blocks.total == 5 * BYTES


def test_a_block_is_used_again_when_its_tensor_is_gone() -> None:
    blocks = Blocks()
    first = blocks.empty(SHAPE, torch.float32)
    address = first.data_ptr()
    del first
    assert blocks.empty(SHAPE, torch.float32).data_ptr() == address
    assert blocks.total == BYTES


def test_a_view_keeps_the_block() -> None:
    blocks = Blocks()
    part = blocks.empty(SHAPE, torch.float32).fill_(1.0)[3:5, ::2]
    blocks.empty(SHAPE, torch.float32).fill_(2.0)
    assert (part == 1).all()


def test_what_autograd_saves_keeps_the_block() -> None:
    blocks = Blocks()
    weight = torch.ones(SHAPE, requires_grad=True)
    product = (weight * blocks.empty(SHAPE, torch.float32).fill_(3.0)).sum()
    blocks.empty(SHAPE, torch.float32).fill_(5.0)
    product.backward()
    assert weight.grad is not None
    assert (weight.grad == 3).all()


def test_much_smaller_tensors_take_another_block() -> None:
    blocks = Blocks()
    large = blocks.empty((4, *SHAPE), torch.float32)
    address = large.data_ptr()
    del large
    assert blocks.empty(SHAPE, torch.float32).data_ptr() != address


def test_idle_blocks_are_bounded_by_what_was_in_use_at_a_time() -> None:
    blocks = Blocks()
    for size in range(1, 60):
        blocks.empty((size, *SHAPE), torch.float32)
        assert blocks.total <= size * BYTES


def test_the_same_memory_holds_every_dtype() -> None:
    blocks = Blocks()
    tensor = blocks.empty((2, *SHAPE), torch.bfloat16)
    assert (tensor.shape, tensor.dtype, tensor.is_contiguous()) == ((2, *SHAPE), torch.bfloat16, True)
    assert tensor.untyped_storage().nbytes() == BYTES


def test_threads_get_different_blocks() -> None:
    blocks = Blocks()
    wrong: list[int] = []

    def work(value: int) -> None:
        for _ in range(200):
            tensor = blocks.empty(SHAPE, torch.float32)
            tensor[::64] = value
            if (tensor[::64] != value).any():
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not wrong
    assert blocks.total <= 8 * BYTES  # a thread asks for the next tensor while it holds the last
