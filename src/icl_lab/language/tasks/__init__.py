"""Few-shot tasks on text: one a file. What several have in common is in `language/listed.py` and `language/letters.py`."""
