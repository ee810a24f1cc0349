import pytest

from icl_lab.report.labels import breakable, printable, shortened

LASSOS = [f"lasso(strength={strength}, tolerance=1e-06, max_iterations=1000)" for strength in (1, 0.1, 0.01, 0.001)]
MAMBAS = [
    "mamba(d_model=64, num_layers=4, d_state=16, expand=2)",
    "mamba(d_model=64, num_layers=4, d_state=8, expand=2)",
    "mamba(d_model=64, num_layers=4, d_state=16, expand=4)",
]
PATTERNS = ["attention mlp " * 6 + "mamba", "attention mlp " * 6 + "s4"]


@pytest.mark.parametrize("names", [LASSOS, MAMBAS, PATTERNS, [*LASSOS, *MAMBAS, *PATTERNS, "s4", "mamba"]])
def test_names_are_shortened_where_they_agree_and_stay_different(names: list[str]) -> None:
    short = shortened(names)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(len(said) <= 34 for said in short.values())


def test_what_tells_two_names_apart_stays() -> None:
    assert shortened(LASSOS)[LASSOS[2]] == "lasso(strength=0.01, …)"
    short = shortened(MAMBAS)
    assert "d_state=8" in short[MAMBAS[1]]
    assert "expand=4" in short[MAMBAS[2]]
    assert all("d_model" not in said or "num_layers" not in said for said in short.values())


def test_a_setting_that_only_one_of_them_has_stays() -> None:
    names = ["n_gram(order=2, symbols=18, beta=0.1)", "n_gram(symbols=18, beta=0.1, backoff=true, more=1)"]
    short = shortened(names, 24)
    assert "order=2" in short[names[0]]
    assert "backoff=true" in short[names[1]]


def test_settings_may_hold_commas_of_their_own() -> None:
    names = [f"net(widths=(16, {width}), steps=100, rate=0.001, seed=0)" for width in (8, 16)]
    assert shortened(names)[names[0]] == "net(widths=(16, 8), steps=100, …)"


def test_beside_a_name_without_settings_the_setting_stays_and_the_head_gives_way() -> None:
    names = ["clean_least_squares", "clean_least_squares(outliers=orthogonal)"]
    assert list(shortened(names).values()) == ["clean_least_squares", "clean_least_…(outliers=orthogonal)"]


def test_short_names_and_names_in_sentences_are_whole() -> None:
    assert shortened(["mamba", "ridge(strength=2)"]) == {"mamba": "mamba", "ridge(strength=2)": "ridge(strength=2)"}
    assert printable(LASSOS[0] * 3) == LASSOS[0] * 3
    assert printable("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    assert breakable("<b>(x)") == "&lt;b&gt;(<wbr>x)"
