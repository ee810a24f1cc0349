"""The page of `icl probe`, from rows about the inside of networks.

`data.py` the folder; `words.py` what came out, in sentences and rows of a table; `page.py` the page; `figures.py` which
figures it has, from `depth.py` what is read off every block, `methods.py` which method it is like, `damping.py` GD++
without any network, `targets.py` probes, `inside.py` changes and hidden attention; drawn with `grids.py` numbers as
colours, `bars.py` errors as dots, `parts.py` axes of blocks and their legends.
"""
