"""In-context learning of pretrained language models: few-shot tasks on text.

`tasks/` holds one task a file, `data/` the lists of pairs behind them, `models/` whatever can answer a prompt of text.
`spec` says what is asked, `draws`, `filter` and `prompts` make the prompts, `asking` asks and `scoring` judges; `units`
keeps answers, `evaluation` goes through all of them, `summary` and `folder` turn them into records.
"""
