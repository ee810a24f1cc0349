"""`icl fewshot`, and what it needs beside the command: options, settings, the folder, asking, progress, stopping."""

from icl_lab.cli.fewshot.command import fewshot

__all__ = ["fewshot"]
