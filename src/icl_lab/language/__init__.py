"""Few-shot language tasks, asked of pretrained language models."""
