"""From what was measured to cores, pods, nodes, connections and money: `make capacity`."""
