"""The page of a study.

`data.py` what its folder holds, `tables.py` its tables, `points.py` what is drawn, `panels.py` and `figures.py` how,
`page.py` the page.
"""
