"""From records to tables, figures and one self-contained page; it reads files and trains nothing.

`data.py` what a comparison's folder holds, `folder.py` its files; `words.py` numbers and names; `tables.py` scores and
costs, `pair_table.py` differences, `shift_table.py` changed prompts, `published_table.py` published numbers;
`answer.py` question and answer; `style.py` colours and markers; `lines.py` one panel, on `axes.py` and `placement.py`;
`figures.py` and `panels.py` pictures; `drawn.py` which pictures and their captions; `drawing.py` their files;
`citations.py` what was used; `page.py` the page; `probe/` the page of a network that was looked into.
"""
