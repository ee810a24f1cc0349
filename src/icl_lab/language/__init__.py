"""In-context learning of pretrained language models: few-shot tasks on text.

`tasks/` holds one task a file, `data/` the lists of pairs behind them, `models/` whatever can answer a prompt of text.
"""
