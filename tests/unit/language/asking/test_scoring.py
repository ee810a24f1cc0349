"""When an answer is right: as the specification has it."""

from icl_lab.language.asking.scoring import is_right
from icl_lab.language.base import Pair


def test_judgements() -> None:
    paris = Pair("France", ("Paris",))
    assert is_right(" Par", paris, "prefix")
    assert is_right("Paris, which\nexample", paris, "prefix")
    assert is_right("P", paris, "prefix")  # lenient, as published
    assert not is_right("", paris, "prefix")
    assert not is_right("Rome", paris, "prefix")
    assert not is_right("P", paris, "prefix", whole=True)
    assert is_right("Paris\nexample", paris, "prefix", whole=True)
    went = Pair("go", ("went",))
    assert is_right(" went\n", went, "exact")
    assert not is_right("wen", went, "exact")
    begin = Pair("commencer", ("begin",))
    assert is_right(" start", begin, "synonyms")
    assert not is_right(" stone", begin, "synonyms")
    assert is_right("money", Pair("argent", ("silver", "money")), "exact")
