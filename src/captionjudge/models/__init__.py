"""Ways to ask a model: one small protocol, and the adapters that speak it."""
