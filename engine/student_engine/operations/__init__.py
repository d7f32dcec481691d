"""One file per operation. Each has `run(job, models)` and answers `(metrics, outputs)`; outputs are relative paths."""
