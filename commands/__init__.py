"""The command line: one module per word of `plantglass`; each turns arguments into calls of the rooms below."""
