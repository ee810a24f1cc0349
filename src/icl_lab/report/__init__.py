"""From records to tables, figures and one self-contained page; it reads files and trains nothing.

`data.py` the folder of a comparison; `tables.py` rows; `words.py` numbers and names; `answer.py` question and answer;
`style.py` colours and markers; `figures.py` pictures, on `axes.py` and `placement.py`; `drawing.py` their files;
`citations.py` what was used; `page.py` the page.
"""
