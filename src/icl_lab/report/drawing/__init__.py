"""What figures look like.

`style.py` colours and markers; `lines.py` and `dots.py` what is drawn into a panel, on `axes.py` and `placement.py`;
`drawn.py` a figure on a page, `pictures.py` its files.
"""
