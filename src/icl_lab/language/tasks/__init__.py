"""Few-shot tasks on text: one a file. `language/pairs/` has what several share."""
