"""Tells Prometheus what is true of payments, floats and queues, whoever runs and whoever sleeps."""

from shared.runtime.figures import figures_function

export_metrics = figures_function("export_metrics")
