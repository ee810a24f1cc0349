"""Task vectors (Hendel et al. 2023).

`patching` puts what a prompt left in a layer into another prompt; `measured` says what that is worth on our tasks.
"""
