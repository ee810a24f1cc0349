"""Words that share a meaning, by WordNet (`data/synonyms.csv`: English only, as far as the words of the tasks need it).

In other languages, what else is right stands beside each word in `data/words.csv`.
"""

from functools import cache

from icl_lab.language.pairs.csv_lists import shipped_rows


def with_synonyms(word: str) -> frozenset[str]:
    """A word and all words that share a meaning with it.

    >>> sorted(with_synonyms("begin") & {"begin", "start", "end"})
    ['begin', 'start']
    """
    return _table().get(word, frozenset()) | {word}


@cache
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in shipped_rows("synonyms"):
        group = row["words"].split()
        for word in group:
            found.setdefault(word, set()).update(group)
    return {word: frozenset(words) for word, words in found.items()}
