"""Shifts: prompts at evaluation that are not those of training, one kind a file."""
