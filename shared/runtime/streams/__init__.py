"""The live stream: one reader of the feed for all clients of a process, and their door."""
