"""Which pairs are asked and which are shown, under true labels and under the controls."""

from icl_lab.core.streams import Stream
from icl_lab.language.base import Pair
from icl_lab.language.prompts.draws import draw_sets, right_share

PAIRS = tuple(Pair(f"in{i}", (f"out{i}",)) for i in range(30))


def test_sets_never_show_what_they_ask_and_fewer_demonstrations_are_the_first_of_more() -> None:
    stream = Stream(3)
    for one in draw_sets(PAIRS, PAIRS, stream, 50, 5, "true"):
        assert not set(one.queries) & set(one.demonstrations)
        assert set(one.queries) | set(one.demonstrations) == set(PAIRS)
    sets = draw_sets(PAIRS, PAIRS, stream, 12, 5, "true")
    assert [len(one.queries) for one in sets] == [5, 5, 2]
    assert sets == draw_sets(PAIRS, PAIRS, Stream(3), 12, 5, "true")
    assert sets != draw_sets(PAIRS, PAIRS, Stream(4), 12, 5, "true")


def test_what_a_tokenizer_leaves_out_changes_nothing_else() -> None:
    kept = PAIRS[:20]
    (whole,) = draw_sets(PAIRS, PAIRS, Stream(0), 1, 1, "true")
    (part,) = draw_sets(PAIRS, kept, Stream(0), 1, 1, "true")
    order = [pair for pair in (*whole.queries, *whole.demonstrations) if pair in kept]
    assert [*part.queries, *part.demonstrations] == order


def test_shuffled_labels_are_all_anothers_and_random_ones_are_of_the_task() -> None:
    (true,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "true")
    (shuffled,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "shuffled")
    (random,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "random")
    for other in (shuffled, random):
        assert other.queries == true.queries
        assert [pair.input for pair in other.demonstrations] == [pair.input for pair in true.demonstrations]
    pairs = list(zip(true.demonstrations, shuffled.demonstrations, strict=True))
    assert all(one.output != other.output for one, other in pairs)
    assert sorted(one.output for one, _ in pairs) == sorted(other.output for _, other in pairs)
    assert {pair.output for pair in random.demonstrations} <= {pair.output for pair in PAIRS}
    assert random.demonstrations != true.demonstrations


def test_the_share_of_right_labels_is_that_of_a_closed_form() -> None:
    pairs = tuple(Pair(f"w{place}", ("x" if place % 2 else "y",)) for place in range(40))
    for labels, expected in (("true", 1.0), ("shuffled", 19 / 39), ("random", 0.5)):
        sets = draw_sets(pairs, pairs, Stream(0), 400, 1, labels)
        # 39 labels of each of 400 sets: a deviation of 0.004, or for each set 0.08 / 20, where all in it hang together.
        assert abs(right_share(sets, pairs, 39) - expected) < 0.02
    alone = tuple(Pair(f"w{place}", (f"x{place}",)) for place in range(9))
    assert right_share(draw_sets(alone, alone, Stream(0), 9, 1, "shuffled"), alone, 8) == 0
