"""From pairs to text.

`filter` says which pairs a tokenizer allows, `draws` which of them are asked and which are shown, and `templates` write
them down.
"""
