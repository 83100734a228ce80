"""Studies side by side: what differs in their settings, and which of them found the best."""
