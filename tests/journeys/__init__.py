"""What each page of the dashboard does, in Chromium on one running system, by `make journeys`."""
