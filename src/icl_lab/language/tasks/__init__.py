"""Few-shot tasks on text: one a file. `language/listed.py` and `language/letters.py` have what several share."""
