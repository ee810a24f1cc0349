"""The page of a few-shot evaluation.

`data` reads a folder back; `learned` says of each task what became of it; `words`, `tables`, `learned_table` and
`vector_table` say what came out, `conditions` how it was asked; `shots`, `panels`, `boxes` and `vector_figure` draw it,
with what `drawing` has for all; `page` puts it together.
"""
