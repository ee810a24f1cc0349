"""Patterns of blocks, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.core.errors import UserError
from icl_lab.models.channel_mixers.mlp import MLP
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.notation import read_pattern, write_pattern
from icl_lab.models.presets.mambaformer import MambaFormer
from icl_lab.models.presets.pattern import Pattern
from tests.unit.models.toys import ToyTask

A, M, F = Attention(), Mamba(), MLP()


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("mamba", (M,)),
        (" mamba   attention ", (M, A)),
        ("mamba*3", (M, M, M)),
        ("mamba (attention mamba)*2", (M, A, M, A, M)),
        ("(attention mlp)*L", (A, F) * 4),
        ("((mamba*2 attention) * 2 mlp)*2", ((M, M, A) * 2 + (F,)) * 2),
        ("attention(num_heads=4)*2 mamba", (Attention(num_heads=4),) * 2 + (M,)),
        ("mamba(d_state=4) (mamba)", (Mamba(d_state=4), M)),
        ("(mamba*3 attention)*2", (M, M, M, A) * 2),
        ("mamba mlp (attention mlp)*(L-1)", (M, F, *(A, F) * 3)),
        ("mamba attention * ( L - 4 )", (M,)),
    ],
)
def test_a_notation_stands_for_its_blocks(text: str, blocks: tuple[object, ...]) -> None:
    assert read_pattern(text, num_layers=4) == blocks


@pytest.mark.parametrize(
    ("text", "character", "words"),
    [
        ("", 1, "expected a block"),
        ("mamba (atention mamba)*2", 8, "unknown block 'atention', did you mean attention"),
        ("mamba (attention", 7, "never closed"),
        ("mamba )", 7, "closes nothing"),
        ("mamba ()", 8, "expected a block"),
        ("mamba*x", 6, "expected a whole number, L or (L-1)"),
        ("mamba*0", 6, "at least 1"),
        ("mamba*(L-2)", 6, "at least 0, got -1"),
        ("mamba*(L-1)", 12, "expected a block"),
        ("mamba*(M-1)", 6, "expected a whole number, L or (L-1)"),
        ("mamba, attention", 6, "got ','"),
        ("attention(num_heads=0)", 1, "expected an integer of at least 1, got 0"),
        ("attention(num_heads=4", 10, "never closed"),
    ],
)
def test_an_error_points_at_the_character(text: str, character: int, words: str) -> None:
    with pytest.raises(UserError, match=rf"^pattern, character {character}: ") as caught:
        read_pattern(text)
    assert words in str(caught.value)
    assert ">>" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("mamba attention mamba attention mamba", "mamba (attention mamba)*2"),
        ("mamba mamba mamba", "mamba*3"),
        ("attention mlp attention mlp", "(attention mlp)*2"),
        ("mamba attention", "mamba attention"),
        ("mamba*3 attention mamba*3 attention", "(mamba*3 attention)*2"),
        ("mamba mlp attention mlp attention mlp", "mamba mlp (attention mlp)*2"),
    ],
)
def test_blocks_are_written_shortly(text: str, shortest: str) -> None:
    assert write_pattern(read_pattern(text)) == shortest


@given(st.lists(st.sampled_from([A, M, F, Attention(num_heads=2)]), min_size=1, max_size=12))
def test_what_is_written_reads_the_same(blocks: list[object]) -> None:
    assert read_pattern(write_pattern(blocks)) == tuple(blocks)


def test_a_pattern_is_a_preset() -> None:
    task = ToyTask(length=5)
    ours = Pattern(blocks="mamba (attention mamba)*L", d_model=16, num_layers=3).network(task).backbone.pattern
    assert ours == MambaFormer(d_model=16, num_layers=3).network(task).backbone.pattern
    with pytest.raises(UserError, match="character 1: unknown block 'manba'"):
        Pattern(blocks="manba")
