"""Pure decisions: facts and an instant in, a value out. A rule imports the model and nothing else."""
