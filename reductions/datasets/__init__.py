"""Data sets of hard instances: Parquet files that any library reads, and what makes, checks and scores them.

:mod:`~reductions.datasets.spec` says what is wanted, :mod:`~reductions.datasets.sources` makes it,
:mod:`~reductions.datasets.writer` writes it and :mod:`~reductions.datasets.reader` reads it back. pyarrow
(extra ``data``) is imported where it is used.
"""
