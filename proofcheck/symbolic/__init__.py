"""The calculus for all sizes at once: terms, derivatives, a normal form, and derivations from them."""
