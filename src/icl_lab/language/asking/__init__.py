"""Asking a model.

`one_task` asks one task, `scoring` judges what was said, `answers` keeps it on disk, and `plan` goes through all tasks
and says what is left to ask.
"""
