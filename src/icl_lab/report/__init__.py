"""From records to tables, figures and self-contained pages; it reads files and trains nothing.

`comparison/` the page of models and baselines on one task, `study/` that of a study, `probe/` that of networks that
were looked into, `fewshot/` that of language models. They share `drawing/`, what figures look like; `words.py`,
`labels.py` and `estimate.py`, how numbers and names are said; `grid.py`, tables; `rendering.py` with `templates/`, the
pages.
"""
