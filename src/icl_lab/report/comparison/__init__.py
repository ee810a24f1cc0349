"""The page of a comparison.

`data.py` what its folder holds, `folder.py` its files; `tables.py` scores and costs, `pair_table.py` differences,
`shift_table.py` changed prompts, `published_table.py` published numbers; `answer.py` question and answer; `figures.py`,
`panels.py` and `held_out.py` pictures, `drawn.py` which of them and their captions; `citations.py` what was used;
`page.py` the page.
"""
