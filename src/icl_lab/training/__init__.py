"""Training: one short loop over any task and any network, with what it needs to stop anywhere and go on bit for bit.

`spec.py` what a run is; `loop.py` the steps; `objective.py` loss and gradient of a batch; `schedules/`, `optimisers/`
and `budgets/` one component a file; `workers.py` devices and data parallelism; `checkpoint.py` files of weights and
optimiser state; `observers/` who watches; `environment.py` what a run ran on; `run.py` the folder of a run, from
start to end.
"""
