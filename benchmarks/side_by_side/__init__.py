"""Of what ``benchmarks/gradient.py``, ``benchmarks/gpu.py`` and ``benchmarks/choice.py`` are made."""
