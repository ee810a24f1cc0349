"""The page of a study.

`data.py` what its folder holds, `tables.py` its tables, `figures/` the kinds of figures, `points.py` what they draw and
`panels.py` how, `page.py` the page.
"""
