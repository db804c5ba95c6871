"""A merchant's day under Knative's autoscaler, simulated from measured figures: `make simulate`."""
