"""What takes minutes: storms of kills, floods and brown-outs, by `make chaos`."""
