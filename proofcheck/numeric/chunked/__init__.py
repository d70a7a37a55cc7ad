"""The fast gradient of inputs that are read chunk by chunk, in this process or by an engine's workers."""
