"""The page of a few-shot evaluation.

`data` reads a folder back; `words`, `tables`, `controls` and `vector_table` say what came out; `shots`, `panels`,
`boxes` and `vector_figure` draw it, with what `drawing` has for all; `page` puts it together.
"""
