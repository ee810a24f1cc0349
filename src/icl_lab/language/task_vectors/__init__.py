"""Task vectors (Hendel et al. 2023).

`patching` puts what a prompt left in a layer into another prompt; `questions` are those of our tasks, `measured` counts
the right answers and `kept` keeps the counts; `records` says what they are worth.
"""
