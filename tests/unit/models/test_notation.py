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
        ("mamba*(L-1)", 6, "with L=1 this count leaves none"),
        ("attention (mamba mlp*(L-1)) (mlp*(L-1)) mamba*99999", 33, "this count leaves none"),
        ("mamba*99999", 6, "at most 10,000 blocks"),
        ("mamba*" + "9" * 5000, 6, "at most 10,000 blocks"),
        ("mamba*6000 mamba*6000", 17, "at most 10,000 blocks"),
        ("(" * 51 + "mamba" + ")" * 51, 51, "at most 50 parentheses inside each other"),
        ("mamba (selective=none)", 7, "settings must touch the name"),
        ("mamba mamba(d_state=4, gate=5)", 24, "mamba.gate: expected true or false, got 5"),
        ("mamba(d_stat=4)", 7, "did you mean d_state"),
        ("mamba(d_state=16,d_state=32)", 18, "d_state is set twice"),
        ("mamba(dt_rank=2, dt_low=0.05, dt_high=0.01)", 18, "expected at most dt_high=0.01, got 0.05"),
        ("mamba(d_state)", 7, "expected KEY=VALUE, got 'd_state'"),
        ("mamba*(M-1)", 6, "expected a whole number, L or (L-1)"),
        ("mamba, attention", 6, "got ','"),
        ("attention(num_heads=0)", 11, "expected an integer of at least 1, or none, got 0"),
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


def test_parentheses_that_are_closed_count_no_more() -> None:
    assert read_pattern("(mamba mlp) " * 60) == (M, F) * 60
    assert read_pattern("(" * 50 + "mamba" + ")" * 50) == (M,)


def test_many_blocks_are_written_as_shortly_as_few() -> None:
    # With time that grows as the cube of their number neither would end.
    assert write_pattern((M,) * 5000) == "mamba*5000"
    assert write_pattern((*(M, M, A, F) * 1200, A)) == "(mamba*2 attention mlp)*1200 attention"


def test_a_pattern_is_a_preset() -> None:
    task = ToyTask(length=5)
    ours = Pattern(blocks="mamba (attention mamba)*L", d_model=16, num_layers=3).network(task).backbone.pattern
    assert ours == MambaFormer(d_model=16, num_layers=3).network(task).backbone.pattern
    with pytest.raises(UserError, match="character 1: unknown block 'manba'"):
        Pattern(blocks="manba")
