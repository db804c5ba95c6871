"""Rules and pictures, tried on Prometheus' own programs: `make observability`."""
