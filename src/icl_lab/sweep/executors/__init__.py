"""Where jobs run: on this machine, on a Ray cluster, under Slurm. One a file."""
