"""Where runs execute: a list of jobs in order of priority, carried out by workers of some kind.

`base.py` what a job, a watcher and an executor are; `executors/` one kind of workers a file; `board.py` the state of
every job; `carry_out.py` the loop that all executors share, over a `crew.py`; `worker.py` the process in which a job
runs and `worker_process.py` the other end of it; `stopping.py` how work is asked to stop; `training_job.py` a training
run as a job, `pace.py` how long it will take.

Everything a job leaves behind is in files, and those depend on nothing but its spec: whichever executor, whichever
worker, however often it was killed.
"""
