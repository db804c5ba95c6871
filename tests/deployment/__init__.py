"""What of the clouds can be proven without one, with parts that `make terraform` gets."""
